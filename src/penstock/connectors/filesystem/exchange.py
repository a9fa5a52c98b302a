"""Two folders change places in one step, so that nobody ever sees both or neither; and who waits for whom meanwhile."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["exchange", "held"]

_AT_FDCWD = -100
_EXCHANGE = 2
"""RENAME_EXCHANGE of Linux' renameat2, and RENAME_SWAP of macOS' renamex_np."""


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one file system change places. Raises OSError, also where the file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(first, second, _EXCHANGE)
        else:
            failed = libc.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE)
    except AttributeError:
        raise OSError(errno.ENOSYS, "this system cannot exchange two folders in one step", str(one)) from None
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one))


@contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold a table's folder: those who show files share it, who exchanges or removes them holds it alone.

    Readers hold nothing. Waits for others, in any process; a folder that is not there needs no holding.
    """
    try:
        file = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(file)
