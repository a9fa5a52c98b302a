"""A project that `penstock run` serves on a core of its own, and a client that speaks HTTP to it from another."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httptools

from bench.child import started
from bench.machine import cores, pin

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Connection", "Server", "serving"]

_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    pid: int


@contextmanager
def serving(folder: Path, count: int = 1) -> Iterator[Server]:
    """`penstock run FOLDER` on the first `count` cores; meanwhile this process is on the others, where there are any.

    Raises RuntimeError where it ends by itself, or with an error.
    """
    before = cores()
    command = [sys.executable, "-m", "penstock", "run", str(folder), "--port", "0", "--no-browser"]
    process = started([*command, "--log-level", "info"], count)
    if len(before) > count:
        pin(before[count:])
    try:
        yield _reached(process)
    finally:
        pin(before)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=_PATIENCE)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{output[-2000:]}")


def _reached(process: subprocess.Popen[str]) -> Server:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"page and API at http://([\d.]+):(\d+)/", line)
        if found is not None:
            return Server(found[1], int(found[2]), process.pid)
    raise RuntimeError(f"{process.args!r} ended before it served")


class Connection(asyncio.Protocol):
    """One connection that is kept open: one request after the other, with as little work here as can be."""

    def __init__(self, server: Server) -> None:
        self._host = f"{server.host}:{server.port}".encode()
        self._transport: Any = None
        self._parser: Any = None
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._body: list[bytes] = []

    @classmethod
    async def to(cls, server: Server) -> Connection:
        """A connection to `server`."""
        _, made = await asyncio.get_running_loop().create_connection(lambda: cls(server), server.host, server.port)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def ask(
        self, method: bytes, path: str, body: bytes = b"", kind: bytes = b"application/json"
    ) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises ConnectionError where the server has closed the connection."""
        if self._transport.is_closing():
            raise ConnectionError("the server has closed the connection")
        self._parser = httptools.HttpResponseParser(self)
        self._body = []
        self._waiting = asyncio.get_running_loop().create_future()
        head = b"%b %b HTTP/1.1\r\nhost: %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % (method, path.encode(), self._host, kind, len(body)) + body)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._waiting is not None
        self._waiting.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server closed the connection"))

    def close(self) -> None:
        self._transport.close()
