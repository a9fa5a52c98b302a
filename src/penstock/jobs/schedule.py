"""`Schedule`: the moments at which a job is due, by cron's five fields in a time zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from penstock.core.options import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CRON", "Schedule"]

_FIELDS = 5
_DAY_MS = 86_400_000
_WIDER = 8
"""By so much a stretch is made longer in which there were too few moments."""


def _cron(value: str) -> str:
    if len(value.split()) != _FIELDS:
        raise ValueError(value)
    try:
        next(CronSim(value, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    except (CronSimError, StopIteration):
        raise ValueError(value) from None
    return value


CRON: Kind[str] = Kind('cron\'s five fields, minute hour day month weekday: "0 2 * * *"', _cron)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What Debian's cron does at a change of the clock: a time of day that does not exist is due as soon as the clock
    has gone on, one that comes twice is due once, the first time; what is due every hour, or more often, goes on so.
    """

    cron: str
    zone: str = "UTC"

    def after(self, ms: int) -> int | None:
        """The first moment after `ms`, both in ms since 1970; None where there is none within 50 years."""
        return next(self.times(ms), None)

    def times(self, after: int, until: int | None = None) -> Iterator[int]:
        """The moments after `after`, up to `until` (included), each once, in order; ms since 1970."""
        last = after
        for ms in self._moments(after):
            if until is not None and ms > until:
                return
            if ms > last:
                yield ms
                last = ms

    def last(self, after: int, until: int, most: int) -> list[int]:
        """The last of these moments, in order, `most` at most. Those before are not looked at: they may be of years."""
        span = _DAY_MS
        while True:
            begin = max(after, until - span)
            found = list(self.times(begin, until))
            if begin == after or len(found) >= most:
                return found[-most:]
            span *= _WIDER

    def _moments(self, after: int) -> Iterator[int]:
        try:
            start = dt.datetime.fromtimestamp(after / 1000, dt.UTC).astimezone(ZoneInfo(self.zone))
            for moment in CronSim(self.cron, start):
                yield round(moment.timestamp() * 1000)
        except OverflowError:  # there are no dates after the year 9999
            return
