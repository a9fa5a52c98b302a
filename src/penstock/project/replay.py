"""Replaying: a rejected or late row is mended and appended to its topic again, tied to the original.

The copy carries a header that names the original, and the log keeps which row came of which: one event counts
once. A row whose windows have closed is late again; `rebuild` then computes those windows anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import DataError, LogError
from penstock.project.rebuild import Rebuilt, rebuild, require_rebuildable
from penstock.project.system import late, rejects
from penstock.project.topics import read_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.project.penstock import Penstock

__all__ = ["REPLAYED", "Closed", "Replayed", "closed_windows", "replay"]

HEADER = "penstock.replay.of"
"""The header of a copy: topic, partition and offset of the original, separated by colons."""

REPLAYED = "replayed/"
"""The facts that tie an original, topic/partition/offset, to its copy."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed: the ids, and where each copy is (`topic`, `partition`, `offset`)."""

    ids: tuple[int, ...]
    copies: pl.DataFrame
    rebuilt: tuple[Rebuilt, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """Windows that have closed already for a row that is to be replayed (times in ms, of the windows' zone)."""

    id: int
    pipeline: str
    operator: str
    window_start: int
    window_end: int


def replay(
    penstock: Penstock,
    ids: Sequence[int],
    *,
    late_rows: bool = False,
    mend: Callable[[bytes], bytes] | None = None,
    force: bool = False,
    rebuild_windows: bool = False,
) -> Replayed:
    """Append the rows `ids` of penstock.rejects (of penstock.late, if `late_rows`) to their topics again.

    `mend` makes the new value of the old one. With `rebuild_windows` closed windows are computed again and
    their results replaced, which needs the engine stopped. Raises LogError for an id that is not there or was
    replayed already (unless `force`), ConfigError where results cannot be replaced; nothing was done then.
    """
    rows = _rows(penstock, ids, late_rows=late_rows)
    if not force:
        _require_new(penstock, rows)
    if rebuild_windows:
        require_rebuildable(penstock, set(rows["topic"]))
    values = [mend(raw) if mend else raw for raw in rows["raw"]]
    copies = _append(penstock, rows, values)
    rebuilt = tuple(rebuild(penstock, set(rows["topic"]))) if rebuild_windows else ()
    return Replayed(tuple(rows["id"]), copies, rebuilt)


def _rows(penstock: Penstock, ids: Sequence[int], *, late_rows: bool) -> pl.DataFrame:
    table = (late if late_rows else rejects)(penstock.log)
    rows = table.filter(pl.col("id").is_in(list(ids)))
    missing = sorted(set(ids) - set(rows["id"]))
    name = "late row" if late_rows else "reject"
    if missing:
        raise LogError(f"there is no {name} {missing[0]}", code="replay-unknown", hint="penstock rejects list shows them")
    topics = {t.name for t in penstock.log.topics()}
    for row in rows.iter_rows(named=True):
        if row["raw"] is None or row["topic"] not in topics:
            where = f"it is from {row['topic']}" if row["topic"] else "it was made by a query, not by one message"
            raise LogError(f"{name} {row['id']} cannot be replayed: {where}", code="replay-source", hint="mend it where it comes from")
    return rows.unique(["topic", "partition", "offset"], keep="first", maintain_order=True)


def _key(topic: str, partition: int, offset: int) -> str:
    return f"{REPLAYED}{topic}/{partition}/{offset}"


def _require_new(penstock: Penstock, rows: pl.DataFrame) -> None:
    for row in rows.iter_rows(named=True):
        found = penstock.log.facts.get(_key(row["topic"], row["partition"], row["offset"]))
        if found is not None:
            copy = json.loads(found)
            raise LogError(
                f"row {row['id']} was replayed already, as offset {copy['offset']} of partition {copy['partition']}",
                code="replay-twice",
                hint="--force replays it once more; the event then counts twice",
            )


def _append(penstock: Penstock, rows: pl.DataFrame, values: list[bytes]) -> pl.DataFrame:
    """Append the copies, and tie each to its original, in one transaction per topic."""
    made = []
    with_values = rows.with_columns(pl.Series("mended", values, dtype=pl.Binary))
    for (topic,), part in with_values.partition_by("topic", as_dict=True, maintain_order=True).items():
        records = _records(penstock, str(topic), part)
        appended = penstock.log.append(str(topic), records)
        copies = part.select("id", "topic", pl.col("partition").alias("from_partition"), pl.col("offset").alias("from_offset"))
        copies = copies.with_columns(appended.partitions, appended.offsets)
        for row in copies.iter_rows(named=True):
            copy = {"partition": row["partition"], "offset": row["offset"], "time": penstock.clock.now_ms()}
            penstock.log.facts.put(_key(str(topic), row["from_partition"], row["from_offset"]), json.dumps(copy).encode())
        made.append(copies)
    return pl.concat(made)


def _records(penstock: Penstock, topic: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The copies as records: key, timestamp and partition of the originals, the mended values, the header."""
    originals = []
    for row in rows.iter_rows(named=True):
        partition, offset = row["partition"], row["offset"]
        found = list(penstock.log.read(topic, {partition: offset}, {partition: offset + 1}))
        if not found:
            raise LogError(f"row {row['id']} is no longer in topic '{topic}'", code="replay-gone", hint="retention deleted it")
        header = {"key": HEADER, "value": f"{topic}:{partition}:{offset}".encode()}
        originals.append(
            pl.concat(found).select(
                "key",
                "timestamp",
                "partition",
                pl.lit(row["mended"], dtype=pl.Binary).alias("value"),
                pl.concat_list(
                    pl.col("headers").fill_null([]),
                    pl.lit([header], dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Binary}))),
                ).alias("headers"),
            )
        )
    return pl.concat(originals)


def closed_windows(penstock: Penstock, ids: Sequence[int], *, late_rows: bool = False) -> list[Closed]:
    """The windows that have closed already for rows about to be replayed as they are."""
    from penstock.project.rebuild import windows_of

    rows = _rows(penstock, ids, late_rows=late_rows)
    found: list[Closed] = []
    for definition in penstock.definition.pipelines:
        if read_topics(definition.plan) & set(rows["topic"]):
            found += [
                Closed(row_id, definition.name, operator, start, end)
                for row_id, operator, start, end in windows_of(penstock, definition, rows)
            ]
    return found


def require_object(value: bytes) -> dict[str, Any]:
    """The JSON object that a value is, for those who set a field of it. Raises DataError where it is none."""
    try:
        found = json.loads(value)
    except ValueError as error:
        raise DataError(f"the value is not JSON: {error}", code="replay-json", hint="mend it with --edit") from None
    if not isinstance(found, dict):
        raise DataError("the value is no JSON object", code="replay-json", hint="mend it with --edit")
    return found
