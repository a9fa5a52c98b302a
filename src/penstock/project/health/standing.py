"""How the parts of a project are, and how they were over days: of the marks that are kept, whoever has made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from penstock.core.errors import ConfigError, did_you_mean
from penstock.project.health.marks import marks_since
from penstock.project.health.uptime import SECONDS, Share, days_until, shares_of, spells_of

if TYPE_CHECKING:
    import datetime as dt

    from penstock.project.penstock import Penstock

__all__ = [
    "STATES",
    "Day",
    "Health",
    "PartHealth",
    "PartUptime",
    "Uptime",
    "by_day",
    "health_of",
    "require_part",
    "uptime_by_day",
    "uptime_of",
]

STATES = ("down", "unknown", "up", "stopped")
"""Of a part, the worst first."""

_LOOKED_BACK_MS = 7 * 86_400_000
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class PartHealth:
    """A part as it is now, `since` when (ms since 1970, of the last week), and its last probe.

    `value` in `unit` is what that has measured, `took` seconds; `detail` says why the part is down.
    """

    component: str
    state: str
    since: int
    probed: int
    took: float
    value: float | None
    unit: str
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """The parts that were probed last, by name, and the worst of their states; unknown where there are none.

    A part is `unknown` when nothing has probed it for too long, and `stopped` when its process was ended as it should.
    """

    state: str
    parts: list[PartHealth]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the zone, and how much of it a part was what."""

    day: dt.date
    share: Share


@dataclass(frozen=True, slots=True)
class PartUptime:
    """How much of a time a part was what, and of each of its days."""

    component: str
    share: Share
    days: list[Day]

    def meets(self, target: float) -> bool | None:
        """Whether it was up for that share of the time in which it was to be; None where there is none."""
        found = self.share.up_share
        return None if found is None else found >= target


@dataclass(frozen=True, slots=True)
class Uptime:
    """From the first moment of a day of `zone` until now, both in ms since 1970, and what is asked of each part."""

    since: int
    until: int
    zone: str
    target: float
    parts: list[PartUptime]


def health_of(penstock: Penstock) -> Health:
    """As of now."""
    now = penstock.clock.now_ms()
    marks = marks_since(penstock.log, now - _LOOKED_BACK_MS).filter(pl.col("time").dt.epoch("ms") <= now)
    last = {row["component"]: row for row in marks.filter(pl.col("time") == pl.col("time").max()).iter_rows(named=True)}
    parts = []
    for spell in spells_of(marks, now + 1).group_by("component", maintain_order=True).last().iter_rows(named=True):
        if (mark := last.get(spell["component"])) is not None:
            told = {name: mark[name] for name in ("took", "value", "unit", "detail")}
            probed = round(mark["time"].timestamp() * 1000)
            parts.append(PartHealth(spell["component"], spell["state"], spell["begin"], probed, **told))
    if any(part.state != "stopped" for part in parts):  # those that are stopped alone are no more
        parts = [part for part in parts if part.state != "stopped"]
    return Health(min((part.state for part in parts), key=STATES.index, default="unknown"), parts)


def require_part(penstock: Penstock, name: str) -> None:
    """Raises ConfigError where no part is called so, of which there could be an incident."""
    known = [*(part.component for part in health_of(penstock).parts), "process"]
    if name not in known:
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise ConfigError(f"there is no part '{name}'", code="health-part", hint=hint)


def uptime_of(penstock: Penstock, days: int = 30) -> Uptime:
    """Over the last `days` days of the project's time zone, today with them.

    Raises ConfigError for a number of days that is none.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise ConfigError(f"{days} days are asked for, allowed are 1 to {_MOST_DAYS}", code="uptime-days")
    now, zone = penstock.clock.now_ms(), penstock.settings.time_zone
    calendar = days_until(now, days, ZoneInfo(zone))
    since = calendar[0][1]
    spells = spells_of(marks_since(penstock.log, since), now).filter(pl.col("end") > since)
    parts = [
        PartUptime(name, whole, [Day(day, share) for (day, _, _), share in zip(calendar, each, strict=True)])
        for name, (whole, *each) in shares_of(spells, [(since, now), *((b, e) for _, b, e in calendar)]).items()
    ]
    return Uptime(since, now, zone, penstock.settings.health.target, parts)


def by_day(found: Uptime) -> pl.DataFrame:
    """A row for each part and day: its `uptime` as a share, and seconds of each state."""
    rows = [(p.component, d.day, d.share.up_share, *d.share.seconds) for p in found.parts for d in p.days]
    schema: dict[str, Any] = {"component": pl.String, "day": pl.Date, "uptime": pl.Float64}
    return pl.DataFrame(rows, schema | dict.fromkeys(SECONDS, pl.Float64), orient="row")


def uptime_by_day(penstock: Penstock) -> pl.DataFrame:
    """The same of all days that probes are kept of."""
    return by_day(uptime_of(penstock, _MOST_DAYS)).filter(pl.sum_horizontal(SECONDS) > 0)
