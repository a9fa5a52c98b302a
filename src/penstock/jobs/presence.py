"""`Presence`: who works on runs, told by a lock that goes with its process however that ends."""

from __future__ import annotations

import fcntl
import os
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Presence", "is_present"]


class Presence:
    """This process, by its `name`, from its making until `close`; `folder` has a locked file of each.

    None as folder: nobody else can see the runs.
    """

    def __init__(self, folder: Path | None) -> None:
        self.name = uuid.uuid4().hex[:12]
        self._folder = folder
        self._file = -1
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / self.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def alive(self, name: str) -> bool:
        """Whether the process of that name is there."""
        return name == self.name or is_present(self._folder, name)

    def close(self) -> None:
        """Idempotent."""
        if self._file >= 0 and self._folder is not None:
            (self._folder / self.name).unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


def is_present(folder: Path | None, name: str) -> bool:
    """Whether the process that has this name in `folder` is there; what one that has died has left is removed."""
    if folder is None or not name:
        return False
    path = folder / name
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    path.unlink(missing_ok=True)
    return False
