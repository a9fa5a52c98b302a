"""What HTTP requests come, what they got and how long that took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from penstock.core.measure import Durations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["MeasuredRequests", "Requests"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BROKEN_OFF = 499
"""The status under which a request counts that got no answer."""


class Requests:
    """Counted by the event loop's thread alone. `answered` is by method, route and status."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str, int], int] = {}
        self.seconds: dict[str, Durations] = {}
        self.running = 0
        self.websockets = 0

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """One was answered."""
        key = (method if method in METHODS else OTHER, route, status)
        self.answered[key] = self.answered.get(key, 0) + 1
        self.seconds.setdefault(route, Durations()).add(seconds)


class MeasuredRequests:
    """An ASGI application that counts what another one answers, by the templates of its routes."""

    def __init__(self, app: App, requests: Requests) -> None:
        self.app = app
        self.requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            self.requests.websockets += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.requests.websockets -= 1
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = BROKEN_OFF

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self.requests.running += 1
        try:
            await self.app(scope, receive, sending)
        finally:
            self.requests.running -= 1
            route = getattr(scope.get("route"), "path", OTHER)
            self.requests.add(scope["method"], route, status, time.perf_counter() - began)
