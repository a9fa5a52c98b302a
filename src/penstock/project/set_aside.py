"""Rows that were rejected or came too late, however many: the newest of them, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from penstock.engine.pipeline import LATE_TABLE, REJECTS_TABLE
from penstock.project.system import SET_ASIDE, numbered, with_fates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.log import Log
    from penstock.project.acting import Project

__all__ = ["Kind", "backwards", "counted", "having", "newest", "pages"]

Kind = Literal["rejected", "late"]

_TABLES: dict[Kind, str] = {"rejected": REJECTS_TABLE, "late": LATE_TABLE}
_END = (1 << 63) - 1
_PAGE = 10_000


def newest(
    log: Log, kind: Kind, rows: int, before: int | None = None, code: str | None = None, pipeline: str | None = None
) -> pl.DataFrame:
    """The newest of a kind, newest first: at most `rows`, with ids below `before`, of one `code` and `pipeline`.

    No more is read than it takes to find these.
    """
    table = _TABLES[kind]
    wanted = {"code": code if kind == "rejected" else None, "pipeline": pipeline}
    where = having(wanted)
    found = [pl.DataFrame(schema=SET_ASIDE[table])]
    for frame in backwards(log, table, before):
        fitting = frame.filter(where)
        found.append(fitting.tail(rows).reverse())
        rows -= found[-1].height
        if not rows:
            break
    return with_fates(log, kind, pl.concat(found))


def pages(project: Project, kind: Kind, code: str | None = None, rows: int | None = None) -> Iterator[pl.DataFrame]:
    """The newest `rows` of a kind, or all, newest first, some thousand at a time; at least one frame, maybe empty."""
    before: int | None = None
    left = _END if rows is None else rows
    while True:
        page = project.set_aside(kind, max(min(_PAGE, left), 1), before, code).head(left)
        if before is None or page.height:
            yield page
        left -= page.height
        if page.height < _PAGE or not left:
            return
        before = page["id"][-1]


def counted(log: Log, kind: Kind) -> pl.DataFrame:
    """How many `rows` of a kind there are, by where they are from and why, and the time of the `last`; the most first.

    Columns: pipeline, operator, table; of late ones lost, of rejected ones code and ignored; rows, last.
    """
    table = _TABLES[kind]
    by = ["pipeline", "operator", "table", *(["lost"] if kind == "late" else ["code", "ignored"])]
    count, last = pl.len().cast(pl.Int64).alias("rows"), pl.col("time").max().alias("last")
    empty = pl.DataFrame(schema=SET_ASIDE[table])
    parts = [f.group_by(by).agg(count, last) for f in (empty, *backwards(log, table))]
    total = pl.concat(parts).group_by(by).agg(pl.col("rows").sum(), pl.col("last").max())
    return total.sort("rows", *by, descending=[True, *(False for _ in by)], nulls_last=True)


def having(wanted: Mapping[str, str | None]) -> pl.Expr:
    """Rows that have these values in these columns; with None any."""
    return pl.all_horizontal(pl.lit(True), *(pl.col(n) == v for n, v in wanted.items() if v is not None))


def backwards(log: Log, table: str, before: int | None = None) -> Iterator[pl.DataFrame]:
    """Rows numbered below `before`, or all: some thousand at a time, the newest first, each frame in its order."""
    before = _END if before is None else before
    while True:
        before, frame = log.tables.rows_before(table, before)
        if not frame.height:
            return
        yield numbered(table, before, frame)
