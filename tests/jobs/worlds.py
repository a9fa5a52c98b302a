"""Projects with jobs, as tests need them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.core.clock import ManualClock
from penstock.jobs import Outcome, Run, Runs, Scheduler, Step, read_jobs
from penstock.jobs.presence import Presence
from penstock.jobs.run_log import RunLog
from penstock.jobs.runs import Change
from penstock.log import Log
from penstock.project.definition import read_definition
from penstock.project.home import HOME
from penstock.project.penstock import Penstock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from penstock.core.clock import Clock
    from penstock.core.options import Option
    from penstock.jobs import Job, Note

__all__ = ["TABLES", "Machine", "Told", "make", "moments", "ms", "opened", "settled"]

TABLES = """
CREATE TABLE orders (id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json',
  'scan.startup.mode' = 'earliest-offset');
CREATE TABLE totals (name STRING, id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'totals',
  'format' = 'json', 'scan.startup.mode' = 'earliest-offset');
"""


def make(folder: Path, jobs: str, more: str = "") -> Path:
    """A project with two tables and jobs."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text(f'[log]\ndurability = "relaxed"\n{more}')
    (folder / "sql" / "10_tables.sql").write_text(TABLES)
    (folder / "jobs.toml").write_text(jobs)
    return folder


def opened(folder: Path, clock: Clock | None = None) -> Penstock:
    """The project in `folder`, by another clock."""
    return Penstock(read_definition(folder), folder / HOME, clock or ManualClock(1_767_225_600_000))


def settled(penstock: Penstock, identity: str) -> Run:
    """A run at its end, which this process has worked on; with a manual clock retries come at once."""
    scheduler = penstock.jobs.scheduling()
    try:
        while (found := penstock.jobs.run(identity)).ended is None:
            scheduler.tick()
            scheduler.settle()
            found = penstock.jobs.run(identity)
            if isinstance(penstock.clock, ManualClock) and found.due > penstock.clock.now_ms():
                penstock.clock.advance(found.due - penstock.clock.now_ms())
        return found
    finally:
        scheduler.stop()


class Told:
    """A kind whose one step does what `acts` says of its job; all that was done is in `done`, by run."""

    options: tuple[Option[Any], ...] = ()

    def __init__(self, **acts: Callable[[Run, Note], object]) -> None:
        self.acts = acts
        self.done: list[Run] = []

    def require(self, job: Job) -> None:
        """There is nothing to be said."""

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One, called do."""

        def do(note: Note) -> Outcome:
            self.done.append(run)
            if job.name in self.acts:
                self.acts[job.name](run, note)
            return Outcome({"read": 1})

        return [Step("do", do)]


class Machine:
    """A scheduler over a log in memory, by a clock that is told to move; `restart` is another process's."""

    def __init__(
        self, jobs: str, kind: Told, at: str, log: Log | None = None, most: int = 16, home: Path | None = None
    ) -> None:
        self.clock = ManualClock(ms(at))
        self.log = log or Log.open(None, clock=self.clock)
        self.kind = kind
        self.listed = read_jobs(jobs, {"told": kind})
        self.most, self.home = most, home
        self.runs = Runs(self.log)
        self.lines = RunLog(self.log)
        self.restart()

    def restart(self) -> None:
        """The process ends, and another one begins."""
        jobs = {one.name: one.job for one in self.listed if one.job is not None}
        kinds = {"told": self.kind}
        self.presence = Presence(self.home)
        self.scheduler = Scheduler(
            lambda: jobs,
            lambda: set(jobs),
            kinds,
            self.runs,
            self.lines,
            self.clock,
            self.presence,
            self.home or Path(),
            self.most,
        )

    def tick(self) -> None:
        """What is due now is done, and what follows from that at once."""
        self.scheduler.tick()
        while any(r.state == "running" or r.due <= self.clock.now_ms() for r in self.runs.open().runs.values()):
            before = self.ids()
            self.scheduler.settle()
            self.scheduler.tick()
            if before == self.ids() and not any(r.state == "running" for r in self.runs.open().runs.values()):
                return

    def ids(self) -> set[str]:
        """Those of runs that have not ended."""
        return set(self.runs.open().runs)

    def until(self, at: str, every: int = 60_000) -> None:
        """Time passes, and each `every` ms it is looked."""
        end = ms(at)
        while self.clock.now_ms() < end:
            self.clock.advance(min(every, end - self.clock.now_ms()))
            self.tick()

    def begin(self, job: str, run: str = "x") -> Run:
        """A run by hand."""
        now = self.clock.now_ms()
        made = Run(f"{job}-20260101T000000Z-{run}", job, "waiting", "hand", "kim", now, now, now)
        self.runs.change(lambda _: Change([made]))
        return made


def ms(at: str) -> int:
    """Of a moment with its zone, in ms since 1970."""
    return round(dt.datetime.fromisoformat(at).timestamp() * 1000)


def moments(runs: Iterable[Run]) -> list[str]:
    """The moments that runs are for, in UTC."""
    return [dt.datetime.fromtimestamp(run.scheduled / 1000, dt.UTC).strftime("%m-%d %H:%M") for run in runs]
