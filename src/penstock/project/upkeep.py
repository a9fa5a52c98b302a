"""Upkeep of tables of Parquet files: closed days become few large files, old ones go to the archive."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.filesystem.archive import archive
from penstock.connectors.filesystem.bucket import is_bucket
from penstock.connectors.filesystem.compacting import (
    COMPACTED,
    compact,
    is_due,
    partition_files,
    sweep_compaction,
)
from penstock.connectors.filesystem.folder import listed
from penstock.connectors.filesystem.options import PATH, REGEX, SUCCESS_NAME, file_table
from penstock.connectors.filesystem.places import archive_of
from penstock.connectors.spec import TableOptions
from penstock.core.errors import ConfigError
from penstock.log import EngineLock
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from penstock.connectors.filesystem.archive import Place
    from penstock.connectors.filesystem.folder import Found
    from penstock.connectors.filesystem.options import FileTable
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Done", "done_frame", "upkeep"]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with a partition (or would be): `act` is compact, archive, or skip with the `reason`."""

    table: str
    partition: str
    act: str
    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    reason: str = ""


def upkeep(penstock: Penstock, *, dry_run: bool = False, report: Callable[[Done], None] | None = None) -> list[Done]:
    """Do the upkeep of all tables; what was done, partition by partition, also told to `report` as it goes.

    Compacts the partitions of days that are over (UTC), and moves those older than the table's retention to its
    archive. It may go on beside a running engine and questions. With `dry_run` nothing is changed, and rows and bytes
    that are not yet known are 0.

    Raises LockedError while another upkeep is at work, ConfigError for settings that do not fit, StorageError.
    """
    if penstock.home is None:
        raise ConfigError("a project in memory has no files to keep up", code="upkeep-memory")
    _check_names(penstock)
    done = []
    penstock.home.mkdir(parents=True, exist_ok=True)
    with EngineLock(penstock.home / "upkeep.lock"):
        for table in penstock.definition.tables:
            for one in _of_table(penstock, table, dry_run=dry_run):
                done.append(one)
                if report is not None:
                    report(one)
    return done


def done_frame(done: Sequence[Done]) -> pl.DataFrame:
    """A row for each."""
    kinds = {f.name: pl.String if f.type == "str" else pl.Int64 for f in fields(Done)}
    return pl.DataFrame([astuple(one) for one in done], schema=kinds, orient="row")


def _check_names(penstock: Penstock) -> None:
    known = {t.name for t in penstock.definition.tables}
    for name in penstock.settings.tables:
        if name not in known:
            raise ConfigError(
                f"penstock.toml has [tables.{name}], and there is no such table",
                code="upkeep-table",
                hint="there are " + ", ".join(sorted(known)),
            )


def _of_table(penstock: Penstock, table: Table, *, dry_run: bool) -> Iterator[Done]:
    if table.connector != "filesystem":
        return
    options = TableOptions(table, connector_named(table))
    if options.value_format.format.name != "parquet":
        return
    if reason := _hindrance(penstock, table, options):
        yield Done(table.name, "", "skip", reason=reason)
        return
    files = file_table(options, penstock.world)
    if not files.path.is_dir():
        return
    if not dry_run:
        sweep_compaction(files)
    settings = penstock.settings.tables.get(table.name)
    place = archive_of(files, penstock.world)
    now = dt.datetime.fromtimestamp(penstock.clock.now_ms() / 1000, dt.UTC)
    kept = settings.retention if settings is not None else None
    archived = place.names().keys() if place is not None else ()
    for folder, found in partition_files(listed(files)).items():
        day = _day(found[0])
        if day is None:
            yield Done(table.name, folder, "skip", len(found), reason="its first folder is no day, yyyy-MM-dd")
        elif day < now.date():
            over = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
            old = kept is not None and now - over >= dt.timedelta(milliseconds=kept)
            # of those that are there too, a crash came before they were removed here
            twice = [] if dry_run else [f for f in found if f.name in archived]
            if place is not None and twice:
                yield _archived(files, folder, twice, place)
            if rest := [f for f in found if f not in twice]:
                yield from _of_partition(files, folder, rest, place if old else None, dry_run=dry_run)


def _hindrance(penstock: Penstock, table: Table, options: TableOptions) -> str:
    """Why a table's files are left alone; "" if they are not."""
    if is_bucket(options.values[PATH]):
        return "its files are in a bucket"
    if options.values[REGEX] is not None:
        return f"'{REGEX.name}' chooses among its files by their names"
    if not table.partitioned_by:
        return "it is not PARTITIONED BY a day"
    for definition in penstock.definition.pipelines:
        for node in p.nodes(definition.plan):
            if isinstance(node, p.Scan) and node.table.path == table.path:
                return f"pipeline {definition.name} reads its files one by one"
            if isinstance(node, p.Sink) and node.table.path == table.path and node.overwrite:
                return f"pipeline {definition.name} overwrites its partitions"
    return ""


def _day(file: Found) -> dt.date | None:
    try:
        return dt.date.fromisoformat(file.partition[0])
    except ValueError:
        return None


def _of_partition(
    table: FileTable, folder: str, found: Sequence[Found], place: Place | None, *, dry_run: bool
) -> Iterator[Done]:
    size = sum(f.size for f in found)
    renamed = place is not None and any(not f.name.rpartition("/")[2].startswith(COMPACTED) for f in found)
    if is_due(found) or renamed:
        if dry_run:
            yield Done(table.name, folder, "compact", len(found), bytes_before=size)
        else:
            made = compact(table, folder, found)
            if made is None:
                yield Done(table.name, folder, "skip", len(found), reason="its files are changing just now")
                return
            yield Done(
                table.name,
                folder,
                "compact",
                made.files_before,
                len(made.files),
                made.rows,
                made.bytes_before,
                made.bytes,
            )
            found = [
                f for f in partition_files(listed(table)).get(folder, []) if f.name.rpartition("/")[2] in made.files
            ]
    if place is None:
        return
    if dry_run:
        yield Done(table.name, folder, "archive", len(found), bytes_before=size)
        return
    yield _archived(table, folder, found, place)


def _archived(table: FileTable, folder: str, found: Sequence[Found], place: Place) -> Done:
    rows, moved = archive(table, folder, found, place, table.options.values[SUCCESS_NAME])
    return Done(table.name, folder, "archive", len(found), len(found), rows, moved, moved)
