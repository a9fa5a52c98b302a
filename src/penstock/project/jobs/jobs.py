"""`Jobs`: the jobs of a project: what people say of them, their runs, and who works on those."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, StateError
from penstock.jobs import Run, Runs, Scheduler
from penstock.jobs.command import Command
from penstock.jobs.presence import Presence, is_present
from penstock.jobs.run import ENDED, run_id
from penstock.jobs.run_log import RunLog
from penstock.jobs.runs import Change
from penstock.project.audit import audited, doer
from penstock.project.jobs import execution
from penstock.project.jobs.check import Check
from penstock.project.jobs.file import JobFile
from penstock.project.jobs.ingest import Ingest
from penstock.project.jobs.load import LoadKind
from penstock.project.jobs.reports import report
from penstock.project.jobs.rows import RowQueries
from penstock.project.jobs.sql import Sql
from penstock.project.jobs.standing import JobStanding, job_standing
from penstock.project.jobs.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.jobs import Kind
    from penstock.jobs.run_log import Line
    from penstock.jobs.runs import Open
    from penstock.project.penstock import Penstock

__all__ = ["Jobs"]

_MOST_BACKFILLED = 10_000
_SCHEDULER = "runs/scheduler"
_LEFT_MS = 7 * 86_400_000
"""So long a run that has failed or was cancelled can go on where its SQL had committed."""


class Jobs:
    """The jobs are those that jobs.toml says whenever they are asked for; one that is wrong stops no other."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._locks = None if penstock.home is None else penstock.home / "jobs"
        self._scheduler: Scheduler | None = None
        self._presence: Presence | None = None
        self._sql = Sql(penstock)
        self.kinds: dict[str, Kind] = {
            "sql": self._sql,
            "command": Command(penstock.folder, self._locks),
            "check": Check(penstock),
            "ingest": Ingest(penstock),
            "load": LoadKind(penstock),
            "upkeep": Upkeep(penstock),
        }
        """What jobs can be, by the word for it."""
        self.file = JobFile(penstock, self.kinds)
        self.queries = RowQueries(penstock)
        """Those of on-row."""

    # -- what there is -----------------------------------------------------------------------------

    @cached_property
    def runs(self) -> Runs:
        """Their runs; what is told of one is written with its end, and what its row of the warehouse is to say."""
        found = Runs(self._penstock.log)
        found.at_end += [partial(report, self._penstock), partial(execution.end, self._penstock)]
        return found

    @cached_property
    def log(self) -> RunLog:
        """The lines of the runs."""
        return RunLog(self._penstock.log)

    def standings(self) -> list[JobStanding]:
        """How each job stands, in the order of the file. Raises ConfigError where the file is wrong."""
        known, now = self.runs.open(), self._penstock.clock.now_ms()
        return [job_standing(one, known, now) for one in self.file.listed()]

    def standing(self, name: str) -> JobStanding:
        """How one stands. Raises ConfigError where there is none."""
        return job_standing(self.file.require(name), self.runs.open(), self._penstock.clock.now_ms())

    # -- what people say ---------------------------------------------------------------------------

    def begin(self, name: str, given: Mapping[str, object]) -> Run:
        """A run of a job by hand, which whoever works on runs begins as soon as it may.

        Raises ConfigError where there is no such job, it is wrong, or the parameters do not fit.
        """
        job, now, by = self.file.get(name), self._penstock.clock.now_ms(), doer().caller.name
        made = Run(run_id(name, now, alone=False), name, "waiting", "hand", by, now, now, now, job.values(given))
        self.runs.change(lambda _: Change([made]))
        audited(self._penstock.log, "job-run", name, run=made.id, parameters=made.parameters)
        self._wake()
        return made

    def left(self, name: str, given: Mapping[str, object]) -> Run | None:
        """A run of a job by hand, with these parameters, that nobody works on any more, to be done now; as `begin`."""
        values = self.file.get(name).values(given)
        for run in self.runs.open().runs.values():
            same = run.job == name and run.trigger == "hand" and run.parameters == values
            if same and not (run.state == "running" and is_present(self._locks, run.process)):
                return run if run.state == "running" else self.retry(run.id)
        return None

    def backfill(self, name: str, since: int, until: int, given: Mapping[str, object]) -> list[Run]:
        """A run for each moment of the job's schedule from `since` on and before `until` (ms since 1970), in order.

        Raises ConfigError where it has no schedule, there is no such moment, or there are too many; and as `begin`.
        """
        job, now, by = self.file.get(name), self._penstock.clock.now_ms(), doer().caller.name
        if job.schedule is None:
            raise ConfigError(
                f"job '{name}' has no schedule, and a backfill is a run for each of its moments",
                code="job-backfill",
                where=job.where,
                hint="give it one, or begin single runs with parameters",
            )
        times = []
        for time in job.schedule.times(since - 1, until - 1):
            times.append(time)
            if len(times) > _MOST_BACKFILLED:
                raise ConfigError(
                    f"there are more than {_MOST_BACKFILLED:,} moments in that range",
                    code="job-backfill",
                    hint="fill it in several parts",
                )
        if not times:
            raise ConfigError(
                f"the schedule of job '{name}' has no moment in that range",
                code="job-backfill",
                where=job.where,
                hint=f"it is {job.schedule.cron} in {job.schedule.zone}",
            )
        values = job.values(given)
        made = [
            Run(run_id(name, time, alone=False), name, "waiting", "backfill", by, time, now, now, values)
            for time in times
        ]
        self.runs.change(lambda _: Change(made))
        audited(self._penstock.log, "job-backfill", name, since=since, until=until, runs=len(made))
        self._wake()
        return made

    def pause(self, name: str) -> None:
        """Let nothing but a hand begin runs of a job; moments that pass meanwhile are passed over.

        Raises ConfigError where there is no such job.
        """
        self._pause(name, doer().caller.name)
        audited(self._penstock.log, "job-pause", name)

    def resume(self, name: str) -> None:
        """Let its schedule, and what it is done after, begin runs again. Raises ConfigError where there is none."""
        self._pause(name, "")
        audited(self._penstock.log, "job-resume", name)
        self._wake()

    def _pause(self, name: str, by: str) -> None:
        self.file.require(name)
        now = self._penstock.clock.now_ms()

        def decide(known: Open) -> Change:
            state = known.job(name)
            considered = now if state.paused_by else state.considered
            return Change(jobs={name: replace(state, paused_by=by, considered=considered)})

        self.runs.change(decide)

    def cancel(self, identity: str) -> Run:
        """Let a run end: one that waits at once, one that goes on soon; what it is now.

        Raises StateError where there is no such run, or it has ended.
        """
        by, now = doer().caller.name, self._penstock.clock.now_ms()

        def decide(known: Open) -> Change:
            run = known.runs.get(identity)
            if run is None:
                raise StateError(f"run '{identity}' is {self.run(identity).state} already", code="run-ended")
            if run.state == "waiting":
                return Change([replace(run, state="cancelled", ended=now, cancelled_by=by)])
            return Change(cancel={identity: by})

        self.runs.change(decide)
        audited(self._penstock.log, "run-cancel", identity)
        self._wake()
        return self.run(identity)

    def retry(self, identity: str) -> Run:
        """Let a run that has failed or was cancelled go on at the step that it did not do; what it is now.

        One that waits for its next attempt has it now. Raises StateError for any other run, and where there is none.
        """
        run, now = self.run(identity), self._penstock.clock.now_ms()
        self.file.get(run.job)
        if run.state not in ("failed", "cancelled", "waiting"):
            raise StateError(
                f"run '{identity}' is {run.state}, and only one that has failed or was cancelled can be tried again",
                code="run-state",
                hint="begin another run of its job",
            )

        def decide(known: Open) -> Change:
            found = known.runs.get(identity) or self.runs.get(identity)
            if found.state in ("running", "success", "partial"):  # somebody else was faster
                return Change()
            return Change([replace(found, state="waiting", due=now, ended=None, cancelled_by="", trigger="hand")])

        self.runs.change(decide)
        audited(self._penstock.log, "run-retry", identity)
        self._wake()
        return self.run(identity)

    # -- runs --------------------------------------------------------------------------------------

    def run(self, identity: str) -> Run:
        """A run as it is now. Raises StateError where there is none."""
        found = self.runs.get(identity)
        return found if found.state in ENDED else self.runs.now(found)

    def history(self, name: str | None = None, limit: int = 50) -> list[Run]:
        """Runs, the newest first: of one job, or of all. Raises ConfigError where there is no such job."""
        found = self.runs.list(name, limit)
        if name is not None and not found:
            self.file.get(name)
        return found

    def rest(self, seconds: float) -> None:
        """Let time pass, for whoever waits for a run."""
        self._penstock.clock.sleep(seconds)

    def lines(self, identity: str, after: int = 0, limit: int = 10_000) -> tuple[int, list[Line]]:
        """The lines of a run numbered above `after`, at most `limit`; the number of the last. Raises StateError."""
        return self.log.of(identity, self.run(identity).created, after, limit)

    # -- who works on them -------------------------------------------------------------------------

    def start(self) -> None:
        """Make the runs that are due, and work on them, in threads."""
        if self._scheduler is None:
            self._sql.sweep(self.runs, self._penstock.clock.now_ms() - _LEFT_MS)
            self._scheduler = self.scheduling()
            assert self._presence is not None
            self._penstock.log.facts.put(_SCHEDULER, self._presence.name.encode())
            self._scheduler.start()

    @property
    def scheduler(self) -> Scheduler | None:
        """Who makes the runs that are due in this process, if somebody does."""
        return self._scheduler

    @property
    def served(self) -> bool:
        """Whether a process makes runs that are due, and works on all."""
        name = self._penstock.log.facts.get(_SCHEDULER)
        return name is not None and is_present(self._locks, name.decode())

    def stop(self) -> None:
        """Leave what is being worked on to the next process; idempotent."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.stop()
            self._leave()

    @contextmanager
    def working(self, identity: str) -> Iterator[None]:
        """Inside, this process works on one run, and on what stands in its way."""
        scheduler = self.scheduling(identity)
        scheduler.start()
        try:
            yield
        finally:
            scheduler.stop()
            self._leave()
            self._penstock.notices.tell()

    def scheduling(self, only: str | None = None) -> Scheduler:
        """One that is not started, of all runs or for one: whoever has it calls `tick`, and `stop` in the end."""
        penstock = self._penstock
        self._presence = Presence(self._locks)
        return Scheduler(
            self.file.good,
            self.file.known,
            self.kinds,
            self.runs,
            self.log,
            penstock.clock,
            self._presence,
            penstock.folder,
            penstock.settings.jobs,
            only,
            partial(execution.sweep, penstock),
        )

    def _leave(self) -> None:
        if self._presence is not None:
            self._presence.close()
            self._presence = None

    def _wake(self) -> None:
        if self._scheduler is not None:
            self._scheduler.wake()
