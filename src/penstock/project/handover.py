"""From the thread that makes something to the one that takes it."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Handover"]

T = TypeVar("T")


class Handover(Generic[T]):
    """At most `ahead` pieces wait to be taken; whoever makes more waits, until somebody takes one or closes it."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead
        self._state = threading.Condition()
        self._pieces: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False

    def put(self, piece: T) -> None:
        """Hand a piece on; it is dropped where nobody takes any more."""
        with self._state:
            self._state.wait_for(lambda: self._closed or len(self._pieces) < self.ahead)
            if not self._closed:
                self._pieces.append(piece)
                self._state.notify_all()

    def make(self, work: Callable[[], object]) -> None:
        """Do all the `work` that puts pieces; its end, or its error, reaches whoever takes them."""
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001  # handed to whoever takes; Polars raises Ctrl-C where it works
            error = raised
        with self._state:
            self._ended, self._error = True, error
            self._state.notify_all()

    def take(self) -> T | None:
        """The next piece; None after the last one, and when it is closed. Raises the error that ended the work."""
        with self._state:
            self._state.wait_for(lambda: self._pieces or self._ended or self._closed)
            if self._closed:
                return None
            if self._pieces:
                self._state.notify_all()
                return self._pieces.popleft()
            if self._error is not None:
                raise self._error
            return None

    def close(self) -> None:
        """Nobody takes any more."""
        with self._state:
            self._closed = True
            self._state.notify_all()
