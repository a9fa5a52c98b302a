"""WebSockets whose frames are made once for all clients: uvicorn's protocol, and a way around it for what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["EXTENSION", "FramesProtocol"]

EXTENSION = "penstock.frames"
"""Under this name the ASGI scope's extensions hold the connection's FramesProtocol."""

_HIGH, _LOW = 256 << 10, 64 << 10
"""Above so many bytes in the transport it takes no more, until there are less than the other."""


class FramesProtocol(WebSocketsSansIOProtocol):
    """Handshake, incoming frames, pings and closing are uvicorn's; `write` takes ready frames of the server.

    A hundred clients then cost a hundred writes of the same bytes, and nothing else.
    """

    resumed: Callable[[], None] | None = None
    """Called when it is ready again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(_HIGH, _LOW)
        self._paused = False

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    @property
    def ready(self) -> bool:
        """Whether the client takes what is sent."""
        return not self._paused

    def write(self, frame: bytes) -> None:
        """Send a whole frame; nothing happens after the end."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._paused = False
        if self.resumed is not None:
            self.resumed()

    def abort(self) -> None:
        """End the connection at once, whatever waits to be sent."""
        self.transport.abort()
