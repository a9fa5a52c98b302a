"""The outermost layer of the server: each request is counted, told at level debug, and a span where that is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from penstock.core.logs import tell
from penstock.core.trace import HEADER, current
from penstock.server.metrics.requests import OTHER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from penstock.core.trace import Tracer
    from penstock.server.metrics.requests import Requests

__all__ = ["Observed"]

BROKEN_OFF = 499
"""The status under which a request counts that got no answer."""


class Observed:
    """An ASGI application that watches another one; routes are told by their templates, never by their paths."""

    def __init__(self, app: ASGIApp, requests: Requests, tracer: Tracer | None = None) -> None:
        self.app = app
        self.requests = requests
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.requests.running += 1
            try:
                await (self._counted if self.tracer is None else self._traced)(scope, receive, send)
            finally:
                self.requests.running -= 1
        elif scope["type"] == "websocket":
            self.requests.websockets += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.requests.websockets -= 1
        else:
            await self.app(scope, receive, send)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.tracer is not None
        given = dict(scope["headers"]).get(HEADER.encode(), b"").decode("latin-1")
        method: str = scope["method"]
        with self.tracer.during(method, "server", given or None, {"http.request.method": method}) as span:
            token = current.set(span.context)
            try:
                status = await self._counted(scope, receive, send)
            finally:
                current.reset(token)
            span.name = f"{method} {_route(scope)}"
            span.attributes["http.route"] = _route(scope)
            span.attributes["http.response.status_code"] = status

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = BROKEN_OFF

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self.app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            self.requests.add(scope["method"], _route(scope), status, seconds)
            _tell(scope, status, seconds)
        return status


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", OTHER)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """The path without its query: that may hold what nobody else is to see."""
    method, path = scope["method"], scope["path"]
    client: Any = scope.get("client")
    tell(
        "debug",
        "request",
        f"{method} {path} {status}",
        method=method,
        path=path,
        status=status,
        seconds=round(seconds, 6),
        client=client[0] if client else "",
    )
