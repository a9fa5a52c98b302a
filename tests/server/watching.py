"""Clients of push: over a WebSocket and over server-sent events, with what they have seen."""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import httpx
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

__all__ = ["Events", "Table", "Watch", "followed", "watching"]

PATIENCE = 120.0


class Watch:
    """A WebSocket client; messages that nobody has asked for yet are kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._kept: deque[dict[str, Any]] = deque()
        self.hello = self.next("hello")

    def send(self, **request: Any) -> None:
        self.connection.send(json.dumps(request))

    def subscribe(self, id_: str = "a", **request: Any) -> dict[str, Any]:
        """What a subscription is answered."""
        self.send(type="subscribe", id=id_, **request)
        return self.next("subscribed", id=id_)

    def refused(self, **request: Any) -> dict[str, Any]:
        """The error that a subscription is answered."""
        self.send(type="subscribe", id="a", **request)
        error: dict[str, Any] = self.next("error", id="a")["error"]
        return error

    def next(self, *kinds: str, **members: Any) -> dict[str, Any]:
        """The next message of these types, with these members."""

        def fits(message: dict[str, Any]) -> bool:
            return message.get("type") in kinds and members.items() <= message.items()

        for kept in self._kept:
            if fits(kept):
                self._kept.remove(kept)
                return kept
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(PATIENCE))
            if fits(message):
                return message
            self._kept.append(message)

    def any(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        message: dict[str, Any] = self._kept.popleft() if self._kept else json.loads(self.connection.recv(PATIENCE))
        return message


@contextmanager
def watching(url: str, **options: Any) -> Iterator[Watch]:
    """A client of the server at `url`."""
    with connect(url.replace("http", "ws", 1) + "ws", compression=None, max_size=None, **options) as connection:
        yield Watch(connection)


class Table:
    """What a client knows of a table: it takes messages as docs/push.md says, and finds gaps and repeats."""

    def __init__(self) -> None:
        self.position = ""
        self.key: list[int] = []
        self.rows: list[list[Any]] = []
        self.places: list[int] = []
        """The place of every change taken."""
        self.resets: list[str] = []

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            names = [c["name"] for c in message["columns"]]
            self.key = [names.index(name) for name in message["key"]]
            self.rows = message["rows"]
            self.resets.append(message["reset"])
        else:
            assert message["after"] == self.position, "a message was lost, or came twice"
            for kind, place, row in message["changes"]:
                self._change(kind, row)
                self.places.append(place)
        self.position = message["position"]

    def _change(self, kind: str, row: list[Any]) -> None:
        if kind != "+I":
            key = [row[i] for i in self.key]
            self.rows = [r for r in self.rows if [r[i] for i in self.key] != key]
        if kind != "-D":
            self.rows.append(row)


class Events:
    """A client of server-sent events, which knows the id of the last one."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.last_id = ""
        self.retry = 0

    def next(self, *kinds: str) -> dict[str, Any]:
        """The next message of these types."""
        while True:
            message = self.any()
            if message.get("type") in kinds:
                return message

    def any(self) -> dict[str, Any]:
        data = ""
        for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "retry":
                self.retry = int(value)
            elif name == "data":
                data = value
            elif not line and data:
                return json.loads(data)  # type: ignore[no-any-return]
        raise EOFError

    def __iter__(self) -> Self:
        return self


@contextmanager
def followed(url: str, *subscriptions: dict[str, Any], last_id: str = "") -> Iterator[Events]:
    """A stream of the server at `url`, after the event `last_id`."""
    headers = {"last-event-id": last_id} if last_id else {}
    parameters = {"subscribe": [json.dumps(one) for one in subscriptions]}
    with (
        httpx.Client(timeout=PATIENCE, verify=False) as client,
        client.stream("GET", f"{url}api/stream", params=parameters, headers=headers) as response,
    ):
        if response.status_code != 200:
            response.read()
        assert response.status_code == 200, response.text
        yield Events(response)
