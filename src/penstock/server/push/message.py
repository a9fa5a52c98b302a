"""Messages to clients: serialised once, and framed once, however many get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.errors import InternalError, PenstockError
from penstock.server.problem import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Message", "Opening", "error_body", "message", "spliced"]

_TEXT = 0x81
"""The first byte of an unfragmented text frame (RFC 6455)."""


class Message:
    """A JSON `payload`, and the same as a WebSocket's `frame`; `position` is where a client is that has taken it."""

    __slots__ = ("frame", "payload", "position")

    def __init__(self, payload: bytes, position: str = "") -> None:
        self.payload = payload
        self.position = position
        self.frame = _header(len(payload)) + payload

    def __len__(self) -> int:
        return len(self.frame)


class Opening:
    """The snapshot of a feed, of which each client is told why it gets it: the rest is serialised once."""

    def __init__(self, position: str = "", **members: Any) -> None:
        self.position = position
        self._rest = orjson.dumps({"position": position, **members})[1:]
        self._made: dict[str, Message] = {}

    def __len__(self) -> int:
        return len(self._rest)

    def because(self, reset: str) -> Message:
        """The message for those who get it for the reason `reset`."""
        if reset not in self._made:
            self._made[reset] = Message(
                b'{"type":"snapshot","reset":"%b",%b' % (reset.encode(), self._rest), self.position
            )
        return self._made[reset]


def message(kind: str, position: str = "", **members: Any) -> Message:
    """A message of type `kind`."""
    where = {"position": position} if position else {}
    return Message(orjson.dumps({"type": kind, **members, **where}), position)


def spliced(kind: str, position: str, rows: Sequence[bytes], name: str, **members: Any) -> Message:
    """A message whose member `name` is the list of `rows`, serialised before."""
    head = orjson.dumps({"type": kind, **members, "position": position})
    return Message(b'%b,"%b":[%b]}' % (head[:-1], name.encode(), b",".join(rows)), position)


def error_body(error: Exception) -> dict[str, Any]:
    """What is told of an error: the same body as over HTTP; of one that is none of ours only that there was one."""
    known = error if isinstance(error, PenstockError) else InternalError(f"{type(error).__name__} inside the server")
    return problem_of(known).model_dump()


def _header(length: int) -> bytes:
    """The header of a frame from the server, which is not masked."""
    if length < 126:
        return bytes((_TEXT, length))
    if length < 1 << 16:
        return bytes((_TEXT, 126)) + length.to_bytes(2, "big")
    return bytes((_TEXT, 127)) + length.to_bytes(8, "big")
