"""`Jobs`: the jobs of a project: what jobs.toml says, their runs, and who works on them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, SqlError, StateError, did_you_mean
from penstock.jobs import Listed, Run, Runs, Scheduler, read_jobs
from penstock.jobs.command import Command
from penstock.jobs.job import FILE
from penstock.jobs.presence import Presence, is_present
from penstock.jobs.run import ENDED, run_id
from penstock.jobs.run_log import RunLog
from penstock.jobs.runs import Change
from penstock.project.audit import audited, doer
from penstock.project.jobs.check import Check
from penstock.project.jobs.ingest import Ingest
from penstock.project.jobs.load import LoadKind
from penstock.project.jobs.reports import report
from penstock.project.jobs.rows import RowQueries, fitting
from penstock.project.jobs.sql import Sql
from penstock.project.jobs.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from penstock.core.parameters import Parameter
    from penstock.jobs import Job, Kind
    from penstock.jobs.run_log import Line
    from penstock.jobs.runs import Open
    from penstock.project.penstock import Penstock

__all__ = ["JobState", "Jobs"]

_MOST_BYTES = 1 << 20
_MOST_BACKFILLED = 10_000
_UPCOMING = 5
_SCHEDULER = "runs/scheduler"
_LEFT_MS = 7 * 86_400_000
"""So long a run that has failed or was cancelled can go on where its SQL had committed."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job is; times in ms since 1970. One that is `wrong` is not done, and that says why.

    `upcoming` is when its schedule has it due, the next few times. `last` is its last run that has ended, `running` and
    `waiting` are how many have not.
    """

    name: str
    kind: str
    description: str
    schedule: str
    zone: str
    after: tuple[str, ...]
    on_file: str
    on_row: str
    parameters: tuple[Parameter, ...]
    wrong: str
    paused_by: str
    upcoming: tuple[int, ...]
    last: str
    last_state: str
    last_ended: int | None
    last_success: int | None
    running: int
    waiting: int

    @property
    def next(self) -> int | None:
        """When it is due next."""
        return self.upcoming[0] if self.upcoming else None


class Jobs:
    """The jobs are those that jobs.toml says whenever they are asked for; one that is wrong stops no other."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._lock = Lock()
        self._seen: object = None
        self._listed: list[Listed] = []
        self._error: PenstockError | None = None
        self._scheduler: Scheduler | None = None
        self._presence: Presence | None = None
        self._sql = Sql(penstock)
        self.queries = RowQueries(penstock)
        """Those of on-row."""

    # -- what there is -----------------------------------------------------------------------------

    @cached_property
    def runs(self) -> Runs:
        """Their runs; what is told of one is written with its end."""
        found = Runs(self._penstock.log)
        found.at_end.append(partial(report, self._penstock))
        return found

    @cached_property
    def log(self) -> RunLog:
        """The lines of the runs."""
        return RunLog(self._penstock.log)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """What jobs can be, by the word for it."""
        penstock = self._penstock
        return {
            "sql": self._sql,
            "command": Command(penstock.folder, self._locks),
            "check": Check(penstock),
            "ingest": Ingest(penstock),
            "load": LoadKind(penstock),
            "upkeep": Upkeep(penstock),
        }

    @property
    def _locks(self) -> Path | None:
        home = self._penstock.home
        return None if home is None else home / "jobs"

    def listed(self) -> list[Listed]:
        """The jobs of the file as it is now, in its order; none where there is no file. Raises ConfigError."""
        with self._lock:
            self._read()
            if self._error is not None:
                raise self._error.with_traceback(None)
            return self._listed

    def _read(self) -> None:
        """Read the file, where it is another than the one that was read."""
        penstock = self._penstock
        if penstock.home is None:
            return
        path = penstock.folder / FILE
        try:
            found = path.stat()
            seen: object = found.st_mtime_ns, found.st_size, self._catalog()
            if seen == self._seen:
                return
            if found.st_size > _MOST_BYTES:
                raise ConfigError(f"{FILE} is larger than {_MOST_BYTES >> 20} MB", code="job-file")
            said = penstock.settings
            listed = fitting(read_jobs(path.read_text("utf-8"), self.kinds, said.time_zone, said.notify), penstock)
        except FileNotFoundError:
            seen, listed = None, []
        except (OSError, UnicodeDecodeError) as error:
            self._error = ConfigError(f"{FILE} cannot be read: {error}", code="job-file")
            return
        except PenstockError as error:
            self._seen, self._error = seen, error
            return
        self._seen, self._listed, self._error = seen, listed, None

    def _catalog(self) -> int:
        """What the SQL of jobs is read against; it is another after an apply."""
        try:
            return id(self._penstock.session)
        except SqlError:
            return 0

    def good(self) -> dict[str, Job]:
        """Those that can be done, by name; while the file is wrong, those that it said before."""
        with self._lock:
            self._read()
            return {one.name: one.job for one in self._listed if one.job is not None}

    def _known(self) -> set[str]:
        with self._lock:
            return {one.name for one in self._listed}

    def get(self, name: str) -> Job:
        """The job called so. Raises ConfigError where there is none, and the error of one that is wrong."""
        known = {one.name: one for one in self.listed()}
        if name not in known:
            hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else f"{FILE} has none")
            raise ConfigError(f"there is no job '{name}'", code="job-unknown", hint=hint)
        job, error = known[name].job, known[name].error
        if job is None:
            assert error is not None
            raise error.with_traceback(None)
        return job

    def states(self) -> list[JobState]:
        """How each job is, in the order of the file. Raises ConfigError where the file is wrong."""
        known, now = self.runs.open(), self._penstock.clock.now_ms()
        return [_state(one, known, now) for one in self.listed()]

    def state(self, name: str) -> JobState:
        """How one is. Raises ConfigError where there is none."""
        found = {one.name: one for one in self.states()}
        if name not in found:
            self.get(name)
        return found[name]

    # -- what people say ---------------------------------------------------------------------------

    def begin(self, name: str, given: Mapping[str, object]) -> Run:
        """A run of a job by hand, which whoever works on runs begins as soon as it may.

        Raises ConfigError where there is no such job, it is wrong, or the parameters do not fit.
        """
        job, now, by = self.get(name), self._penstock.clock.now_ms(), doer().caller.name
        made = Run(run_id(name, now, alone=False), name, "waiting", "hand", by, now, now, now, job.values(given))
        self.runs.change(lambda _: Change([made]))
        audited(self._penstock.log, "job-run", name, run=made.id, parameters=made.parameters)
        self._wake()
        return made

    def left(self, name: str, given: Mapping[str, object]) -> Run | None:
        """A run of a job by hand, with these parameters, that nobody works on any more, to be done now; as `begin`."""
        values = self.get(name).values(given)
        for run in self.runs.open().runs.values():
            same = run.job == name and run.trigger == "hand" and run.parameters == values
            if same and not (run.state == "running" and is_present(self._locks, run.process)):
                return run if run.state == "running" else self.retry(run.id)
        return None

    def backfill(self, name: str, since: int, until: int, given: Mapping[str, object]) -> list[Run]:
        """A run for each moment of the job's schedule from `since` on and before `until` (ms since 1970), in order.

        Raises ConfigError where it has no schedule, there is no such moment, or there are too many; and as `begin`.
        """
        job, now, by = self.get(name), self._penstock.clock.now_ms(), doer().caller.name
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
        now = self._penstock.clock.now_ms()
        if name not in {one.name for one in self.listed()}:
            self.get(name)

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
        self.get(run.job)
        if run.state not in ("failed", "cancelled", "waiting"):
            raise StateError(
                f"run '{identity}' is {run.state}, and only one that has failed or was cancelled can be tried again",
                code="run-state",
                hint="begin another run of its job",
            )

        def decide(known: Open) -> Change:
            found = known.runs.get(identity, run)
            if found.state == "running":
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
        if name is not None and not (found := self.runs.list(name, limit)):
            self.get(name)
            return found
        return self.runs.list(name, limit)

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
            self._scheduler = self._scheduling(None)
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
        scheduler = self._scheduling(identity)
        scheduler.start()
        try:
            yield
        finally:
            scheduler.stop()
            self._leave()
            self._penstock.notices.tell()

    def scheduling(self) -> Scheduler:
        """A scheduler that is not started: whoever has it calls `tick`, and `close` in the end."""
        return self._scheduling(None)

    def _scheduling(self, only: str | None) -> Scheduler:
        penstock = self._penstock
        self._presence = Presence(self._locks)
        return Scheduler(
            self.good,
            self._known,
            self.kinds,
            self.runs,
            self.log,
            penstock.clock,
            self._presence,
            penstock.folder,
            penstock.settings.jobs,
            only,
        )

    def _leave(self) -> None:
        if self._presence is not None:
            self._presence.close()
            self._presence = None

    def _wake(self) -> None:
        if self._scheduler is not None:
            self._scheduler.wake()


def _state(one: Listed, known: Open, now: int) -> JobState:
    job, state = one.job, known.job(one.name)
    schedule = None if job is None else job.schedule
    open_ = [run.state for run in known.runs.values() if run.job == one.name]
    upcoming: Iterable[int] = ()
    if schedule is not None and not state.paused_by:
        upcoming = islice(schedule.times(now if state.considered is None else state.considered), _UPCOMING)
    return JobState(
        name=one.name,
        kind="" if job is None else job.kind,
        description="" if job is None else job.description,
        schedule="" if schedule is None else schedule.cron,
        zone="" if schedule is None else schedule.zone,
        after=() if job is None else job.after,
        on_file="" if job is None else job.on_file,
        on_row="" if job is None else job.on_row,
        parameters=() if job is None else job.parameters,
        wrong="" if one.error is None else str(one.error),
        paused_by=state.paused_by,
        upcoming=tuple(upcoming),
        last=state.last,
        last_state=state.last_state,
        last_ended=state.last_ended,
        last_success=state.last_success,
        running=open_.count("running"),
        waiting=open_.count("waiting"),
    )
