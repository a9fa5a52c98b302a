"""A request that is answered before it has been read whole: its connection is closed, or it would go on coming."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Closing"]

_SHORT = 65_536
"""A body of so many bytes has come whole with its head, or will at once."""


class Closing:
    """Stands before all other layers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_long(scope):
            await self.app(scope, receive, send)
            return
        read = False

        async def received() -> Message:
            nonlocal read
            message = await receive()
            read = read or not message.get("more_body", False)
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and not read:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self.app(scope, received, sent)


def _is_long(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.isdigit() and int(value) > _SHORT):
            return True
    return False
