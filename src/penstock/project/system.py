"""The system's own tables, in the database `penstock` of every project."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.http.poller import polled
from penstock.core.batch import NO_TIME
from penstock.engine.checks import RESULTS_TABLE
from penstock.engine.ledger import FATES
from penstock.engine.pipeline import LATE_TABLE, REJECTS_TABLE
from penstock.jobs.tables import RUN_TABLES
from penstock.project.discards import DISCARDS_TABLE, with_discards
from penstock.project.health.marks import marks_since
from penstock.project.health.standing import uptime_by_day
from penstock.project.replays import replays
from penstock.quality.results import results

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.log import Log
    from penstock.project.penstock import Penstock
    from penstock.project.set_aside import Kind

__all__ = [
    "SET_ASIDE",
    "SYSTEM_TABLES",
    "WHOLE_ALONE",
    "facts",
    "late",
    "ledger",
    "numbered",
    "rejects",
    "system_table",
    "with_fates",
]

_MS = pl.Datetime("ms", "UTC")
_ORIGIN: dict[str, Any] = {
    "id": pl.Int64,
    "time": _MS,
    "pipeline": pl.String,
    "operator": pl.String,
    "table": pl.String,
    "topic": pl.String,
    "partition": pl.Int32,
    "offset": pl.Int64,
    "raw": pl.Binary,
}

SET_ASIDE: dict[str, dict[str, Any]] = {
    REJECTS_TABLE: _ORIGIN | {"code": pl.String, "reason": pl.String, "ignored": pl.Boolean},
    LATE_TABLE: _ORIGIN
    | {
        "row": pl.String,
        "window_start": pl.Datetime("ms"),
        "window_end": pl.Datetime("ms"),
        "windows": pl.Int64,
        "watermark": _MS,
        "reason": pl.String,
        "lost": pl.Boolean,
    },
}
"""The columns of what was rejected, and of what came too late."""


def system_table(name: str, penstock: Penstock) -> pl.DataFrame:
    """One of SYSTEM_TABLES, as of the last commit."""
    return uptime_by_day(penstock) if name == "uptime" else _READERS[name](penstock.log)


def rejects(log: Log) -> pl.DataFrame:
    """Rows that were taken out: `id`, `time`, where from, `raw` bytes, `code`, `reason`; and those `ignored`.

    `replayed_partition` and `replayed_offset` name the newest copy of a row that was replayed. Of one that was given
    up `discarded` says when, `discarded_by` and `discarded_reason` who has done it and why.
    """
    return with_fates(log, "rejected", _stored(log, REJECTS_TABLE))


def late(log: Log) -> pl.DataFrame:
    """Rows that came after the end of a window: the `row`, the first window it lost, how many, the watermark then.

    `lost` rows found all their windows closed; the others counted in those that were still open.
    `replayed_partition` and `replayed_offset` name the newest copy of a row that was replayed, or the row itself
    where it was brought into windows that had closed. Of one that was given up `discarded` says when, `discarded_by`
    and `discarded_reason` who has done it and why.
    """
    return with_fates(log, "late", _stored(log, LATE_TABLE))


def _stored(log: Log, table: str) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=SET_ASIDE[table])]
    last = 0
    while True:
        last, frame = log.tables.rows(table, after=last)
        if not frame.height:
            return pl.concat(parts)
        parts.append(numbered(table, last - frame.height + 1, frame))


def numbered(table: str, first: int, frame: pl.DataFrame) -> pl.DataFrame:
    """Stored rows of one of SET_ASIDE, of which the first has that number, with all its columns."""
    ids = pl.int_range(first, first + frame.height, dtype=pl.Int64).alias("id")
    has = {"id", *frame.columns}
    return frame.with_columns(ids).select(
        pl.col(n).cast(t) if n in has else pl.lit(None, t).alias(n) for n, t in SET_ASIDE[table].items()
    )


def with_fates(log: Log, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of a kind with the place of their newest copies, and what is known of those that were discarded.

    Of a row that is a copy itself `original_partition` and `original_offset` are the place of what was replayed.
    """
    place: dict[str, Any] = {"topic": pl.String, "partition": pl.Int32, "offset": pl.Int64}
    copy: dict[str, Any] = {"replayed_partition": pl.Int32, "replayed_offset": pl.Int64, "replayed": _MS}
    original: dict[str, Any] = {"original_partition": pl.Int32, "original_offset": pl.Int64}
    done = replays(log)
    known = [(*at, *(one.copies[-1] if one.copies else at)[1:], one.time) for at, one in done.items()]
    back = [(*made, *at[1:]) for at, one in done.items() for made in one.copies]
    for columns, ties in ((copy, known), (original, back)):
        tied = pl.DataFrame(ties, schema=place | columns, orient="row")
        rows = rows.join(tied, on=list(place), how="left", maintain_order="left")
    return with_discards(log, kind, rows)


def ledger(log: Log) -> pl.DataFrame:
    """Per pipeline and operator: rows `taken` and `given`, and how many had which fate.

    `taken_before` and `given_before` of them are of before the query was edited: what came with the edit counts none.
    `replayed` of the rejected and late ones were brought in again, and are counted as what they are now too;
    `discarded` ones were given up.
    """
    counts = dict.fromkeys(("carried", "taken", "given", *FATES, "taken_before", "given_before"), pl.Int64)
    schema = {"pipeline": pl.String, "operator": pl.String, "kind": pl.String, **counts}
    rows = [
        {"pipeline": pipeline, **{k: v for k, v in entry.items() if k in schema}}
        for pipeline, entries in facts(log, "ledger/").items()
        for entry in entries
    ]
    keys = ["pipeline", "operator"]
    fates = {"replayed": pl.col("replayed_offset").is_not_null(), "discarded": pl.col("discarded").is_not_null()}
    counted = pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), **dict.fromkeys(fates, pl.Int64)})
    if replays(log) or DISCARDS_TABLE in log.tables.names():  # else there is no need to read them all
        out = [rejects(log).filter(~pl.col("ignored")), late(log).filter("lost")]
        each = pl.concat([f.select(*keys, *(e.cast(pl.Int64).alias(n) for n, e in fates.items())) for f in out])
        counted = each.group_by(keys).sum()
    frame = pl.DataFrame(rows, schema=schema).join(counted, on=keys, how="left", maintain_order="left")
    return frame.with_columns(pl.col(*fates).fill_null(0))


def _watermarks(log: Log) -> pl.DataFrame:
    schema = {
        "pipeline": pl.String,
        "source": pl.String,
        "partition": pl.Int32,
        "watermark": pl.Int64,
        "combined": pl.Int64,
        "last_append": pl.Int64,
        "idle": pl.Boolean,
    }
    rows = [
        {
            "pipeline": pipeline,
            "source": source["source"],
            "combined": None if source["watermark"] == NO_TIME else source["watermark"],
            **partition,
        }
        for pipeline, sources in facts(log, "watermarks/").items()
        for source in sources
        for partition in source["partitions"]
    ]
    frame = pl.DataFrame(rows, schema=schema)
    return frame.with_columns(pl.col("watermark", "combined", "last_append").cast(_MS))


def _topics(log: Log) -> pl.DataFrame:
    schema = {
        "topic": pl.String,
        "partition": pl.Int32,
        "start_offset": pl.Int64,
        "end_offset": pl.Int64,
        "rows": pl.Int64,
        "bytes": pl.Int64,
        "first_timestamp": pl.Int64,
        "last_timestamp": pl.Int64,
    }
    rows = [
        (topic.name, p.partition, p.start, p.end, p.rows, p.bytes, p.first_timestamp, p.last_timestamp)
        for topic in log.topics()
        if not topic.name.startswith("__")
        for p in log.describe(topic.name)
    ]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("first_timestamp", "last_timestamp").cast(_MS))


def _groups(log: Log) -> pl.DataFrame:
    schema = {
        "group": pl.String,
        "topic": pl.String,
        "partition": pl.Int32,
        "offset": pl.Int64,
        "end_offset": pl.Int64,
        "lag": pl.Int64,
    }
    rows = [
        (g, o.topic, o.partition, o.offset, o.end, o.lag) for g in log.groups.names() for o in log.groups.describe(g)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _polls(log: Log) -> pl.DataFrame:
    schema: dict[str, Any] = {
        "table": pl.String,
        "topic": pl.String,
        "url": pl.String,
        "state": pl.String,
        "asked": _MS,
        "answered": _MS,
        "next": _MS,
        "since": _MS,
        "error": pl.String,
        "tries": pl.Int64,
        "answers": pl.Int64,
        "unchanged": pl.Int64,
        "failures": pl.Int64,
        "records": pl.Int64,
    }
    rows = [{**asdict(p), "state": "answers" if p.since is None else "outage"} for p in polled(log)]
    numbers = {name: pl.Int64 if dtype == _MS else dtype for name, dtype in schema.items()}
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=numbers).cast(pl.Schema(schema))


def facts(log: Log, prefix: str) -> dict[str, Any]:
    """What pipelines have committed under `prefix`, by pipeline: JSON data."""
    return {key.removeprefix(prefix): json.loads(value) for key, value in log.facts.scan(prefix).items()}


_READERS: dict[str, Callable[[Log], pl.DataFrame]] = {
    "rejects": rejects,
    "late": late,
    "ledger": ledger,
    "watermarks": _watermarks,
    "topics": _topics,
    "groups": _groups,
    "polls": _polls,
    "health": lambda log: marks_since(log, None),
    RESULTS_TABLE: results,
    **RUN_TABLES,
}

SYSTEM_TABLES = (*_READERS, "uptime")
WHOLE_ALONE = {*SET_ASIDE, *RUN_TABLES, RESULTS_TABLE}
"""Those that are closed to who may not see all rows of all tables."""
