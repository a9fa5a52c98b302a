"""How much may come in: requests at a time, bytes of a body as sent and as unpacked."""

from __future__ import annotations

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
_PIECE_BYTES = 1 << 20
"""So much of a packed body is unpacked at a time."""
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
        try:
            self._require_room(client)
            await self.app(_unpacked(scope), _limited(scope, receive), sent)
        except RequestError as error:
            if begun:
                raise
            await send_problem(send, error, {"retry-after": "1"} if error.code == "request-busy" else None)
        finally:
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


def _unpacked(scope: Scope) -> Scope:
    """The scope as the app is to see it: of a body that is not packed."""
    if not any(name == b"content-encoding" for name, _ in scope["headers"]):
        return scope
    kept = [(n, v) for n, v in scope["headers"] if n not in (b"content-encoding", b"content-length")]
    return {**scope, "headers": kept}


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive` within limits. Raises RequestError where the request says already that it is too much."""
    headers = dict(scope["headers"])
    lines = b"ndjson" in headers.get(b"content-type", b"") or b"jsonl" in headers.get(b"content-type", b"")
    stream = lines and _STREAM.fullmatch(scope["path"]) and b"idempotency-key" not in headers
    most = STREAM_BYTES if stream else BODY_BYTES
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > most:
        raise _too_large(most)
    packing = headers.get(b"content-encoding", b"identity").strip().lower()
    if packing not in (b"identity", b"gzip"):
        raise RequestError(
            f"a body is not taken in the encoding '{packing.decode('latin-1')}'",
            code="request-encoding",
            hint="gzip is possible",
        )
    if packing == b"gzip":
        return _Unpacked(receive, most).receive
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
    """A gzip body, unpacked as it is received: a piece at a time, and of at most `most` bytes."""

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

    async def receive(self) -> Message:
        """The next message. Raises RequestError where it is no gzip, or too large, packed or unpacked."""
        if not self._packed:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._packed = message.get("body", b"")
            self._more = message.get("more_body", False)
            self._taken += len(self._packed)
        body = self._piece()
        self._given += len(body)
        if max(self._given, self._taken) > self._most:
            raise _too_large(self._most)
        more = self._more or bool(self._packed)
        if not more and not self._member.eof:
            raise RequestError("the body is cut off: its gzip does not end", code="request-encoding")
        return {"type": "http.request", "body": body, "more_body": more}

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
