"""`Scheduler`: makes the runs that are due, and works on those that nobody works on."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError
from penstock.core.logs import tell
from penstock.jobs.arrivals import Arrivals, new_of
from penstock.jobs.figures import Figures
from penstock.jobs.job import FILE_PARAMETER
from penstock.jobs.run import ENDED, Attempt, Run, run_id
from penstock.jobs.runs import Change
from penstock.jobs.sweeper import Sweeper
from penstock.jobs.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.jobs.job import Job, Kind
    from penstock.jobs.presence import Presence
    from penstock.jobs.run import State
    from penstock.jobs.run_log import RunLog
    from penstock.jobs.runs import JobState, Open, Runs

__all__ = ["Scheduler", "rows_topic"]

_LATE_MS = 60_000
"""A moment that passed longer ago than this was missed."""
_AHEAD_MS = 86_400_000
"""What was looked at further ahead than this was looked at by a clock that was wrong."""
_FILES_MS = 2_000
"""So often folders are looked at."""
_MOST_MISSED = 1_000
"""So many moments are made up for at most, the latest ones."""
_MOST_RESUMED = 5
"""So often a run is taken over from processes that died; then it has failed."""
_LOOK_SECONDS = 0.5
_SWEEP_MS = 60_000
"""So often what follows from runs that have ended is tried again, or looked for where another process has ended one."""
_PATIENCE_SECONDS = 30.0


class Scheduler:
    """The scheduler of one process. `jobs` gives those that can be done now, by name; `known` all names there are.

    Patterns of files are those of `folder`. At most `most` runs go on at once, in all processes together. With `only`
    it makes none, and works on that one and on what stands in its way. `sweep` is called in the beginning and after
    runs have ended, in a thread of its own. `lag` is how long (ms) after they were due the last runs began, `ticked`
    when it looked last at what is due (ms since 1970), `figures` are of the runs that have ended here.
    """

    def __init__(
        self,
        jobs: Callable[[], Mapping[str, Job]],
        known: Callable[[], set[str]],
        kinds: Mapping[str, Kind],
        runs: Runs,
        log: RunLog,
        clock: Clock,
        presence: Presence,
        folder: Path,
        most: int,
        only: str | None = None,
        sweep: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs = jobs
        self._known = known
        self._kinds = kinds
        self._runs = runs
        self._log = log
        self._clock = clock
        self._presence = presence
        self._arrivals = Arrivals(folder)
        self._looked = 0
        self._most = most
        self._only = only
        self._sweeper = Sweeper(sweep)
        self._swept: int | None = None
        self._workers: dict[str, Worker] = {}
        self._next: dict[str, tuple[object, int | None, int | None]] = {}
        self._wake = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None
        self.lag = 0
        self.ticked = clock.now_ms()
        self.figures = Figures()

    def start(self) -> None:
        """Go on in a thread."""
        self._thread = threading.Thread(target=self._go, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What is being worked on is left where it is, for the next process; returns when it is."""
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        workers = [*self._workers.values()]
        for worker in workers:
            worker.end("process")
        for worker in workers:
            worker.thread.join(_PATIENCE_SECONDS)
            if worker.thread.is_alive():
                tell("warning", "run-left", f"run {worker.run.id} does not end; the next process goes on with it")
        self._sweeper.join(_PATIENCE_SECONDS)
        self._log.flush()

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._wake.set()

    def settle(self) -> None:
        """Wait until nothing that was begun goes on."""
        while workers := [worker for worker in self._workers.values() if worker.thread.is_alive()]:
            for worker in workers:
                worker.thread.join()
        self._sweeper.join()

    def _go(self) -> None:
        told = ""
        while not self._ending:
            self._wake.clear()
            try:
                self.tick()
                told = ""
            except Exception as error:  # noqa: BLE001  # the disk may have room again the next time
                if str(error) != told:
                    told = str(error)
                    tell("error", "jobs-unwritten", "runs wait: what is due cannot be read or written", error=error)
            self._wake.wait(_LOOK_SECONDS)

    def tick(self) -> None:
        """Do what is due now: make runs, begin them, and end those that are to end."""
        for worker in [*self._workers.values()]:
            if not worker.thread.is_alive() and worker.run.id in self._workers:  # its end could not be written down
                self._finish(worker)
        self._end_overdue()
        if self._only is None:
            self._runs.change(self._due)
            self._look_at_files()
            self._look_at_rows()
        for run in self._runs.change(self._claims).runs:
            if run.state == "running":
                self._begin(run)
            else:
                self.figures.add(run)
                self._swept = None
        self._log.flush()
        self.ticked = self._clock.now_ms()
        if self._swept is None or self.ticked - self._swept >= _SWEEP_MS:
            self._swept = self.ticked
            self._sweeper.ask()

    # -- what is due by a schedule -----------------------------------------------------------------

    def _next_of(self, job: Job, state: JobState) -> int | None:
        """The next moment of a job's schedule, which is looked up once."""
        found = self._next.get(job.name)
        if found is None or found[:2] != (job.schedule, state.considered):
            assert job.schedule is not None
            assert state.considered is not None
            found = self._next[job.name] = job.schedule, state.considered, job.schedule.after(state.considered)
        return found[2]

    def _due(self, known: Open) -> Change:
        """Runs for the moments of schedules that have passed since these were last looked at."""
        change, now = Change(), self._clock.now_ms()
        for name, job in self._jobs().items():
            if job.schedule is None:
                continue
            state = known.job(name)
            if state.considered is None or _is_unseen(state, now):  # it is new: what was before counts for nothing
                change.jobs[name] = replace(state, considered=now)
                continue
            due = self._next_of(job, state)
            if due is None or due > now:
                continue
            passed = [] if state.paused_by else job.schedule.last(state.considered, now, _MOST_MISSED)
            change.jobs[name] = replace(state, considered=now)
            for time in _chosen(passed, job.catch_up, now):
                identity = run_id(name, time, alone=True)
                if identity not in known.runs:
                    parameters = job.values({})
                    change.runs.append(Run(identity, name, "waiting", "schedule", "", time, now, time, parameters))
        return change

    # -- files that are new ------------------------------------------------------------------------

    def _look_at_files(self) -> None:
        now = self._clock.now_ms()
        jobs = [job for job in self._jobs().values() if job.on_file]
        if not jobs or now - self._looked < _FILES_MS:
            return
        self._looked = now
        for job in jobs:
            there = self._arrivals.look(job.on_file)
            self._runs.change(partial(self._arrived, job, there))

    def _arrived(self, job: Job, there: Mapping[str, str], known: Open) -> Change:
        """Runs for the files that are new: one for each where the job has a parameter for it, else one for all."""
        state, now = known.job(job.name), self._clock.now_ms()
        new = new_of(there, state.seen)
        gone = [path for path in state.seen if not self._arrivals.going(job.on_file, path)]
        if not new and not gone:
            return Change()
        seen = {path: mark for path, mark in state.seen.items() if path not in gone}
        change = Change(jobs={job.name: replace(state, seen=seen | {path: there[path] for path in new})})
        each = any(parameter.name == FILE_PARAMETER for parameter in job.parameters)
        groups = [[path] for path in new] if each else [new] if new else []
        for paths in [] if state.paused_by else groups:
            values = job.values({FILE_PARAMETER: paths[0]} if each else {})
            by = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
            identity = run_id(job.name, now, alone=False)
            change.runs.append(Run(identity, job.name, "waiting", "file", by, now, now, now, values))
        return change

    # -- rows of live queries ----------------------------------------------------------------------

    def _look_at_rows(self) -> None:
        for job in self._jobs().values():
            if job.on_row:
                rows = self._runs.rows(rows_topic(job.name), self._runs.open().job(job.name).rows)
                if rows:
                    self._runs.change(partial(self._given, job, rows))

    def _given(self, job: Job, rows: Mapping[int, Mapping[str, object]], known: Open) -> Change:
        """A run for each row, by its offset, that there was none for; what does not fit has failed at once."""
        state, now = known.job(job.name), self._clock.now_ms()
        new = {offset: row for offset, row in rows.items() if offset >= state.rows}
        if not new:
            return Change()
        change = Change(jobs={job.name: replace(state, rows=max(new) + 1)})
        wanted = {parameter.name for parameter in job.parameters}
        for offset, row in {} if state.paused_by else new.items():
            given = {name: value for name, value in row.items() if name in wanted and value is not None}
            identity, by = run_id(job.name, now, alone=False), f"row {offset}"
            run = Run(identity, job.name, "waiting", "row", by, now, now, now)
            try:
                change.runs.append(replace(run, parameters=job.values(given)))
            except ConfigError as error:
                told = {name: str(value) for name, value in given.items()}
                change.runs.append(_ended(replace(run, parameters=told), "failed", now, str(error)))
        return change

    # -- who works on what -------------------------------------------------------------------------

    def _claims(self, known: Open) -> Change:
        """Claim runs that may begin, and those of processes that have died."""
        change, now = Change(), self._clock.now_ms()
        jobs, names = self._jobs(), self._known()
        going = [run for run in known.runs.values() if run.state == "running"]
        busy = Counter(run.job for run in going)
        for run in going:
            left = run.id not in self._workers and (
                run.process == self._presence.name or not self._presence.alive(run.process)
            )
            if left and self._is_mine(run, known):
                self._take_over(run, known, jobs, now, change)
        free = self._most - len(going)
        waiting = [
            run
            for run in known.runs.values()
            if run.state == "waiting" and run.due <= now and run.id not in self._workers  # whose attempt has just ended
        ]
        for run in sorted(waiting, key=lambda run: (run.due, run.created, run.scheduled, run.id)):
            job = jobs.get(run.job)
            if run.job not in names:
                change.runs.append(_ended(run, "cancelled", now, f"there is no job '{run.job}' any more"))
            elif (
                job is None or not self._is_mine(run, known) or (known.job(run.job).paused_by and run.trigger != "hand")
            ):
                continue
            elif free > 0 and busy[run.job] < job.concurrency:
                free -= 1
                busy[run.job] += 1
                self.lag = now - run.due
                begun = replace(
                    run,
                    state="running",
                    attempt=run.attempt + 1,
                    began=now if run.began is None else run.began,
                    process=self._presence.name,
                )
                change.runs.append(begun)
        return change

    def _is_mine(self, run: Run, known: Open) -> bool:
        """Whether this process is to work on a run."""
        if self._only is None:
            return True
        wanted = known.runs.get(self._only)
        return run.id == self._only or (wanted is not None and run.job == wanted.job and run.state == "running")

    def _take_over(self, left: Run, known: Open, jobs: Mapping[str, Job], now: int, change: Change) -> None:
        """Go on with a run of a process that has died."""
        run = self._runs.now(left)
        if by := known.cancelled.get(run.id):
            change.runs.append(replace(_ended(run, "cancelled", now, ""), cancelled_by=by))
        elif run.job not in self._known():
            change.runs.append(_ended(run, "cancelled", now, f"there is no job '{run.job}' any more"))
        elif run.resumed >= _MOST_RESUMED:
            step = next((step.name for step in run.steps if step.state == "running"), "")
            error = f"its process has died {run.resumed + 1} times" + (f" in step {step}" if step else "")
            change.runs.append(_ended(run, "failed", now, error))
        elif run.job in jobs:
            change.runs.append(replace(run, process=self._presence.name, resumed=run.resumed + 1))

    def _begin(self, run: Run) -> None:
        job = self._jobs()[run.job]
        worker = Worker(run, job, self._kinds[job.kind], self._runs, self._log, self._clock, self._finish)
        self._workers[run.id] = worker
        worker.thread.start()

    def _end_overdue(self) -> None:
        """Tell those that have taken too long, or that somebody wants to end."""
        if not self._workers:
            return
        cancelled = self._runs.open().cancelled
        for worker in [*self._workers.values()]:
            if worker.run.id in cancelled:
                worker.end("cancelled")
            elif worker.is_overdue:
                worker.end("timeout")

    # -- how a run goes on after an attempt ---------------------------------------------------------

    def _finish(self, worker: Worker) -> None:
        """Write down what became of an attempt, from its thread; where that cannot be now, a later tick does."""
        try:
            self._log.flush()
            ended = self._runs.change(lambda known: self._after(worker, known)).runs
        except Exception as error:  # noqa: BLE001  # whatever it is, the run has ended, and others wait for it
            if threading.current_thread() is worker.thread:  # once, however often it is tried again
                tell("error", "run-unwritten", f"the end of run {worker.run.id} could not be written down", error=error)
            return
        for run in ended:
            if run.state in ENDED:
                self.figures.add(run)
                self._sweeper.ask()
        del self._workers[worker.run.id]
        self._wake.set()

    def _after(self, worker: Worker, known: Open) -> Change:
        run, job, now = worker.run, worker.job, self._clock.now_ms()
        if worker.stopped == "process":
            return Change([replace(run, state="waiting", due=now, process="", attempt=run.attempt - 1)])
        error = worker.error
        if worker.stopped == "timeout":
            error = f"it has taken longer than its timeout of {job.timeout / 1000:g} s"
        step = run.failed_step if error else ""
        tried = Attempt(run.attempt, worker.began, now, error or worker.stopped, step)
        run = replace(run, attempts=(*run.attempts, tried), process="")
        if worker.stopped == "cancelled":
            by = known.cancelled.get(run.id, "")
            return self._ending_of(replace(_ended(run, "cancelled", now, ""), cancelled_by=by), known)
        wait = job.retry.wait(run.attempt) if error and not worker.lasting else None
        if wait is not None:
            return Change([replace(run, state="waiting", due=now + wait, error=error)])
        if error:
            return self._ending_of(_ended(run, "failed", now, error), known)
        partial = any(step.outcome.partial for step in run.steps)
        return self._ending_of(_ended(run, "partial" if partial else "success", now, ""), known)

    def _ending_of(self, run: Run, known: Open) -> Change:
        """With a run's end what follows from it."""
        good = run.state in ("success", "partial")
        state = known.job(run.job)
        assert run.ended is not None
        change = Change([run])
        change.jobs[run.job] = replace(
            state,
            last=run.id,
            last_state=run.state,
            last_ended=run.ended,
            last_success=run.ended if good else state.last_success,
        )
        for name, job in self._jobs().items() if good else ():
            if run.job in job.after and not known.job(name).paused_by:
                identity = run_id(name, run.scheduled, alone=False)
                values = job.values({})
                change.runs.append(
                    Run(identity, name, "waiting", "job", run.id, run.scheduled, run.ended, run.ended, values)
                )
        return change


def rows_topic(job: str) -> str:
    """The topic of the rows that a job is done for."""
    return f"__rows.{job}"


def _ended(run: Run, state: State, now: int, error: str) -> Run:
    assert state in ENDED
    return replace(run, state=state, ended=now, error=error, process="")


def _is_unseen(state: JobState, now: int) -> bool:
    """Whether a schedule was never looked at, or by a clock that was set back since: it would rest until then."""
    return state.considered is None or state.considered > now + _AHEAD_MS


def _chosen(times: list[int], catch_up: str, now: int) -> list[int]:
    """Which of the moments that have passed a run is made for."""
    fresh = [time for time in times if now - time <= _LATE_MS]
    if catch_up == "all":
        return times
    if catch_up == "latest":
        return fresh or times[-1:]
    return fresh
