"""Where days of a table go that are older than its retention: another folder, or a bucket. They count all the same.

A file is in the table's folder, or in the archive, or for a moment in both under one name; the table's own counts then.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from penstock.connectors.filesystem.exchange import held
from penstock.connectors.filesystem.naming import is_hidden
from penstock.connectors.filesystem.staging import storage_error, sync
from penstock.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.connectors.filesystem.folder import Found
    from penstock.connectors.filesystem.options import FileTable

__all__ = ["FolderPlace", "Place", "archive"]


class Place(Protocol):
    """Files by their names, paths with /; hidden ones are not told. Every method raises StorageError."""

    name: str
    """In words."""

    def names(self) -> dict[str, int]:
        """All files, with their sizes."""
        ...

    def get(self, name: str) -> bytes: ...

    def put(self, name: str, data: bytes) -> None:
        """A file is there whole, for good, or not at all."""
        ...


class FolderPlace:
    """A folder of this machine."""

    def __init__(self, path: Path, where: str) -> None:
        self.path = path
        self.name = str(path)
        self._where = where

    def names(self) -> dict[str, int]:
        with storage_error(self._where, f"looking into '{self.path}'"):
            found = {}
            for folder, folders, files in os.walk(self.path):
                folders[:] = [f for f in folders if not is_hidden(f)]
                for file in files:
                    if not is_hidden(file):
                        path = Path(folder) / file
                        found[path.relative_to(self.path).as_posix()] = path.stat().st_size
            return found

    def get(self, name: str) -> bytes:
        with storage_error(self._where, f"reading '{self.path / name}'"):
            return (self.path / name).read_bytes()

    def put(self, name: str, data: bytes) -> None:
        path = self.path / name
        aside = path.with_name(f".{path.name}.tmp")
        with storage_error(self._where, f"writing {len(data)} bytes to '{path}'"):
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            sync(aside)
            aside.rename(path)
            for folder in (path.parent, *path.parent.parents):
                sync(folder)
                if folder == self.path.parent:
                    break


def archive(table: FileTable, folder: str, files: Sequence[Found], place: Place, marker: str) -> tuple[int, int]:
    """Move `files`, those of a partition's `folder`, into the archive; their (rows, bytes).

    A file is removed from the table's folder only when it was read back from the archive, equal byte for byte and with
    as many rows. `marker` is the name of the file that says that a partition is complete. Raises StorageError.
    """
    rows = size = 0
    for file in files:
        with storage_error(table.where, f"reading '{file.path}'"):
            data = Path(file.path).read_bytes()
        place.put(file.name, data)
        rows += _verified(table, place, file.name, data)
        size += len(data)
        with storage_error(table.where, f"removing '{file.path}'"):
            Path(file.path).unlink()
    with storage_error(table.where, f"removing '{table.path / folder}'"), held(table.path, alone=True):
        left = {entry.name for entry in os.scandir(table.path / folder)}
        if left <= {marker}:
            (table.path / folder / marker).unlink(missing_ok=True)
            (table.path / folder).rmdir()
    return rows, size


def _verified(table: FileTable, place: Place, name: str, data: bytes) -> int:
    """How many rows an archived file has, once it is seen to be `data`."""
    there = place.get(name)
    if hashlib.blake2b(there).digest() == hashlib.blake2b(data).digest():
        return int(pl.scan_parquet(io.BytesIO(there)).select(pl.len()).collect().item())
    raise StorageError(
        f"'{name}' reads differently from the archive {place.name} than it was written",
        code="archive-differs",
        where=table.where,
        hint="nothing of it was removed; check the archive, and run upkeep again",
    )
