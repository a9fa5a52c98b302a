"""Tails that the feeds of one table share: a stretch of changes is read once for all of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.project.tail import Stretch, Tail

__all__ = ["SharedTail"]


class SharedTail:
    """A tail and the last stretch that was read of it. Threads may share it."""

    def __init__(self, tail: Tail) -> None:
        self.tail = tail
        self._mutex = threading.Lock()
        self._last: tuple[int, dict[int, int], Stretch] | None = None

    def changes(self, after: int) -> Stretch:
        """What was appended after that place, until now."""
        with self._mutex:
            ends = self.tail.ends()
            if self._last is not None and self._last[:2] == (after, ends):
                return self._last[2]
            stretch = self.tail.changes(after)
            self._last = (after, ends, stretch)
            return stretch
