"""`/ws`: the protocol of push over a WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError, RequestError
from penstock.server.access import entry_of, require_right
from penstock.server.push.frames import EXTENSION
from penstock.server.push.hub import INTERNAL, refusal
from penstock.server.push.request import read_object, read_request
from penstock.server.security import refuse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from penstock.server.push.feed import Feed
    from penstock.server.push.frames import FramesProtocol
    from penstock.server.push.hub import Hub
    from penstock.server.push.message import Message
    from penstock.server.push.request import Request
    from penstock.server.push.viewer import Viewer

__all__ = ["SUBPROTOCOL", "WebSocketDoor"]

SUBPROTOCOL = "penstock.v1"

_BINARY = 1003
_MALFORMED = 4400
_TOO_MANY = 4429
_FAULTS = 10


class _Outlet:
    """A WebSocket as a viewer's way out."""

    def __init__(self, frames: FramesProtocol, send: Send) -> None:
        self._frames = frames
        self._send = send
        self._closing: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        return self._frames.ready

    def put(self, message: Message, feed: Feed | None) -> None:
        self._frames.write(message.frame)

    def close(self, code: int, reason: str) -> None:
        if not self.ready:  # a frame that closes would wait behind what is not taken
            self.abort()
        elif self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(
                self._send({"type": "websocket.close", "code": code, "reason": reason})  # type: ignore[arg-type]
            )

    def abort(self) -> None:
        self._frames.abort()

    async def closed(self) -> None:
        """Wait until the end has been said, if it was to be."""
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)


class WebSocketDoor:
    """The ASGI app of `/ws`."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        frames: FramesProtocol = scope["extensions"][EXTENSION]
        entry = entry_of(scope)
        try:
            require_right(scope, "read")
        except RequestError as error:
            await refuse(scope, receive, send, error)
            return
        await receive()
        chosen = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        outlet = _Outlet(frames, send)
        try:
            viewer = self.hub.enter(outlet, entry)
        except RequestError as error:
            outlet.close(_TOO_MANY, error.message)
            await outlet.closed()
            return
        frames.resumed = viewer.drained
        try:
            await self._serve(viewer, receive)
        except Exception:
            outlet.close(INTERNAL, "an error inside the server")
            raise
        finally:
            frames.resumed = None
            self.hub.leave(viewer)
            await outlet.closed()

    async def _serve(self, viewer: Viewer, receive: Receive) -> None:
        """Answer requests until the client has gone, or had to go."""
        loop = asyncio.get_running_loop()
        rate, most = self.hub.limits.requests_per_second, self.hub.limits.requests_at_once
        allowance, last, faults = float(most), loop.time(), 0
        while True:
            got = await receive()
            if got["type"] == "websocket.disconnect":
                return
            text = got.get("text")
            if text is None:
                viewer.outlet.close(_BINARY, "messages are text")
                return
            now = loop.time()
            allowance, last = min(most, allowance + (now - last) * rate), now
            if allowance < 1:
                viewer.outlet.close(_TOO_MANY, f"more than {rate} requests a second")
                return
            allowance -= 1
            if (fault := self._answer(viewer, text)) is not None:
                faults += 1
                if faults == _FAULTS:
                    viewer.outlet.close(_MALFORMED, fault.message[:100])
                    return

    def _answer(self, viewer: Viewer, text: str) -> PenstockError | None:
        """Do what a message asks for, or tell why not; what is wrong with it, where it is no request."""
        request: Request | None = None
        id_: str | None = None
        try:
            found = read_object(text)
            id_ = found["id"] if isinstance(found.get("id"), str) else None
            request = read_request(found)
            self.hub.answer(viewer, request)
        except PenstockError as error:
            viewer.take(refusal(error, id_))
            return error if request is None else None
        return None
