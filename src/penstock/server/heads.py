"""The head of a request, in limits: until it is whole no other limit holds, and nobody knows whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penstock.core.errors import RequestError
from penstock.server.problem import MEDIA_TYPE, problem_of

if TYPE_CHECKING:
    import asyncio

__all__ = ["HeadsProtocol"]

_BYTES = 64 << 10
_SECONDS = 20.0
"""A connection on which so long no head has come whole is let go."""


class HeadsProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to heads that never end."""

    _late: asyncio.TimerHandle | None = None
    """Set while a head is awaited."""
    _bytes = 0
    """Of a head that has begun, those of further reads."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        awaited = self._late is not None
        super().data_received(data)
        if awaited and self._late is not None:
            self._bytes += len(data)
            if self._bytes > _BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._bytes = 0
        self._await_head()

    def on_headers_complete(self) -> None:
        self._has_come()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(_SECONDS, self.transport.close)

    def _has_come(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self) -> None:
        self._has_come()
        error = RequestError(
            f"the head of the request has more than {_BYTES >> 10} kB",
            code="request-head",
            hint="what is long goes into the body",
        )
        body = orjson.dumps(problem_of(error).model_dump())
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()
