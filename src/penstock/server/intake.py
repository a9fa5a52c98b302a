"""How much may come in: requests at a time, bytes of a body as sent and as unpacked."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from penstock.core.errors import RequestError
from penstock.server.problem import send_problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Intake"]

BODY_BYTES = 32 << 20
"""Of a request as it is unpacked."""
STREAM_BYTES = 4 << 30
"""Of a stream of lines, which is not held."""
PACKED_BYTES = 1 << 30
"""Of a packed stream of lines, as it is unpacked."""
_RATIO = 100
"""Behind the first piece, what was sent may unpack to so many times itself: events pack to a tenth, bombs to less."""
_PIECE_BYTES = 1 << 20
"""So much of a packed body is unpacked at a time."""
_AHEAD = 64
"""So many messages of a packed body, of mostly 64 kB, are read ahead."""
OF_ONE_CLIENT = 256
"""Requests that one client may have at a time."""
OF_ALL = 2_048
_STREAM = re.compile(r"/api/topics/[^/]+/records")


class Intake:
    """Stands before an ASGI app: refuses what is too much (413, 429), and unpacks gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._open[client] += 1
        unpacked: _Unpacked | None = None
        try:
            self._require_room(client)
            most, packed = _allowed(scope)
            unpacked = _Unpacked(receive, most) if packed else None
            await self.app(_plain(scope), _limited(receive, most) if unpacked is None else unpacked.receive, sent)
        except RequestError as error:
            if begun:
                raise
            await send_problem(send, error, {"retry-after": "1"} if error.code == "request-busy" else None)
        finally:
            if unpacked is not None:
                unpacked.close()
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def _require_room(self, client: str) -> None:
        if client and self._open[client] > OF_ONE_CLIENT:
            raise RequestError(
                f"{OF_ONE_CLIENT} requests of this client are open", code="request-busy", hint="wait for their answers"
            )
        if self._open.total() > OF_ALL:
            raise RequestError(f"{OF_ALL} requests are open", code="request-busy", hint="try again in a moment")


def _plain(scope: Scope) -> Scope:
    """The scope as the app is to see it: of a body that is not packed."""
    if not any(name == b"content-encoding" for name, _ in scope["headers"]):
        return scope
    kept = [(n, v) for n, v in scope["headers"] if n not in (b"content-encoding", b"content-length")]
    return {**scope, "headers": kept}


def _allowed(scope: Scope) -> tuple[int, bool]:
    """How many bytes the body may have, and whether it is packed. Raises RequestError where its head says too much."""
    headers = dict(scope["headers"])
    lines = b"ndjson" in headers.get(b"content-type", b"") or b"jsonl" in headers.get(b"content-type", b"")
    stream = lines and _STREAM.fullmatch(scope["path"]) and b"idempotency-key" not in headers
    packing = headers.get(b"content-encoding", b"identity").strip().lower()
    if packing not in (b"identity", b"gzip"):
        raise RequestError(
            f"a body is not taken in the encoding '{packing.decode('latin-1')}'",
            code="request-encoding",
            hint="gzip is possible",
        )
    packed = packing == b"gzip"
    most = (PACKED_BYTES if packed else STREAM_BYTES) if stream else BODY_BYTES
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > most:
        raise _too_large(most)
    return most, packed


def _limited(receive: Receive, most: int) -> Receive:
    """`receive` of a body of at most `most` bytes."""
    count = 0

    async def limited() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > most:
            raise _too_large(most)
        return message

    return limited


class _Unpacked:
    """A gzip body, unpacked as it is received: a piece at a time, of at most `most` bytes, and no bomb.

    What comes is read ahead of what is unpacked: behind it may stand that the client has gone.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._taken = 0
        self._given = 0
        self._packed = b""
        """What has come and is not unpacked yet."""
        self._more = True
        """Whether more will come."""
        self._member = zlib.decompressobj(wbits=31)
        self._reading: asyncio.Future[None] | None = None
        self._ahead: asyncio.Queue[Message] = asyncio.Queue(_AHEAD)
        self._gone: Message | None = None

    def close(self) -> None:
        """When the request is answered."""
        if self._reading is not None:
            self._reading.cancel()

    async def receive(self) -> Message:
        """The next message. Raises RequestError where it is no gzip, or too large, packed or unpacked."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read_ahead())
        if self._packed:
            await asyncio.sleep(0)  # or nothing could come while there is something to unpack
        elif self._gone is None:
            message = await self._ahead.get()
            self._packed = message.get("body", b"")
            self._more = message.get("more_body", False)
            self._taken += len(self._packed)
        if self._gone is not None:
            return self._gone
        body = self._piece()
        self._given += len(body)
        if max(self._given, self._taken) > self._most:
            raise _too_large(self._most)
        if self._given > _PIECE_BYTES + _RATIO * self._taken:
            raise RequestError(
                f"the body unpacks to more than {_RATIO} times what was sent",
                code="request-too-large",
                hint="send it in smaller requests, or not packed",
            )
        more = self._more or bool(self._packed)
        if not more and not self._member.eof:
            raise RequestError("the body is cut off: its gzip does not end", code="request-encoding")
        return {"type": "http.request", "body": body, "more_body": more}

    async def _read_ahead(self) -> None:
        while self._gone is None:
            message = await self._receive()
            if message["type"] != "http.request":
                self._gone = message
            await self._ahead.put(message)

    def _piece(self) -> bytes:
        if self._packed and self._member.eof:  # members may follow each other
            self._member = zlib.decompressobj(wbits=31)
        try:
            body = self._member.decompress(self._packed, _PIECE_BYTES)
        except zlib.error as error:
            raise RequestError(f"the body is no gzip: {error}", code="request-encoding") from None
        self._packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return body


def _too_large(most: int) -> RequestError:
    return RequestError(
        f"the body has more than {most >> 20:,} MB",
        code="request-too-large",
        hint="send less at a time; lines (application/x-ndjson) may be a stream",
    )
