"""From marks to spells to shares of time: exact to the millisecond, whatever the times of the probes.

A probe says how its part is from its moment until the next mark, for as long as it `holds` at most; what follows is
`unknown`. So is the whole time from a probe until one with which a process `begins`: the one before it has ended
without a word. From a recorded stop until the next mark a part is `stopped`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

__all__ = ["SECONDS", "SPELLS", "Share", "days_until", "shares_of", "spells_of"]

SPELLS: dict[str, pl.DataType] = {
    "component": pl.String(),
    "state": pl.String(),
    "begin": pl.Int64(),
    "end": pl.Int64(),
}
"""That a part is in a state from `begin` until before `end`, ms since 1970."""

SECONDS = ("up_s", "down_s", "unknown_s", "stopped_s")
"""How columns are called that have a `Share` in seconds."""
_STATES = ("up", "down", "unknown", "stopped")
_UNKNOWN, _STOPPED = _STATES.index("unknown"), _STATES.index("stopped")


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a time a part was what, in ms; the rest of it is before its first probe, or yet to come."""

    up: int = 0
    down: int = 0
    unknown: int = 0
    stopped: int = 0

    @property
    def seconds(self) -> tuple[float, float, float, float]:
        """Those of SECONDS."""
        return self.up / 1000, self.down / 1000, self.unknown / 1000, self.stopped / 1000

    @property
    def up_share(self) -> float | None:
        """Of the time in which it was to be up: all but what it was stopped for; None where there is none."""
        asked = self.up + self.down + self.unknown
        return self.up / asked if asked else None


def spells_of(marks: pl.DataFrame, now: int) -> pl.DataFrame:
    """The SPELLS that MARKS make up to `now` (ms since 1970): by part and time, neighbours of one state joined."""
    known = marks.select("component", "state", "holds", "begins", time=pl.col("time").dt.epoch("ms"))
    known = known.filter(pl.col("time") <= now)
    names = sorted(known["component"].unique())
    part, state, time = (
        known["component"].cast(pl.Enum(names)).to_physical().to_numpy(),
        known["state"].cast(pl.Enum(_STATES)).to_physical().to_numpy(),
        known["time"].to_numpy(),
    )
    order = np.lexsort((time, part))
    part, state, time = part[order], state[order], time[order]
    holds, begins = known["holds"].to_numpy()[order], known["begins"].to_numpy()[order]
    last = np.append(part[1:] != part[:-1], True)[: len(part)]
    end = np.where(last, now, np.roll(time, -1))
    died = ~last & np.roll(begins, -1)
    spoke = np.where(state == _STOPPED, end, np.where(died, time, np.minimum(end, time + holds)))
    pieces = np.stack((time, spoke), 1).ravel(), np.stack((spoke, end), 1).ravel()
    what = np.stack((state, np.full_like(state, _UNKNOWN)), 1).ravel()
    whose = np.repeat(part, 2)
    real = pieces[0] < pieces[1]
    begin, after, what, whose = pieces[0][real], pieces[1][real], what[real], whose[real]
    turn = np.append(True, (what[1:] != what[:-1]) | (whose[1:] != whose[:-1]))[: len(what)]
    first = np.flatnonzero(turn)
    ends = np.append(first[1:], len(what))[: len(first)] - 1
    columns = {
        "component": pl.Series(names, dtype=pl.String).gather(whose[first]),
        "state": pl.Series(_STATES).gather(what[first]),
        "begin": begin[first],
        "end": after[ends],
    }
    return pl.DataFrame(columns, schema=SPELLS)


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
