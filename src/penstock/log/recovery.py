"""After a crash SQLite replays the WAL up to its first damaged frame and forgets the rest, without a word.

With full durability a commit is only begun when the one before it is synced. So a power cut can tear the
last commit, which nobody was told of; two commits behind the point where recovery stopped mean damage.
(Format of the WAL and its index: https://www.sqlite.org/walformat.html)
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lost_commits"]

HEADER = struct.Struct(">8I")
FRAME_BYTES = 24


def lost_commits(path: Path, page_bytes: int, recovered_frames: Callable[[], int]) -> int:
    """How many commits stand in the WAL of `path` behind what was recovered; to be asked after a first read.

    One may be a commit that another process is just making, or one that a power cut has torn. Of SQLite's files
    only the WAL is opened: it alone has no locks, which closing it would take away.
    """
    try:
        wal = np.memmap(Path(f"{path}-wal"), np.uint8, "r")
    except (FileNotFoundError, ValueError):  # there is none, or an empty one
        return 0
    frame_bytes = FRAME_BYTES + page_bytes
    count = (len(wal) - HEADER.size) // frame_bytes
    if count <= 0:
        return 0
    frames = np.ndarray((count, 4), ">u4", wal.data, HEADER.size, (frame_bytes, 4))
    header = HEADER.unpack(wal[: HEADER.size].tobytes())
    salt = header[4:6] if _checksum(header[:6], header[0]) == header[6:8] else tuple(frames[0, 2:4].tolist())
    commits = np.flatnonzero((frames[:, 1] != 0) & (frames[:, 2:4] == salt).all(axis=1)) + 1
    return int((commits > recovered_frames()).sum())


def _checksum(words: tuple[int, ...], magic: int) -> tuple[int, int]:
    """The WAL's checksum of its header, whose last bit of `magic` tells the byte order it was made with."""
    order = ">" if magic & 1 else "<"
    values = struct.unpack(f"{order}{len(words)}I", struct.pack(f">{len(words)}I", *words))
    one = two = 0
    for even, odd in zip(values[::2], values[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
