"""Many small Parquet files of a partition become few large ones, in one step for all who read."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl

from penstock.connectors.filesystem.exchange import exchange, held
from penstock.connectors.filesystem.naming import is_hidden
from penstock.connectors.filesystem.staging import REPLACING, STAGING_PREFIX, storage_error, sync
from penstock.core.errors import InternalError, StorageError
from penstock.formats.parquet import COMPRESSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.connectors.filesystem.folder import Found
    from penstock.connectors.filesystem.options import FileTable
    from penstock.formats.parquet import Codec

__all__ = ["COMPACTED", "LARGE", "Compacted", "compact", "is_due", "partition_files", "sweep_compaction"]

LARGE = 10 << 20
"""A file of so many bytes needs no compaction."""
TARGET = 32 << 20
COMPACTED = "compacted-"
"""How the names of files begin that compaction has named: no other file ever has the same."""

_ASIDE = f"{STAGING_PREFIX}compacting"
_SAMPLE = 100_000


@dataclass(slots=True)
class Compacted:
    """What became of the files of a partition: how many there were and are, their rows, and bytes."""

    files_before: int
    bytes_before: int
    rows: int = 0
    files: list[str] = field(default_factory=list)
    bytes: int = 0


def is_due(files: Sequence[Found]) -> bool:
    """Whether compaction would make fewer files of those of one partition."""
    small = [f for f in files if f.size < LARGE]
    return len(small) > 1 and any(not f.name.rpartition("/")[2].startswith(COMPACTED) for f in small)


def sweep_compaction(table: FileTable) -> None:
    """Remove what a compaction has left that a crash has cut off; what it has not shown is as if it never was."""
    with storage_error(table.where, f"cleaning up in '{table.path}'"):
        shutil.rmtree(table.path / _ASIDE, ignore_errors=True)


def compact(table: FileTable, folder: str, files: Sequence[Found]) -> Compacted | None:
    """Put few files in the place of `files`, those of a partition's `folder`; None where they changed meanwhile.

    All get names that begin with COMPACTED; those that are large already, or have columns of other types, keep their
    content. Files that others show meanwhile stay. The rows are read again and compared before anything is shown, and
    whoever reads the folder finds the old files or the new ones.

    Raises StorageError, also where the file system cannot exchange folders.
    """
    sweep_compaction(table)
    aside = table.path / _ASIDE / folder
    done = Compacted(len(files), sum(f.size for f in files))
    with storage_error(table.where, f"compacting '{table.path / folder}'"):
        aside.mkdir(parents=True)
        try:
            for group in _alike(files):
                _write(table, aside, group, done)
        except FileNotFoundError:
            return None
        for name in done.files:
            sync(aside / name)
        sync(aside)
        shown = _show(table, folder, aside, files)
        shutil.rmtree(table.path / _ASIDE)
    return done if shown else None


def _alike(files: Sequence[Found]) -> list[list[Found]]:
    """Small files of equal columns together, in the order of their names; others alone."""
    small: dict[str, list[Found]] = {}
    alone = []
    for file in files:
        if file.size >= LARGE:
            alone.append([file])
        else:
            small.setdefault(str(pl.read_parquet_schema(file.path)), []).append(file)
    return [*small.values(), *alone]


def _write(table: FileTable, aside: Path, group: Sequence[Found], done: Compacted) -> None:
    """The rows of a group of files, in files of about TARGET bytes."""
    if len(group) == 1:
        name = _new_name()
        os.link(group[0].path, aside / name)
        done.files.append(name)
        done.rows += _rows(group[0].path)
        done.bytes += group[0].size
        return
    codec = cast("Codec", table.options.value_format.options.get(COMPRESSION.name, COMPRESSION.default).lower())
    for frame in _batches(group, codec):
        name = _new_name()
        frame.write_parquet(aside / name, compression=codec)
        if not pl.read_parquet(aside / name, glob=False, hive_partitioning=False).equals(frame, null_equal=True):
            raise InternalError(f"rows that were compacted read differently again: '{table.path}'", where=table.where)
        done.files.append(name)
        done.rows += frame.height
        done.bytes += (aside / name).stat().st_size


def _batches(group: Sequence[Found], codec: Codec) -> Iterator[pl.DataFrame]:
    """All rows of files, cut so that each batch makes a file of about TARGET bytes."""
    frames: list[pl.DataFrame] = []
    size, ratio = 0, 0.0
    for file in group:
        frames.append(pl.read_parquet(file.path, glob=False, hive_partitioning=False))
        size += int(frames[-1].estimated_size())
        if not ratio and (sum(f.height for f in frames) >= _SAMPLE or size >= TARGET):
            ratio = _ratio(pl.concat(frames), codec)
        if ratio and size * ratio >= TARGET:
            yield pl.concat(frames)
            frames, size = [], 0
    if frames:
        yield pl.concat(frames)


def _ratio(frame: pl.DataFrame, codec: Codec) -> float:
    """Bytes of a file for each byte of memory."""
    import io

    file = io.BytesIO()
    frame.write_parquet(file, compression=codec)
    return file.tell() / max(1, int(frame.estimated_size()))


def _show(table: FileTable, folder: str, aside: Path, files: Sequence[Found]) -> bool:
    """Let `aside` take the place of the partition's folder, with what else is in there by now; whether it did."""
    live = table.path / folder
    old = {Path(f.path).name for f in files}
    with held(table.path, alone=True):
        there = {e.name: e for e in os.scandir(live)} if live.is_dir() else {}
        if (table.path / f"{STAGING_PREFIX}{REPLACING}").exists() or not old <= there.keys():
            return False
        for name in there.keys() - old:
            if there[name].is_dir(follow_symlinks=False):
                return False
            os.link(there[name].path, aside / name, follow_symlinks=False)
        sync(aside)
        try:
            exchange(live, aside)
        except OSError as error:
            raise StorageError(
                f"'{live}' cannot be exchanged in one step: {error.strerror}",
                code="compact-exchange",
                where=table.where,
                hint="nothing was changed; put the table's folder on a file system such as ext4, xfs or btrfs",
            ) from None
        sync(live.parent)
    return True


def _rows(path: str) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _new_name() -> str:
    return f"{COMPACTED}{uuid.uuid4().hex[:16]}.parquet"


def partition_files(files: Sequence[Found]) -> dict[str, list[Found]]:
    """Parquet files by the folder that they are in, inside the table's."""
    found: dict[str, list[Found]] = {}
    for file in files:
        folder, _, name = file.name.rpartition("/")
        if name.endswith(".parquet") and not is_hidden(name):
            found.setdefault(folder, []).append(file)
    return found
