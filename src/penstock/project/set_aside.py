"""Rows that were rejected or came too late, however many: the newest of them, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.project.system import SET_ASIDE, numbered, with_replays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.log import Log

__all__ = ["counted", "newest"]

_END = (1 << 63) - 1


def newest(log: Log, table: str, rows: int, before: int | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
    """The newest of one of SET_ASIDE that fit `where`, newest first: at most `rows`, with ids below `before`.

    No more is read than it takes to find these.
    """
    found = [pl.DataFrame(schema=SET_ASIDE[table])]
    for frame in _backwards(log, table, _END if before is None else before):
        fitting = frame if where is None else frame.filter(where)
        found.append(fitting.tail(rows).reverse())
        rows -= found[-1].height
        if not rows:
            break
    return with_replays(log, pl.concat(found))


def counted(log: Log, table: str, by: Sequence[str]) -> pl.DataFrame:
    """How many `rows` of one of SET_ASIDE there are `by` these columns, and the time of the `last`; the most first."""
    count, last = pl.len().cast(pl.Int64).alias("rows"), pl.col("time").max().alias("last")
    empty = pl.DataFrame(schema=SET_ASIDE[table])
    parts = [f.group_by(by).agg(count, last) for f in (empty, *_backwards(log, table, _END))]
    total = pl.concat(parts).group_by(by).agg(pl.col("rows").sum(), pl.col("last").max())
    return total.sort("rows", *by, descending=[True, *(False for _ in by)], nulls_last=True)


def _backwards(log: Log, table: str, before: int) -> Iterator[pl.DataFrame]:
    """Some thousand rows at a time, the newest first, each frame in its order."""
    while True:
        before, frame = log.tables.rows_before(table, before)
        if not frame.height:
            return
        yield numbered(table, before, frame)
