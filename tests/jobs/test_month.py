"""A month over each change of the clock, simulated: who was told of what, and uptime, as computed by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import StorageError
from penstock.incidents import INCIDENTS
from penstock.jobs import Outcome, Step
from penstock.project.health.component import Component, Verdict
from penstock.project.health.standing import uptime_of
from penstock.project.health.watch import HealthWatch
from tests.incidents.receivers import Receiver
from tests.jobs.worlds import make, opened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.jobs import Job, Note, Run

ZONE = ZoneInfo("Europe/Zurich")
HOUR = 3_600_000
DAYS = 31

PROJECT = """
[project]
name = "month"
[engine]
time-zone = "Europe/Zurich"
[health]
interval = "6 h"
after = "6 h"
notify = ["ops"]
[network]
allow = ["127.0.0.1"]
[notify.ops]
type = "webhook"
"""
NIGHT = """
[jobs.night]
kind = "nightly"
schedule = "30 2 * * *"
retries = 1
retry-delay = "10 min"
notify = { failure = ["ops"], success = [] }
"""


class Nightly:
    """What `night` does: it fails at each attempt for the days in `bad`, and at the first one for those in `shaky`."""

    options: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.bad: set[int] = {3, 4, 21}
        self.shaky: set[int] = {12}
        self.first = dt.date.min
        self.done: list[int] = []

    def require(self, job: Job) -> None:
        """It takes nothing."""

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        day = (dt.datetime.fromtimestamp(run.scheduled / 1000, ZONE).date() - self.first).days

        def do(_: Note) -> Outcome:
            if day in self.bad or (day in self.shaky and run.attempt == 1):
                raise StorageError(f"the source of day {day} is away", code="storage")
            self.done.append(day)
            return Outcome({"read": 10})

        return [Step("load", do)]


class Month:
    """A project and its processes, hour by hour; `away` is why the database is down."""

    def __init__(self, folder: Path, first: dt.date, receiver: Receiver) -> None:
        self.first = first
        self.clock = ManualClock(self.at(0))
        self.folder = make(folder, NIGHT, f'{PROJECT}url = "{receiver.url}"\n')
        self.kind = Nightly()
        self.kind.first = first
        self.away = ""
        self.told = 0
        self.begin()

    def at(self, day: int, hour: int = 0) -> int:
        """So many days after the first one, by the clock on the wall."""
        moment = dt.datetime.combine(self.first + dt.timedelta(days=day), dt.time(hour), ZONE)
        return round(moment.timestamp() * 1000)

    def begin(self) -> None:
        """A process begins."""
        self.penstock = opened(self.folder, self.clock)
        self.penstock.jobs.kinds["nightly"] = self.kind
        self.scheduler = self.penstock.jobs.scheduling()
        self.watch = HealthWatch(self.penstock, [Component("database", self._database), Component("log", Verdict_up)])

    def _database(self) -> Verdict:
        if self.away:
            raise StorageError(self.away, code="storage")
        return Verdict(True)

    def until(self, ms: int) -> None:
        """What happens before that moment: looks at 0, 6, 12 and 18 o'clock, and at night what is due."""
        while (now := self.clock.now_ms()) < ms:
            wall = dt.datetime.fromtimestamp(now / 1000, ZONE)
            if (wall.hour % 6, wall.minute) == (0, 0):
                self.watch.look(patience=180)
            if wall.hour < 5:
                self.scheduler.tick()
                self.scheduler.settle()
            if self.penstock.log.has(INCIDENTS):
                end = self.penstock.log.ends(INCIDENTS)[0]
                if end != self.told:
                    self.told = end
                    self.penstock.notices.tell()
            self.clock.advance(HOUR // 2)

    def end(self, *, killed: bool = False) -> None:
        """The process ends, as it should unless it is killed."""
        if not killed:
            self.watch.close()
        self.scheduler.stop()
        self.penstock.close()


def Verdict_up() -> Verdict:  # noqa: N802
    return Verdict(True)


@pytest.mark.parametrize(("first", "longer"), [(dt.date(2026, 3, 15), -1), (dt.date(2026, 10, 11), 1)])
def test_alerts_and_uptime_of_a_month(tmp_path: Path, first: dt.date, longer: int) -> None:
    with Receiver() as receiver:
        month = Month(tmp_path / "month", first, receiver)
        month.until(month.at(5, 12))
        month.away = "no route to host"
        month.until(month.at(6))
        month.away = ""
        month.until(month.at(10))
        month.end()
        month.clock.advance(12 * HOUR)
        month.begin()
        month.until(month.at(20, 6) + HOUR)
        month.end(killed=True)
        month.clock.advance(11 * HOUR)
        month.begin()
        month.until(month.at(DAYS))
        found = {part.component: part for part in uptime_of(month.penstock, DAYS + 1).parts}
        told = [(got.body["state"], got.body["incident"]["rule"]) for got in receiver.got]
        runs = month.penstock.jobs.history("night", 100)
        month.end()
    assert told == [
        ("firing", "job.night"), ("resolved", "job.night"),
        ("firing", "health.database"), ("resolved", "health.database"),
        ("firing", "health.process"), ("resolved", "health.process"),
        ("firing", "job.night"), ("resolved", "job.night"),
    ]  # fmt: skip
    assert sorted(month.kind.done) == [day for day in range(DAYS) if day not in (3, 4, 21)]
    assert [(run.state, run.attempt) for run in reversed(runs)] == [
        ("failed", 2) if day in (3, 4, 21) else ("success", 2 if day == 12 else 1) for day in range(DAYS)
    ]
    hours = DAYS * 24 + longer
    assert of(found["database"].share) == (hours - 36, 12, 12, 12)
    assert of(found["log"].share) == (hours - 24, 0, 12, 12)
    assert found["log"].share.up_share == (hours - 24) / (hours - 12)
    changed = next(day for day in found["log"].days if sum(of(day.share)) not in (0, 24))
    assert (str(changed.day), of(changed.share)) == (
        ("2026-03-29", (23, 0, 0, 0)) if longer < 0 else ("2026-10-25", (25, 0, 0, 0))
    )


def of(share: Any) -> tuple[float, ...]:
    """Hours up, down, unknown and stopped."""
    return tuple(ms / HOUR for ms in (share.up, share.down, share.unknown, share.stopped))
