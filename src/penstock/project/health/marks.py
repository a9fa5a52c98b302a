"""Marks: what is known of a part at a moment, as rows of a table of the log.

Such a mark is a probe (`up` or `down`), or that the process has been ended as it should be (`stopped`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.log import Log

__all__ = ["HEALTH_TABLE", "MARKS", "marks_of", "marks_since"]

HEALTH_TABLE = "health"

MARKS: dict[str, Any] = {
    "time": pl.Datetime("ms", "UTC"),
    "component": pl.String,
    "state": pl.String,
    "holds": pl.Int64,
    "begins": pl.Boolean,
    "took": pl.Float64,
    "value": pl.Float64,
    "unit": pl.String,
    "detail": pl.String,
}
"""`holds`: for so many ms the probe speaks, if none comes after it; `begins`: it is the first one of a process.

`took` is in seconds; `value` in `unit` is what was measured.
"""


def marks_of(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of MARKS, their time in ms since 1970."""
    numbers = MARKS | {"time": pl.Int64}
    return pl.DataFrame(list(rows), schema=numbers, orient="row").cast({"time": MARKS["time"]})


def marks_since(log: Log, since: int | None) -> pl.DataFrame:
    """The marks from `since` (ms since 1970) on, and those before that say how it was then; None: all that are kept.

    Those of one probe of all parts lie together, so that what was stored with the first that is older tells of each.
    """
    frames = [pl.DataFrame(schema=MARKS)]
    before = 1 << 62
    while True:
        before, frame = log.tables.rows_before(HEALTH_TABLE, before)
        if not frame.height:
            break
        frames.insert(1, frame.select(*MARKS))
        if since is not None and int(frame["time"].dt.epoch("ms").to_numpy()[0]) < since:
            break
    return pl.concat(frames)
