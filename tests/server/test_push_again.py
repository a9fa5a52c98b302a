"""Coming back to push: nothing missed and nothing twice, over both ways; fresh beginnings where that cannot be."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest
from websockets.exceptions import WebSocketException

import penstock
from tests.cli.shell import ORDERS, PATIENCE, make_project, orders, started
from tests.parts import until
from tests.server.served import Served, serve
from tests.server.watching import Table, followed, watching

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Receive = Callable[[], dict[str, Any]]

WAYS = ("websocket", "events")
GONE = (WebSocketException, httpx.HTTPError, EOFError, ConnectionError, TimeoutError)
"""What a client meets when its server is not there."""


@contextmanager
def table_at(way: str, url: str, name: str, position: str) -> Iterator[Receive]:
    """Messages of a table after a position, over one way or the other."""
    if way == "websocket":
        with watching(url) as client:
            client.subscribe(table=name, **({"position": position} if position else {}))
            yield lambda: client.next("snapshot", "changes")
    else:
        with followed(url, {"table": name}, last_id=position) as events:
            yield lambda: events.next("snapshot", "changes")


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_back_gets_what_was_missed(tmp_path: Path, way: str) -> None:
    seen = Table()
    with serve(tmp_path / "shop", engine=False, rows=10) as served:
        with table_at(way, served.serving.url, "orders", "") as receive:
            seen.take(receive())
        for first in (10, 20):
            served.penstock.append("orders", orders(10, first))
        with table_at(way, served.serving.url, "orders", seen.position) as receive:
            while len(seen.rows) < 30:
                seen.take(receive())
    with serve(tmp_path / "shop", engine=False, rows=0) as served:  # another server over the same log
        served.penstock.append("orders", orders(10, 30))
        with table_at(way, served.serving.url, "orders", seen.position) as receive:
            while len(seen.rows) < 40:
                seen.take(receive())
            served.penstock.append("orders", orders(1, 40))
            seen.take(receive())
    assert [row[0] for row in seen.rows] == list(range(41))
    assert seen.resets == ["new"]
    assert seen.places == sorted(set(seen.places))


@pytest.mark.parametrize("way", WAYS)
def test_who_has_missed_nothing_of_a_table_goes_on_from_where_it_was(tmp_path: Path, way: str) -> None:
    seen = Table()
    with serve(tmp_path / "shop", engine=False, rows=10) as served:
        with table_at(way, served.serving.url, "orders", "") as receive:
            seen.take(receive())
        served.penstock.log.create_topic("other")
    with serve(tmp_path / "shop", engine=False, rows=0) as served:
        served.penstock.log.append("other", pl.DataFrame({"value": [b"of no concern"]}))
        with table_at(way, served.serving.url, "orders", seen.position) as receive:
            served.penstock.append("orders", orders(1, 10))
            while not seen.places:
                seen.take(receive())
    assert [row[0] for row in seen.rows] == list(range(11))
    assert seen.resets == ["new"]


def run(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """The program, running and serving the project; its address."""
    process = started("run", folder, "--port", 0, "--no-browser")
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        if found := re.search(r"http://[\d.:]+/", line):
            return process, found[0]
    raise AssertionError(told)


@pytest.mark.real
def test_the_server_is_killed_under_load_and_nobody_misses_anything(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "shop")
    address = ""
    over = threading.Event()
    seen = {(way, name): Table() for way in WAYS for name in ("orders", "revenue")}

    def follow(way: str, name: str) -> None:
        table = seen[way, name]
        while not over.is_set():
            try:
                with table_at(way, address, name, table.position) as receive:
                    while not over.is_set():
                        table.take(receive())
            except GONE:
                over.wait(0.02)

    with penstock.open(folder) as project:
        clients = [threading.Thread(target=follow, args=one, daemon=True) for one in seen]
        written = 0
        for life in range(3):
            process, address = run(folder)
            if life == 0:
                for client in clients:
                    client.start()
            before = {one: len(table.places) for one, table in seen.items()}
            deadline = time.monotonic() + PATIENCE
            while any(len(table.places) == before[one] for one, table in seen.items()):
                assert time.monotonic() < deadline
                project.append("orders", orders(30, written))
                written += 30
                over.wait(0.02)  # a thousand and some a second
            if life < 2:
                process.kill()
                process.communicate()
                project.append("orders", orders(30, written))  # while nobody serves
                written += 30
        deadline = time.monotonic() + PATIENCE
        logged: dict[str, pl.DataFrame] = {}
        while not logged or logged["revenue"].height < (written - 6) // 60:
            assert time.monotonic() < deadline
            logged = {n: pl.concat(project.log.read(n, columns=("seq", "value"))) for n in ("orders", "revenue")}
        while any(t.places[-1] < logged[name]["seq"][-1] for (_, name), t in seen.items()):
            assert time.monotonic() < deadline
            over.wait(0.02)
        over.set()
        process.terminate()
        process.communicate()
        assert process.returncode == 0
        for client in clients:
            client.join()
    for (_, name), table in seen.items():
        assert table.resets == ["new"]
        assert table.places == logged[name]["seq"].to_list()[-len(table.places) :]
        values = [list(json.loads(v).values()) for v in logged[name]["value"]]
        first = len(values) - len(table.rows)
        assert first == 0 or name == "orders"
        if name == "revenue":
            assert [[row[0].replace(".000", ""), *row[1:]] for row in table.rows] == values
        else:
            assert [row[0] for row in table.rows] == [row[0] for row in values[first:]]


# -- fresh beginnings ------------------------------------------------------------------------------


def trim(served: Served) -> None:
    served.penstock.log.alter_topic("orders", configs={"retention.bytes": 1})
    served.penstock.append("orders", orders(10, 10))
    while not served.penstock.log.maintain(1.0):
        continue


def recreate(served: Served) -> None:
    served.penstock.log.delete_topic("orders")
    served.penstock.log.create_topic("orders")


def add_many(served: Served) -> None:
    value = b'{"id": 1, "customer": "c", "amount": 1, "ts": "2025-01-01 00:00:00"}'
    served.penstock.log.append("orders", pl.DataFrame({"value": [value] * 133_000}))


def nothing(_: Served) -> None:
    """Happens."""


RESETS: list[tuple[str, Callable[[Served], None], Callable[[str], str]]] = [
    ("trimmed", trim, lambda p: p),
    ("changed", recreate, lambda p: p),
    ("far", add_many, lambda p: p),
    ("unknown", nothing, lambda p: "nonsense"),
    ("unknown", nothing, lambda p: "99999999" + p[p.index(".") :]),
    ("changed", nothing, lambda p: p.replace(".", ".0", 1)),
    ("unknown", nothing, lambda p: "-1" + p[p.index(".") :]),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("reset", "happens", "changed"), RESETS)
def test_a_position_that_cannot_be_taken_up_begins_anew(
    tmp_path: Path, way: str, reset: str, happens: Callable[[Served], None], changed: Callable[[str], str]
) -> None:
    with serve(tmp_path / "shop", engine=False, rows=10) as served:
        seen = Table()
        with table_at(way, served.serving.url, "orders", "") as receive:
            seen.take(receive())
        happens(served)
        with table_at(way, served.serving.url, "orders", changed(seen.position)) as receive:
            seen.take(receive())
            assert seen.resets == ["new", reset]
            served.penstock.append("orders", orders(1, 777))
            seen.take(receive())
            assert seen.rows[-1][0] == 777


def test_results_that_are_dropped_while_they_are_watched_begin_anew(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", engine=False, rows=10) as served, watching(served.serving.url) as client:
        client.subscribe(table="orders")
        client.next("snapshot")
        recreate(served)
        served.penstock.append("orders", orders(2))
        seen = Table()
        seen.take(client.next("snapshot", reset="changed"))
        while len(seen.rows) < 2:
            seen.take(client.next("snapshot", "changes"))


# -- slow clients ----------------------------------------------------------------------------------


class Stuck:
    """A client that has asked for a table and takes nothing, until it is told to."""

    def __init__(self, served: Served, **asked: Any) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", served.serving.port))
        self.socket.sendall(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._file = self.socket.makefile("rb")
        while self._file.readline().strip():
            continue
        body = json.dumps({"type": "subscribe", "id": "a", **asked}).encode()
        assert len(body) < 126
        self.socket.sendall(bytes((0x81, 0x80 | len(body), 0, 0, 0, 0)) + body)  # masked with zeros

    def message(self) -> dict[str, Any]:
        """The next one."""
        opcode, length = self._file.read(2)
        if length == 126:
            length = int.from_bytes(self._file.read(2), "big")
        elif length == 127:
            length = int.from_bytes(self._file.read(8), "big")
        body = self._file.read(length)
        return json.loads(body) if opcode == 0x81 else {"type": "control"}


@pytest.mark.real
def test_a_client_that_never_takes_anything_is_let_go(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", sql=ORDERS, engine=False, rows=0) as served:
        hub = served.serving.app.state.hub
        hub.limits = replace(hub.limits, stuck_seconds=1.0)
        stuck = Stuck(served, table="orders", limit=3)
        with watching(served.serving.url) as client:
            client.subscribe(table="orders", limit=1)
            for number in range(150):
                served.penstock.append("orders", [{"id": number, "customer": "x" * 100_000}])
                client.next("changes")
            while len(hub.viewers) > 1:
                client.next("heartbeat")
        stuck.socket.close()


def test_a_client_that_takes_nothing_hinders_nobody_and_begins_anew(tmp_path: Path) -> None:
    big = "x" * 100_000
    with serve(tmp_path / "shop", sql=ORDERS, engine=False, rows=0) as served:
        stuck = Stuck(served, table="orders", limit=3)
        with watching(served.serving.url) as client:
            client.subscribe(table="orders", limit=10)
            client.next("snapshot")
            for number in range(150):
                served.penstock.append("orders", [{"id": number, "customer": big}])
                (change,) = client.next("changes")["changes"]
                assert change[2][0] == number
        hub = served.serving.app.state.hub
        until(lambda: len(hub.viewers) == 1, "who has hung up is still a viewer")
        (viewer,) = hub.viewers
        assert viewer.waiting <= viewer.queue_bytes
        assert viewer.missed
        seen = Table()
        while not (seen.rows and seen.rows[-1][0] == 149):
            message = stuck.message()
            if message["type"] in ("snapshot", "changes"):
                seen.take(message)
        assert seen.resets == ["new", "slow"]
        served.penstock.append("orders", [{"id": 150, "customer": ""}])
        while (message := stuck.message())["type"] != "changes":
            continue
        seen.take(message)
        assert [row[0] for row in seen.rows] == [147, 148, 149, 150]
        stuck.socket.close()
