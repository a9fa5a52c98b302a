"""The lock that lets one engine run a project: the operating system's, gone with the process."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Self

import orjson

from penstock.core.clock import Clock, SystemClock
from penstock.core.errors import LockedError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EngineLock", "page_of_holder"]


class EngineLock:
    """Held from its making until `release`, the end of the `with` block, or the end of the process.

    `path` is a file in the project's folder; it holds who has the lock, and stays when it is released.
    Raises LockedError naming the holder, StorageError where the file cannot be made.
    """

    def __init__(self, path: Path, command: str | None = None, clock: Clock | None = None) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(
                f"cannot lock the project: {path}: {error.strerror}",
                code="storage-read-only",
                hint=f"make {path.parent} writable",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(os.read(self._file, 4096))
            os.close(self._file)
            raise LockedError(
                f"the project is in use by {holder}",
                where=str(path),
                hint="stop that process first; reading and appending need no lock",
            ) from None
        self._path = path
        self._said: dict[str, object] = {
            "pid": os.getpid(),
            "command": command if command is not None else _this_command(),
            "since_ms": (clock or SystemClock()).now_ms(),
        }
        self._say()

    def show_page(self, url: str) -> None:
        """Say where the holder's page is, to those who find the project in use."""
        self._said["page"] = url
        self._say()

    def _say(self) -> None:
        said = orjson.dumps(self._said)
        try:
            os.pwrite(self._file, said, 0)
            os.ftruncate(self._file, len(said))
        except OSError as error:
            self.release()
            raise StorageError(
                f"cannot lock the project: {self._path}: {error.strerror}",
                code="storage-full" if error.errno == errno.ENOSPC else "storage-io",
                hint="free disk space" if error.errno == errno.ENOSPC else "check the disk",
            ) from None

    def release(self) -> None:
        """Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _this_command() -> str:
    """This process's command up to its options, whose values are for nobody else: a person's name, a password."""
    words = list(takewhile(lambda word: not word.startswith("-"), sys.argv))
    return " ".join(words if len(words) == len(sys.argv) else [*words, "..."])


def page_of_holder(path: Path) -> str | None:
    """Where the page is of the process that holds the lock at `path`; None where it has none."""
    try:
        page = orjson.loads(path.read_bytes()).get("page")
    except (OSError, orjson.JSONDecodeError, AttributeError):  # it has only just begun
        return None
    return page if isinstance(page, str) else None


def _holder(text: bytes) -> str:
    try:
        found = orjson.loads(text)
        since = datetime.fromtimestamp(found["since_ms"] / 1000, UTC)
        page = f", whose page is at {found['page']}" if "page" in found else ""
        return f"process {found['pid']} ({found['command']}) since {since:%Y-%m-%d %H:%M:%S} UTC{page}"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "another process that has not yet said who it is"
