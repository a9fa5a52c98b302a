"""Parquet files without the rows of a person: those of tables, those that lie aside, and those of archives."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl

from penstock.connectors.filesystem.exchange import held
from penstock.connectors.filesystem.partitions import unescaped
from penstock.connectors.filesystem.staging import STAGING_PREFIX, storage_error, sync
from penstock.core.errors import StorageError
from penstock.formats.parquet import COMPRESSION

if TYPE_CHECKING:
    from penstock.connectors.filesystem.archive import Place
    from penstock.connectors.filesystem.options import FileTable
    from penstock.formats.parquet import Codec
    from penstock.project.forget.person import Person

__all__ = ["forget_archived", "forget_in_folder"]

_ASIDE = ".forgetting"
"""How the name of a file ends that is to come in the place of another."""


def forget_in_folder(table: FileTable, person: Person, *, dry_run: bool = False) -> tuple[int, int]:
    """Write the files of a table's folder anew without the person: (rows that went, values replaced in staged ones).

    A file keeps its name; one that has no row left goes, unless it lies aside to be shown. With `dry_run` they are
    counted alone. Raises StorageError, also for a file that is none of Parquet.
    """
    rows = cells = 0
    with storage_error(table.where, f"removing rows from '{table.path}'"), held(table.path, alone=True):
        for folder, _, names in os.walk(table.path):
            for name in names:
                path = Path(folder) / name
                staged = path.relative_to(table.path).parts[0].startswith(STAGING_PREFIX)
                if not path.is_file() or ".parquet" not in name:
                    continue
                if name.endswith(_ASIDE):  # of a time when this was cut off
                    if not dry_run:
                        path.unlink()
                elif staged:
                    cells += _replace_in(table, path, person, dry_run=dry_run)
                else:
                    rows += _forget_in(table, path, person, dry_run=dry_run)
    return rows, cells


def forget_archived(table: FileTable, place: Place, person: Person, *, dry_run: bool = False) -> int:
    """The same of an archive, where a file without rows stays: how many rows went."""
    rows = 0
    for name in place.names():
        if name.endswith(".parquet"):
            data = place.get(name)
            frame = pl.read_parquet(io.BytesIO(data))
            kept = frame.filter(~_of(person, frame, name))
            rows += frame.height - kept.height
            if kept.height < frame.height and not dry_run:
                place.put(name, _parquet(table, kept))
    return rows


def _forget_in(table: FileTable, path: Path, person: Person, *, dry_run: bool) -> int:
    frame = _read(table, path)
    kept = frame.filter(~_of(person, frame, path.relative_to(table.path).as_posix()))
    if kept.height == frame.height or dry_run:
        return frame.height - kept.height
    if kept.height:
        _put(path, _parquet(table, kept))
    else:
        path.unlink()
        _remove_empty(path.parent, table.path)
    return frame.height - kept.height


def _replace_in(table: FileTable, path: Path, person: Person, *, dry_run: bool) -> int:
    frame = _read(table, path)
    changed, cells = person.replaced(frame)
    if cells and not dry_run:
        _put(path, _parquet(table, changed))
    return cells


def _read(table: FileTable, path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, glob=False, hive_partitioning=False)
    except pl.exceptions.PolarsError as error:
        raise StorageError(
            f"'{path}' cannot be read as Parquet: {error}",
            code="file-unreadable",
            where=table.where,
            hint="move it away and repeat this; what was removed before is removed",
        ) from None


def _of(person: Person, frame: pl.DataFrame, name: str) -> pl.Series:
    """Which rows of a file are the person's: by a column, or by the folder that the file is in."""
    mask = pl.repeat(value=False, n=frame.height, eager=True)
    for column in person.columns:
        folders = [part.partition("=") for part in name.split("/")[:-1]]
        if any(unescaped(key) == column and unescaped(value) == person.value for key, sign, value in folders if sign):
            return ~mask
        if column in frame.columns:
            mask = mask | person.equal(frame[column])
    return mask


def _parquet(table: FileTable, frame: pl.DataFrame) -> bytes:
    codec = cast("Codec", table.options.value_format.options.get(COMPRESSION.name, COMPRESSION.default).lower())
    file = io.BytesIO()
    frame.write_parquet(file, compression=codec)
    return file.getvalue()


def _put(path: Path, data: bytes) -> None:
    """A file in the place of another, in one step."""
    aside = path.with_name(f".{path.name}{_ASIDE}")
    aside.write_bytes(data)
    sync(aside)
    aside.rename(path)
    sync(path.parent)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
