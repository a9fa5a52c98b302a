"""How much room the disk under a log has to have, so that nothing is ever cut off in the middle."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from penstock.core.errors import StorageError
from penstock.core.logs import tell

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Room"]

AGAIN = 1.1
"""There is room again with so many times the least: what goes on then is not to stop at once."""


class Room:
    """The disk of `folder`, of which `least` bytes are to stay free; None or 0: nothing is watched."""

    def __init__(self, folder: Path | None, least: int) -> None:
        self._folder = folder
        self.least = least
        self._was_low = False

    @property
    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self._folder).free if self._folder is not None else self.least

    @property
    def low(self) -> bool:
        """Whether less is free than is to be; told once when it begins and when it ends."""
        if self._folder is None or not self.least:
            return False
        free = self.free
        low = free < self.least * (AGAIN if self._was_low else 1.0)
        if low != self._was_low:
            self._was_low = low
            now = "nothing is taken in and no pipeline goes on until there is room" if low else "all goes on"
            tell("warning", "disk-low" if low else "disk-room", f"{self._words(free)}: {now}", free=free)
        return low

    def require(self) -> None:
        """Raises StorageError where less is free."""
        if self.low:
            raise StorageError(
                self._words(self.free),
                code="storage-low",
                hint="nothing of this was kept: repeat it when there is room, or lower least-free in [log]",
            )

    def _words(self, free: int) -> str:
        return f"the disk under the log has {free >> 20:,} MB left, and {self.least >> 20:,} MB are to stay free"
