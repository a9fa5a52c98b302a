"""Forgetting a person: from topics, states, files of tables, archives, rejected and late rows; told in numbers."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import log_scan
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import upsert_scan
from penstock.core.errors import ConfigError, did_you_mean
from penstock.engine.pipeline import LATE_TABLE, REJECTS_TABLE
from penstock.log.migrating import KEPT
from penstock.project.audit import TOPIC as AUDIT
from penstock.project.audit import audited
from penstock.project.backup.backup import BACKUPS
from penstock.project.file_places import file_places
from penstock.project.forget.files import forget_archived, forget_in_folder
from penstock.project.forget.forgotten import FORGOTTEN, Forgotten
from penstock.project.forget.person import with_others
from penstock.project.forget.warehouse import forget_in_warehouse, warehouse_columns
from penstock.project.topics import topic_of
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from penstock.connectors.log_scan import LogScan
    from penstock.log.erasing import Erasing
    from penstock.project.forget.person import Person
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["foretold", "forget"]

FACTS = tuple(f"fact {kind}" for kind in ("windows/", "watermarks/", "ledger/", "replayed/", "polls/", "fixed/"))
"""Those that are made of rows; the others are settings, users, schemas: what somebody has said."""


def foretold(penstock: Penstock, person: Person) -> list[Forgotten]:
    """What `forget` would do, place by place; nothing is changed, and the project may run meanwhile.

    Raises ConfigError where no table has the columns, StorageError, WarehouseError.
    """
    _require_known(penstock, person)
    erasing = penstock.log.erasing(person.may_be_in, dry_run=True)
    return [*_taken_out(penstock, erasing, person, dry_run=True), *_backups(penstock)]


def forget(penstock: Penstock, person: Person) -> list[Forgotten]:
    """Remove what a person's value is on in the project, of which no pipeline runs; what was done, place by place.

    * Records go from the topics over which a table has one of the columns, and those no table can read that say the
      value; offsets stay. So do rows of Parquet files, in archives too.
    * Rejected and late rows that say it lose their content, and stay as places with a reason.
    * Rows of the warehouse go too, what was computed of them is computed anew, and what it has set aside is emptied.
    * In states, and files that lie aside to be shown, a token takes its place: sums stay as they are.
    * Nothing of it is left in deleted pages, caches or the WAL of the log.

    What is left is told, and so are backups, which are not touched. The audit log has what was done also where it is
    broken off. Raises ConfigError where no table has the columns, LockedError while the project runs, StorageError,
    WarehouseError.
    """
    done: list[Forgotten] = []
    with penstock.locked():
        _require_known(penstock, person)
        complete = False
        try:
            done.extend(_done(penstock, person))
            complete = True
        finally:  # what was removed by then is removed
            told = [asdict(one) for one in done if one.act != "untouched"]
            audited(penstock.log, "forget", ", ".join(person.columns), done=told, complete=complete)
    return done


def _done(penstock: Penstock, person: Person) -> Iterator[Forgotten]:
    """Each act when it is done."""
    erasing = penstock.log.erasing(person.may_be_in)
    yield from _taken_out(penstock, erasing, person, dry_run=False)
    assert penstock.home is not None
    for name in ("backup", "spill"):  # what was cut off in the middle
        shutil.rmtree(penstock.home / name, ignore_errors=True)
    erasing.finish()
    yield from _left(penstock, person)
    yield from _backups(penstock)


def _taken_out(penstock: Penstock, erasing: Erasing, person: Person, *, dry_run: bool) -> Iterator[Forgotten]:
    yield from _records(penstock, erasing, person)
    yield from _set_aside(penstock, erasing, person)
    yield from _states(erasing, person)
    yield from _files(penstock, person, dry_run=dry_run)
    yield from forget_in_warehouse(penstock, person, dry_run=dry_run)


def _require_known(penstock: Penstock, person: Person) -> None:
    if penstock.home is None:
        raise ConfigError("a project in memory keeps nothing", code="forget-memory")
    names = {c.name for table in penstock.definition.tables for c in table.columns}
    missing = [column for column in person.columns if column not in names]
    if missing:
        names |= warehouse_columns(penstock)
        missing = [column for column in missing if column not in names]
    if missing:
        raise ConfigError(
            f"no table has a column '{missing[0]}'",
            code="forget-column",
            hint=did_you_mean(missing[0], names) or "there are " + ", ".join(sorted(names)[:20]),
        )


# -- topics --------------------------------------------------------------------------------------------------


def _records(penstock: Penstock, erasing: Erasing, person: Person) -> Iterator[Forgotten]:
    by_topic: dict[str, list[Table]] = {}
    for table in penstock.definition.tables:
        topic = topic_of(table)
        if topic is not None and any(c.name in person.columns and c.is_physical for c in table.columns):
            by_topic.setdefault(topic, []).append(table)
    for name in (topic.name for topic in penstock.log.topics()):
        if name == AUDIT:
            continue
        scans = [scan for table in by_topic.get(name, ()) for scan in _scans(penstock, table, person)]
        gone = _gone(person, scans) if scans else _saying(person) if name.startswith("__") else _nothing
        if count := erasing.records(name, gone):
            yield Forgotten(f"topic {name}", "removed", count, "records")


def _scans(penstock: Penstock, table: Table, person: Person) -> Iterator[tuple[str, LogScan]]:
    options = TableOptions(table, connector_named(table))
    made = upsert_scan if options.connector.changes else log_scan
    for column in table.columns:
        if column.name in person.columns and column.is_physical:
            scan = p.Scan((p.Column(column.name, column.type),), table)
            yield column.name, made(scan, "forget", options, (column.name,), penstock.world)


def _gone(person: Person, scans: list[tuple[str, LogScan]]) -> Callable[[pl.DataFrame], NDArray[np.bool_]]:
    """Which records are the person's by a column; of those that cannot be read, which say the value."""

    def gone(records: pl.DataFrame) -> NDArray[np.bool_]:
        found = np.zeros(records.height, np.bool_)
        said = person.told(records["value"]).to_numpy() if person.short else _saying(person)(records)
        for column, scan in scans:
            decoded = scan.decode(records["value"], lambda: records["key"])
            hit: NDArray[np.bool_] = person.equal(decoded.frame[column]).to_numpy()
            rows = np.arange(len(hit)) if decoded.rows is None else decoded.rows.to_numpy()
            found[rows[hit]] = True
            for touched in (decoded.bad, decoded.ignored):
                unread = touched["row"].to_numpy()
                found[unread[said[unread]]] = True
        return found

    return gone


def _saying(person: Person) -> Callable[[pl.DataFrame], NDArray[np.bool_]]:
    """Which records say the value, in their key, value or headers."""

    def saying(records: pl.DataFrame) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (person.said(records["value"]) | person.said(records["key"])).to_numpy(writable=True)
        headers = records["headers"]
        for at in headers.is_not_null().arg_true():
            found[at] |= any(person.is_in(h["value"]) or person.is_in(h["key"]) for h in headers[at].to_list())
        return found

    return saying


def _nothing(records: pl.DataFrame) -> NDArray[np.bool_]:
    return np.zeros(records.height, np.bool_)


# -- the system's tables -------------------------------------------------------------------------------------


def _set_aside(penstock: Penstock, erasing: Erasing, person: Person) -> Iterator[Forgotten]:
    for name in penstock.log.tables.names():
        emptied = name in (REJECTS_TABLE, LATE_TABLE)
        count = 0

        def change(frame: pl.DataFrame, emptied: bool = emptied) -> pl.DataFrame | None:
            nonlocal count
            changed, cells = _emptied(frame, person) if emptied else person.replaced(frame)
            count += cells
            return changed if cells else None

        erasing.rows(name, change)
        if count:
            word = "rejected rows" if name == REJECTS_TABLE else "late rows" if name == LATE_TABLE else "values"
            yield Forgotten(f"table penstock.{name}", "emptied" if emptied else "replaced", count, word)


def _emptied(frame: pl.DataFrame, person: Person) -> tuple[pl.DataFrame, int]:
    """Rows that say the value without what they say; how many."""
    texts = [name for name in ("raw", "row", "reason") if name in frame.columns]
    mask = pl.repeat(value=False, n=frame.height, eager=True)
    for name in texts:
        mask = mask | person.told(frame[name])
    count = int(mask.sum())
    chosen = [
        with_others(
            column, mask, pl.Series([FORGOTTEN if column.name == "reason" else None] * count, dtype=column.dtype)
        )
        for column in (frame[name] for name in texts)
    ]
    return frame.with_columns(chosen), count


# -- states and facts ----------------------------------------------------------------------------------------


def _states(erasing: Erasing, person: Person) -> Iterator[Forgotten]:
    counts: Counter[str] = Counter()
    numbers: Counter[str] = Counter()

    def change(pipeline: str, frame: pl.DataFrame) -> pl.DataFrame | None:
        changed, cells = person.replaced(frame)
        counts[f"state of pipeline {pipeline}"] += cells
        numbers[f"state of pipeline {pipeline}"] += person.numbers(changed)
        return changed if cells else None

    def change_text(what: str, value: bytes) -> bytes | None:
        changed = None if what.startswith("fact ") and not what.startswith(FACTS) else person.in_json(value)
        counts[what.partition("\0")[0]] += changed is not None
        return changed

    erasing.states(change)
    erasing.texts(change_text)
    for place, count in counts.items():
        if count:
            yield Forgotten(place, "replaced", count, "values")
    for place, count in numbers.items():
        if count:
            yield Forgotten(place, "left", count, "equal numbers, perhaps of something else: --in-keys replaces keys")


# -- files ---------------------------------------------------------------------------------------------------


def _files(penstock: Penstock, person: Person, *, dry_run: bool) -> Iterator[Forgotten]:
    readers = {
        node.table.name: d.name
        for d in penstock.definition.pipelines
        for node in p.nodes(d.plan)
        if isinstance(node, p.Scan) and node.table.connector == "filesystem"
    }
    for place in file_places(penstock):
        table = place.table
        named = any(
            c in person.columns for c in (*(f.name for f in table.columns), *(f.name for f in table.partitioned))
        )
        parquet = table.options.value_format.format.name == "parquet"
        if not named or not parquet or table.name in readers or table.bucket is not None or not table.path.is_dir():
            if named and table.bucket is not None:
                yield Forgotten(f"table {table.name}", "left", 0, f"its files are in {table.bucket.name}")
            elif named and table.name in readers:
                yield Forgotten(f"table {table.name}", "left", 0, f"pipeline {readers[table.name]} reads its files")
        else:
            rows, cells = forget_in_folder(table, person, dry_run=dry_run)
            if rows:
                yield Forgotten(f"table {table.name}", "removed", rows, "rows of Parquet files")
            if cells:
                yield Forgotten(f"table {table.name}", "replaced", cells, "values in files not shown yet")
        archived = 0
        if named and parquet and place.archive:
            archived = forget_archived(table, place.archive, person, dry_run=dry_run)
        if archived:
            yield Forgotten(f"archive of {table.name}", "removed", archived, "rows of Parquet files")


def _left(penstock: Penstock, person: Person) -> Iterator[Forgotten]:
    """Where the value is still said: records by other columns than those, and other files of the folder."""
    if person.short:
        yield Forgotten("texts", "left", 0, "a value this short is looked for in the columns alone, in no other text")
        return
    for topic in penstock.log.topics():
        saying = _saying(person)
        columns = ("key", "value", "headers")
        count = sum(int(saying(frame).sum()) for frame in penstock.log.read(topic.name, columns=columns))
        if count:
            yield Forgotten(f"topic {topic.name}", "left", count, "records say it, in none of the columns")
    home = penstock.home
    for folder, folders, names in os.walk(penstock.folder):
        folders[:] = [name for name in folders if Path(folder) / name != home]
        for path in (Path(folder) / name for name in names):
            file = path.relative_to(penstock.folder)
            try:
                count = _rows_saying(path, person) if path.is_file() else 0
            except OSError as error:
                yield Forgotten(f"file {file}", "left", 0, f"lines looked at: it cannot be read, {error.strerror}")
                continue
            if count or person.is_in(str(file)):
                yield Forgotten(f"file {file}", "left", count or 1, "rows or lines say it")
    for name, value in penstock.log.facts.scan("").items():
        if not name.startswith(BACKUPS) and (person.is_in(value) or person.is_in(name)):
            yield Forgotten(f"fact {name}", "left", 1, "value says it")


def _rows_saying(path: Path, person: Person) -> int:
    """How many rows of a Parquet file, or lines of another, say the value."""
    try:
        frame = pl.read_parquet(path, glob=False, hive_partitioning=False) if path.suffix == ".parquet" else None
    except pl.exceptions.PolarsError:  # whatever else it is
        frame = None
    if frame is None:
        data = path.read_bytes()
        return sum(map(person.is_in, data.splitlines())) if person.is_in(data) else 0
    found = pl.repeat(value=False, n=frame.height, eager=True)
    for column in frame.get_columns():
        if column.dtype in (pl.String, pl.Binary):
            found = found | person.said(column)
    return int(found.sum())


def _backups(penstock: Penstock) -> Iterator[Forgotten]:
    if penstock.home is not None:
        for path in sorted(penstock.home.glob(KEPT.format(name="log.db", version="*"))):
            yield Forgotten(f"backup {path}", "untouched", 1, "the log before a migration")
    for told in penstock.log.facts.scan(BACKUPS).values():
        path = orjson.loads(told)["path"]
        state = "a backup" if Path(path).exists() else "a backup that is not there now"
        yield Forgotten(f"backup {path}", "untouched", 1, state)
