"""Prints where tests have their folders: in memory, where that has room for all of them, else where others are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 8 << 30

if __name__ == "__main__":
    print(_MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM else tempfile.gettempdir())
