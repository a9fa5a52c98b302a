"""From marks to spells to shares of time: exact to the millisecond, whatever the times of the probes.

A probe says how its part is from its moment until the next mark, for as long as it `holds` at most; what follows is
`unknown`. So is the whole time from a probe until one with which a process `begins`: the one before it has ended
without a word. From a recorded stop until the next mark a part is `stopped`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

__all__ = ["SPELLS", "Share", "days_until", "shares_of", "spells_of"]

SPELLS: dict[str, pl.DataType] = {
    "component": pl.String(),
    "state": pl.String(),
    "begin": pl.Int64(),
    "end": pl.Int64(),
}
"""That a part is in a state from `begin` until before `end`, ms since 1970."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a time a part was what, in ms; the rest of it is before its first probe, or yet to come."""

    up: int = 0
    down: int = 0
    unknown: int = 0
    stopped: int = 0

    @property
    def up_share(self) -> float | None:
        """Of the time in which it was to be up: all but what it was stopped for; None where there is none."""
        asked = self.up + self.down + self.unknown
        return self.up / asked if asked else None


def spells_of(marks: pl.DataFrame, now: int) -> pl.DataFrame:
    """The SPELLS that MARKS make up to `now` (ms since 1970): by part and time, neighbours of one state joined."""
    order = marks.with_columns(pl.col("time").dt.epoch("ms")).filter(pl.col("time") <= now)
    order = order.sort("component", "time", maintain_order=True)
    following = pl.col("time").shift(-1).over("component").fill_null(now)
    died = pl.col("begins").shift(-1).over("component").fill_null(False) & (pl.col("state") != "stopped")
    known = pl.min_horizontal(following, pl.col("time") + pl.col("holds"))
    spoke = pl.when(pl.col("state") == "stopped").then(following).when(died).then(pl.col("time")).otherwise(known)
    cut = order.select("component", "state", "time", following.alias("end"), spoke.alias("until"))
    told = cut.select("component", "state", begin="time", end="until")
    silent = cut.select("component", pl.lit("unknown").alias("state"), begin="until", end="end")
    pieces = pl.concat([told, silent]).filter(pl.col("begin") < pl.col("end")).sort("component", "begin")
    turns = (pl.struct("component", "state") != pl.struct("component", "state").shift(1)).fill_null(True).cum_sum()
    joined = pieces.group_by(turns.alias("turn"), maintain_order=True)
    return joined.agg(
        pl.col("component").first(), pl.col("state").first(), pl.col("begin").first(), pl.col("end").last()
    ).select(pl.col(name).cast(kind) for name, kind in SPELLS.items())


def shares_of(spells: pl.DataFrame, times: Sequence[tuple[int, int]]) -> dict[str, list[Share]]:
    """By part, for each of `times` (its first ms, and that after its last): how long it was what."""
    spans = pl.DataFrame(list(times), schema={"first": pl.Int64, "after": pl.Int64}, orient="row").with_row_index("at")
    length = pl.min_horizontal("end", "after") - pl.max_horizontal("begin", "first")
    met = spells.join(spans, how="cross").with_columns(length.alias("ms")).filter(pl.col("ms") > 0)
    found: dict[str, list[dict[str, int]]] = {name: [{} for _ in times] for name in spells["component"].unique().sort()}
    for name, at, state, ms in met.group_by("component", "at", "state").agg(pl.col("ms").sum()).iter_rows():
        found[name][at][state] = ms
    return {name: [Share(**of) for of in each] for name, each in found.items()}


def days_until(now: int, days: int, zone: ZoneInfo) -> Sequence[tuple[dt.date, int, int]]:
    """The last `days` days of a zone, today with them: each with its first moment and that of the next, in ms.

    Where clocks are changed a day has 23 or 25 hours.
    """
    today = dt.datetime.fromtimestamp(now / 1000, zone).date()
    dates = [today - dt.timedelta(days=back) for back in range(days - 1, -2, -1)]
    moments = [round(dt.datetime.combine(date, dt.time(), zone).timestamp() * 1000) for date in dates]
    return list(zip(dates, moments, moments[1:], strict=False))
