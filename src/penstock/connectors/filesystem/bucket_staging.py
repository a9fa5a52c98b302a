"""Files of a bucket that are written aside and shown by a commit, as `Staging` does in a folder.

A bucket renames nothing: an object that lies aside is written again under its name, if nobody has that, and then
removed. That it still lies aside says that it was perhaps not shown yet; so showing can be repeated.
"""

from __future__ import annotations

from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from penstock.connectors.filesystem.staging import STAGING_PREFIX
from penstock.core.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.connectors.filesystem.bucket import Bucket
    from penstock.connectors.filesystem.staging import Finished, Showing

__all__ = ["BucketStaging"]


class BucketStaging:
    """The hidden folder of one sink in a table's bucket; `id` tells it from those of other sinks."""

    def __init__(self, bucket: Bucket, id_: str, where: str) -> None:
        self.id = id_
        self._bucket = bucket
        self._where = where
        self._folder = f"{STAGING_PREFIX}{id_}"
        self._there: set[str] | None = None
        """The table's objects, as far as this sink knows: names are looked for among them before they are given."""

    def begin(self) -> None:
        """Nothing is left of others."""

    def write(self, name: str, data: bytes) -> None:
        """Write an object aside. Raises StorageError."""
        self._bucket.put(f"{self._folder}/{name}", data)

    def sync(self) -> None:
        """A bucket keeps what it has acknowledged."""

    def taken(self, folder: str, name: str) -> bool:
        """Whether an object of the table is called so."""
        if self._there is None:
            self._there = set(self._bucket.names())
        return _joined(folder, name) in self._there

    def sweep(self, held: Iterable[str], shown: Iterable[str]) -> None:
        """As `Staging.sweep`. Raises StateError if one of `held` is not there."""
        needed = set(held)
        there = {PurePosixPath(n).name for n in self._bucket.all_names(self._folder)}
        self._bucket.delete(f"{self._folder}/{name}" for name in there - needed.union(shown))
        if needed - there:
            raise StateError(
                f"'{self._bucket.name}/{self._folder}/{min(needed - there)}' is gone, which holds rows that were not"
                " shown yet",
                code="staged-file-gone",
                where=self._where,
                hint="put it back, or run with --fresh",
            )

    def show(self, showing: Showing) -> None:
        """Do what a token says, as far as it was not done before."""
        self._there = None
        for file in showing.files:
            self._show(file)
        for marker in showing.markers:
            self._bucket.put(marker, b"")

    def _show(self, file: Finished) -> None:
        staged = f"{self._folder}/{file.staged}"
        data = self._bucket.find(staged)
        if data is None:
            return
        name = PurePosixPath(_joined(file.folder, file.name))
        for number in count():
            target = str(name if not number else name.with_name(f"{name.stem}_{number}{name.suffix}"))
            if self._bucket.put_new(target, data, f"{self.id}/{file.staged}"):
                break
        self._bucket.delete([staged])

    def close(self, *, keep: bool) -> None:
        """Remove what lies aside, unless somebody wants it."""
        if not keep:
            self._bucket.delete(list(self._bucket.all_names(self._folder)))


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
