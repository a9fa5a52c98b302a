"""Files that are written aside and shown by renaming them: whole or not at all, once, whatever crashes when.

They lie in a hidden folder inside the table's, where no reader looks. That one is still there says that it was not
shown yet; so showing can be repeated.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from penstock.connectors.filesystem.exchange import held
from penstock.core.errors import StateError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "REPLACING",
    "STAGING_PREFIX",
    "Finished",
    "Showing",
    "Staging",
    "finish_replacement",
    "storage_error",
    "sync",
]

STAGING_PREFIX = ".penstock-"
"""How the folders begin in which files lie aside."""
REPLACING = "replacing"
"""The id of the folder of a replacement, which no checkpoint tells of: what is to be shown lies in it too."""
_PROMISE = "promise"


class Finished(NamedTuple):
    """A file that lies aside as `staged`, to be shown in `folder` (inside the table's) as `name`."""

    staged: str
    folder: str
    rows: int
    name: str = ""


class Showing(NamedTuple):
    """What a commit shows: `files`; then `markers`, empty files. Before that, files in `replaced` are taken away."""

    files: list[Finished]
    markers: list[str] = []  # noqa: RUF012
    replaced: list[str] = []  # noqa: RUF012

    def encode(self) -> bytes:
        """As a token; b"" where there is nothing to do."""
        return json.dumps(self).encode() if any(self) else b""

    @classmethod
    def decode(cls, token: bytes) -> Showing:
        files, markers, replaced = json.loads(token)
        return cls([Finished(*f) for f in files], markers, replaced)


@contextmanager
def storage_error(where: str, doing: str) -> Iterator[None]:
    """Turn what the file system refuses into a StorageError that says what was being done."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        read_only = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        code = "storage-full" if full else "storage-read-only" if read_only else "storage-io"
        hint = "free disk space" if full else "make the folder writable" if read_only else "check the disk"
        raise StorageError(
            f"{doing} failed: {error.strerror or error}" + (f" ({error.filename})" if error.filename else ""),
            code=code,
            where=where,
            hint=f"{hint} and run again: it goes on from the last checkpoint, nothing is lost",
        ) from None


@dataclass(slots=True)
class Staging:
    """The hidden folder of one sink in `base`, the table's folder; `id` tells it from those of other sinks."""

    base: Path
    id: str
    where: str
    _unsynced: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.base / f"{STAGING_PREFIX}{self.id}"

    def begin(self) -> None:
        """Finish or forget what a replacement has left that a crash has cut off."""
        finish_replacement(self.base, self.where)

    def taken(self, folder: str, name: str) -> bool:
        """Whether a file of the table's `folder` is called so."""
        with storage_error(self.where, f"looking into '{self.base / folder}'"):
            return (self.base / folder / name).exists()

    def write(self, name: str, data: bytes) -> None:
        """Write a file aside. Raises StorageError; then nothing of it is left."""
        path = self.folder / name
        with storage_error(self.where, f"writing a file of {len(data)} bytes to '{self.base}'"):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(data)
            except OSError:
                path.unlink(missing_ok=True)
                raise
        self._unsynced.append(name)

    def sync(self) -> None:
        """All that was written survives a power cut from here on."""
        if not self._unsynced:
            return
        with storage_error(self.where, f"writing files to '{self.base}'"):
            for path in (*(self.folder / name for name in self._unsynced), self.folder, self.base):
                sync(path)
        self._unsynced.clear()

    def sweep(self, held: Iterable[str], shown: Iterable[str]) -> None:
        """Remove what lies aside, except for `held` and `shown`, which is perhaps shown already.

        Raises StateError if one of `held` is not there.
        """
        needed = set(held)
        kept = needed.union(shown)
        with storage_error(self.where, f"cleaning up in '{self.base}'"):
            there = {entry.name for entry in os.scandir(self.folder)} if self.folder.is_dir() else set()
            for name in there - kept:
                (self.folder / name).unlink()
        if needed - there:
            raise StateError(
                f"file '{self.folder / min(needed - there)}' is gone, which holds rows that were not shown yet",
                code="staged-file-gone",
                where=self.where,
                hint="put it back, or run with --fresh",
            )

    def show(self, showing: Showing) -> None:
        """Do what a token says, as far as it was not done before.

        1. Files that are replaced go aside, so that no reader sees old and new rows together.
        2. Each new file gets its name; if another file has taken that meanwhile, the next free one.
        3. Folders are synced, so that all of it survives a power cut.
        4. Markers say that partitions are complete.
        5. What was replaced is removed.
        """
        with storage_error(self.where, f"showing files in '{self.base}'"), held(self.base, alone=False):
            if showing.replaced:
                self.folder.mkdir(exist_ok=True)
            for number, old in enumerate(showing.replaced):
                if (self.base / old).exists():
                    (self.base / old).rename(self.folder / f"old-{number}")
            folders = {self.base / f.folder for f in showing.files} | {(self.base / o).parent for o in showing.replaced}
            for file in showing.files:
                self._show(file)
            for folder in sorted(f for f in folders if f.is_dir()):
                sync(folder)
            for marker in showing.markers:
                (self.base / marker).touch()
            for number in range(len(showing.replaced)):
                (self.folder / f"old-{number}").unlink(missing_ok=True)

    def _show(self, file: Finished) -> None:
        staged = self.folder / file.staged
        if not staged.exists():
            return
        target = self.base / file.folder / file.name
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True)
            _sync_up(target.parent, self.base)
        staged.rename(free_name(target))

    def promise(self, showing: Showing) -> None:
        """Write down what is to be shown: from here on `finish_replacement` does it, whoever calls that."""
        self.write(f"{_PROMISE}.tmp", showing.encode())
        self.sync()
        with storage_error(self.where, f"writing files to '{self.base}'"):
            (self.folder / f"{_PROMISE}.tmp").rename(self.folder / _PROMISE)
            sync(self.folder)

    def keep_promise(self) -> None:
        """Do what was promised, if something was."""
        promise = self.folder / _PROMISE
        with storage_error(self.where, f"showing files in '{self.base}'"):
            if promise.is_file():
                self.show(Showing.decode(promise.read_bytes()))
                promise.unlink()

    def close(self, *, keep: bool) -> None:
        """Remove the folder, if nothing lies in it, or nobody wants what does."""
        with storage_error(self.where, f"cleaning up in '{self.base}'"):
            if self.folder.is_dir() and not (keep and any(self.folder.iterdir())):
                shutil.rmtree(self.folder)


def finish_replacement(base: Path, where: str) -> None:
    """Finish what a crash has cut off: a replacement of files in `base` is done if it was promised, else forgotten."""
    staging = Staging(base, REPLACING, where)
    staging.keep_promise()
    staging.close(keep=False)


def free_name(path: Path) -> Path:
    """`path`, or the first with a running number that is not taken."""
    number = 0
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return free


def sync(path: Path) -> None:
    """Write a file or folder through to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_up(folder: Path, base: Path) -> None:
    """The folders from `folder` up to `base`: their entries are new."""
    while folder != base.parent:
        sync(folder)
        folder = folder.parent
