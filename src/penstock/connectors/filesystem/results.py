"""The files that INSERTs have written into a table: for questions, and for beginning anew."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.connectors.filesystem.archive import FolderPlace
from penstock.connectors.filesystem.exchange import held
from penstock.connectors.filesystem.folder import listed
from penstock.connectors.filesystem.options import SUCCESS_NAME, file_table
from penstock.connectors.filesystem.places import archive_of
from penstock.connectors.filesystem.remote import bucket_rows
from penstock.connectors.filesystem.staging import STAGING_PREFIX, storage_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.sql.catalog import Table

__all__ = ["ParquetFiles", "clear_results", "parquet_files", "result_ending"]


def result_ending(options: TableOptions) -> str:
    """How the names of a table's files end."""
    return f".{options.value_format.format.name}"


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """The finished files of a table: those of this machine, and frames of the rows of those in a bucket, if any."""

    paths: tuple[str, ...]
    beside: Iterator[pl.DataFrame] | None = None


def parquet_files(
    table: Table, options: TableOptions, world: World, columns: frozenset[str] | None
) -> ParquetFiles | None:
    """The finished files of a Parquet table, archived ones too; None for other formats.

    None too where columns are not all in files. Of rows in a bucket at least `columns` are read (None: all).
    """
    if options.value_format.format.name != "parquet" or not all(c.is_physical for c in table.columns):
        return None
    files = file_table(options, world)
    if files.bucket is not None:
        return ParquetFiles((), bucket_rows(files, files.bucket, _parquet(files.bucket.names()), columns))
    own = {f.name: f.path for f in listed(files)} if files.path.exists() else {}
    place = archive_of(files, world)  # looked into after the table's folder: what has moved meanwhile is seen
    if place is None:
        return ParquetFiles(tuple(own.values()))
    moved = _parquet(place.names().keys() - own.keys())
    if isinstance(place, FolderPlace):
        return ParquetFiles((*own.values(), *(str(place.path / name) for name in moved)))
    return ParquetFiles(tuple(own.values()), bucket_rows(files, place, moved, columns) if moved else None)


def _parquet(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.endswith(".parquet"))


def clear_results(_: Table, options: TableOptions, world: World, *, act: bool) -> int:
    """How many files INSERTs have written; `act` removes them, and what lies beside them for the same purpose."""
    files = file_table(options, world)
    if files.bucket is not None:
        found = [name for name in files.bucket.names() if name.endswith(result_ending(options))]
        if act:
            files.bucket.delete(files.bucket.all_names(""))
        return len(found)
    if not files.path.is_dir():
        return 0
    results = [Path(f.path) for f in listed(files) if f.path.endswith(result_ending(options))]
    if act:
        with storage_error(files.where, f"removing the files of '{files.path}'"), held(files.path, alone=True):
            for path in results:
                path.unlink()
            _tidy(files.path, options.values[SUCCESS_NAME])
    return len(results)


def _tidy(folder: Path, marker: str) -> None:
    """Remove what was written aside, markers, and folders that are empty then, below `folder`."""
    for entry in list(os.scandir(folder)):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and entry.name.startswith(STAGING_PREFIX):
            shutil.rmtree(path)
        elif entry.is_dir(follow_symlinks=False):
            _tidy(path, marker)
            if not any(path.iterdir()):
                path.rmdir()
        elif entry.name == marker:
            path.unlink()
