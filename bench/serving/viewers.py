"""Many WebSocket clients in one process: ``python -m bench.serving.viewers PORT COUNT SUBSCRIPTIONS``, JSON on stdout.

SUBSCRIPTIONS is a list of lists: client i has those of the list i modulo their number. It says ``ready`` when all have
their snapshots. A line on its input says how many rows all together wait for: with these it ends, or _PATIENCE later.
Every message is checked: the changes of a channel follow on each other.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_PATIENCE = 30.0
_MORE = 1.0
"""So many seconds it goes on reading anyway: what comes twice shows."""
_NO_MASK = b"\0\0\0\0"
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    waits: int
    buffer: bytes = b""
    positions: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What all clients together have got: by position how many, the first and the last time (ns, monotonic)."""

    rows: int = 0
    bad: int = 0
    changes: dict[str, list[int]] = field(default_factory=dict)
    opened: list[tuple[int, int]] = field(default_factory=list)
    """Each set of open windows: when it came, and the sum of its last column but the end of the window."""


def _frame(kind: int, body: bytes) -> bytes:
    assert len(body) < 1 << 16
    length = bytes((0x80 | len(body),)) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return bytes((kind,)) + length + _NO_MASK + body


def connected(port: int, asked: list[dict[str, Any]]) -> _Client:
    """A client that has asked for its subscriptions."""
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.sendall(_UPGRADE)
    head = b""
    while b"\r\n\r\n" not in head:
        head += one.recv(4096)
    assert b" 101 " in head.split(b"\r\n", 1)[0], head
    for number, request in enumerate(asked):
        one.sendall(_frame(_TEXT, json.dumps({"type": "subscribe", "id": str(number), **request}).encode()))
    one.setblocking(False)
    return _Client(one, len(asked), head.split(b"\r\n\r\n", 1)[1])


class Clients:
    """They read until there is nothing left to read, as often as they are told to."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.waiting: set[int] = set()
        self._by_file: dict[int, _Client] = {}
        self._poll = select.epoll()
        self._known: dict[bytes, dict[str, Any]] = {}

    def add(self, one: _Client) -> None:
        """One more."""
        file = one.socket.fileno()
        self.waiting.add(file)
        self._by_file[file] = one
        self._poll.register(file, select.EPOLLIN)
        self._take(one, b"")

    def read(self, seconds: float) -> None:
        """What comes in so long."""
        for file, _ in self._poll.poll(seconds):
            one = self._by_file[file]
            got = one.socket.recv(1 << 18)
            if not got:
                self.seen.bad += 1
                self._poll.unregister(file)
            self._take(one, got)

    def _take(self, one: _Client, got: bytes) -> None:
        data = one.buffer + got if one.buffer else got
        at = 0
        while len(data) - at >= 2:
            kind, length, begin = data[at], data[at + 1], at + 2
            if length == 126:
                length, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < begin + length:
                break
            self._message(one, kind, data[begin : begin + length])
            at = begin + length
        one.buffer = data[at:]

    def _message(self, one: _Client, kind: int, body: bytes) -> None:
        if kind == _PING:
            one.socket.sendall(_frame(_PONG, body))
            return
        if kind != _TEXT:
            self.seen.bad += 1
            return
        now = time.monotonic_ns()
        message = self._known.get(body)
        if message is None:
            if len(self._known) > 1000:
                self._known.clear()
            message = self._known[body] = json.loads(body)
            if message["type"] == "open":
                self.seen.opened.append((now, sum(row[-2] for row in message["rows"])))
        match message["type"]:
            case "changes":
                self.seen.rows += len(message["changes"])
                channel, position = message["channel"], message["position"]
                self.seen.bad += message["after"] != one.positions.get(channel)
                one.positions[channel] = position
                count = self.seen.changes.setdefault(position, [0, now, now])
                count[0] += 1
                count[2] = now
            case "snapshot" | "open" | "metrics":
                if message["type"] == "snapshot":
                    one.positions[message["channel"]] = message["position"]
                one.waits -= 1
                if one.waits == 0:
                    self.waiting.discard(one.socket.fileno())
            case "error" | "failed":
                raise RuntimeError(message)


def main() -> None:
    port, count, asked = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    clients = Clients()
    for number in range(count):
        clients.add(connected(port, asked[number % len(asked)]))
        clients.read(0)  # pings want their answers
    while clients.waiting:
        clients.read(0.1)
    clients.seen = Seen()
    print("ready", flush=True)
    begin, cpu = time.monotonic(), time.process_time()
    told = select.poll()
    told.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while not told.poll(0):
        clients.read(0.05)
    awaited, end = int(sys.stdin.readline()), time.monotonic()
    while (now := time.monotonic()) < end + _MORE or (clients.seen.rows < awaited and now < end + _PATIENCE):
        clients.read(0.05)
    seen = clients.seen
    spent = {"seconds": time.monotonic() - begin, "cpu": time.process_time() - cpu}
    counted = {"rows": seen.rows, "bad": seen.bad, "changes": seen.changes, "opened": seen.opened}
    print(json.dumps({**spent, **counted}))


if __name__ == "__main__":
    main()
