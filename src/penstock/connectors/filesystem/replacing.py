"""Results that are computed anew: their files take the place of those that an INSERT has written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors.filesystem.exchange import held
from penstock.connectors.filesystem.folder import listed
from penstock.connectors.filesystem.multisets import difference, near
from penstock.connectors.filesystem.options import file_table
from penstock.connectors.filesystem.partitions import by_folder
from penstock.connectors.filesystem.results import result_ending
from penstock.connectors.filesystem.scan import file_scan
from penstock.connectors.filesystem.staging import REPLACING, Staging, finish_replacement
from penstock.connectors.filesystem.writing import file_encoder
from penstock.core.batch import SEQ
from penstock.core.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.connectors.filesystem.options import FileTable
    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.sql.catalog import Table

__all__ = ["replace_results"]

_ROWS = 1 << 16
"""So many rows are written, or read, at once."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A partition whose rows differ; `texts` are in the name of its `folder`, `written` and `removed` how many do."""

    folder: str
    texts: tuple[str | None, ...]
    before: pl.DataFrame
    after: pl.DataFrame
    written: int
    removed: int


def replace_results(
    _: Table, options: TableOptions, world: World, before: pl.DataFrame, after: pl.DataFrame
) -> tuple[int, int]:
    """Put the rows `after` in the place of `before`, each all that an INSERT gives: (rows written, rows removed).

    Partitions in which they do not differ stay as they are, as do those where `after` stands already. Readers see
    the old files or the new ones. After a crash, at any point, another call finishes it (as does the next INSERT).

    Raises ConfigError where a partition holds other rows than `before` (or `after`), and nothing is changed then.
    """
    table = file_table(options, world)
    if table.bucket is not None:
        raise UnsupportedError(
            f"the files of {table.bucket.name} cannot be replaced: a bucket replaces them one by one",
            code="replace-bucket",
            where=table.where,
            hint="replay without --rebuild",
        )
    with held(table.path, alone=False):
        finish_replacement(table.path, table.where)
        changes, old = [], []
        for change in _changes(table, before, after):
            files, rows = _now(table, change.folder, world)
            if _stands(table, change, rows):
                changes.append(change)
                old += files
        if changes:
            _replace(table, options, world, changes, old)
    return sum(c.written for c in changes), sum(c.removed for c in changes)


def _changes(table: FileTable, before: pl.DataFrame, after: pl.DataFrame) -> Iterator[_Change]:
    names = [f.name for f in (*table.partitioned, *table.columns)]
    frames = [by_folder(frame.select(names), table.partitioned, table.default_name) for frame in (before, after)]
    olds, news = ({folder: (texts, rows) for folder, texts, rows in parts} for parts in frames)
    none = before.select(f.name for f in table.columns).clear()
    for folder in sorted(olds.keys() | news.keys()):
        texts = (news.get(folder) or olds[folder])[0]
        old, new = (parts[folder][1] if folder in parts else none for parts in (olds, news))
        written, removed = difference(old, new)
        if written or removed:
            yield _Change(folder, texts, old, new, written, removed)


def _now(table: FileTable, folder: str, world: World) -> tuple[list[str], pl.DataFrame]:
    """The files of a partition, by their paths in the table's folder, and their rows; NULLs for what is no row."""
    from penstock.connectors.filesystem.reader import FileReader

    part = replace(table, path=table.path / folder, partitioned=())
    none = pl.DataFrame(schema={f.name: f.type.polars for f in table.columns})
    if not part.path.is_dir():
        return [], none
    prefix = f"{folder}/" if folder else ""
    files = [prefix + f.name for f in listed(part)]
    reader = FileReader("replacing", part, [file_scan(part, "rows", [f.name for f in table.columns])], world)
    reader.bound()
    frames = [none]
    while (job := reader.read(_ROWS)) is not None:
        chunk = job().chunks["rows"]
        frames += [chunk.frame.drop(SEQ), none.clear(chunk.bad["seq"].n_unique())]
    return files, pl.concat(frames)


def _stands(table: FileTable, change: _Change, now: pl.DataFrame) -> bool:
    """Whether the rows that are there `now` are those from before, not those that are to be.

    Raises ConfigError if they are neither.
    """
    before, after = _as_stored(table, change.before), _as_stored(table, change.after)
    if difference(now, after) == (0, 0):
        return False
    if near(now, before):
        return True
    if near(now, after):
        return False
    missing, foreign = difference(now, before)
    raise ConfigError(
        f"the files in '{table.path / change.folder}' are not what the INSERT wrote: it did not write {foreign} of"
        f" their rows, and {missing} that it wrote are not there",
        code="replace-foreign",
        where=table.where,
        hint="what others wrote would be lost: put it elsewhere, or replay without --rebuild",
    )


def _as_stored(table: FileTable, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they are read again, NULLs for those that cannot be: not each format keeps all of a value."""
    if table.options.value_format.format.name == "parquet" or rows.is_empty():
        return rows
    scan = file_scan(replace(table, partitioned=()), "rows", [f.name for f in table.columns])
    decoded = scan.decode(file_encoder(table)(rows))
    return pl.concat([decoded.frame, decoded.frame.clear(decoded.bad["row"].n_unique())])


def _replace(table: FileTable, options: TableOptions, world: World, changes: list[_Change], old: list[str]) -> None:
    """Write the new files aside, promise to show them in the place of `old`, and do so."""
    from penstock.connectors.filesystem.sink import FileSink

    sink = FileSink(table, file_encoder(table), result_ending(options), world.clock, staging=REPLACING)
    for change in changes:
        for rows in change.after.iter_slices(_ROWS):
            if rows.height:
                sink.add(change.folder, change.texts, rows)
    sink.finish()
    known = {path.rpartition("/")[0] for path in old}
    showing = sink.due()
    # what is not complete yet is said to be so when it is; a partition that is new nobody else tells of
    markers = [m for m in showing.markers if m.rpartition("/")[0] not in known]
    Staging(table.path, REPLACING, table.where).promise(showing._replace(markers=markers, replaced=old))
    finish_replacement(table.path, table.where)
