"""`Worker`: one attempt at a run, step by step, in a thread of its own."""

from __future__ import annotations

import threading
import traceback
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, DataError, PenstockError, SqlError
from penstock.core.logs import tell
from penstock.jobs.run import StepRun
from penstock.jobs.run_log import Line
from penstock.jobs.step import Outcome, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.core.clock import Clock
    from penstock.jobs.job import Job, Kind
    from penstock.jobs.run import Run
    from penstock.jobs.run_log import RunLog
    from penstock.jobs.runs import Runs
    from penstock.jobs.step import Level, Step

__all__ = ["Worker"]

_LONGEST_ERROR = 20_000


class Worker:
    """Does what is left to do of `run`, which this process has claimed.

    `ended` is called in the end, with this worker: `error` is then what ended the attempt, `stopped` why it was told
    to end, and `lasting` whether the error would be the same again.
    """

    def __init__(
        self, run: Run, job: Job, kind: Kind, runs: Runs, log: RunLog, clock: Clock, ended: Callable[[Worker], None]
    ) -> None:
        self.run = run
        self.job = job
        self.error = ""
        self.lasting = False
        self.stopped = ""
        self.began = clock.now_ms()
        self._since = clock.monotonic()
        self.stop = threading.Event()
        self._kind = kind
        self._runs = runs
        self._log = log
        self._clock = clock
        self._ended = ended
        self._step = ""
        self._failed: list[tuple[str, str]] = []
        self._ending = threading.Lock()
        self._over = False
        self._calls: list[Callable[[], None]] = []
        self.thread = threading.Thread(target=self._work, name=f"run {run.id}", daemon=True)

    def end(self, why: str) -> None:
        """Let it end soon: ``cancelled``, ``timeout`` or ``process``. The first reason counts."""
        with self._ending:
            if self._over:
                return
            self.stopped = self.stopped or why
            self.stop.set()
            for call in self._calls:
                call()

    @property
    def is_overdue(self) -> bool:
        """Whether the attempt has taken longer than its job's timeout, whatever became of the wall clock meanwhile."""
        return 0 < self.job.timeout < (self._clock.monotonic() - self._since) * 1000

    # -- the note of a step ------------------------------------------------------------------------

    def __call__(self, line: str, level: Level = "info") -> None:
        self.tell(line, level)
        self._require_going()

    @contextmanager
    def interrupting(self, call: Callable[[], None]) -> Iterator[None]:
        with self._ending:
            self._require_going()
            self._calls.append(call)
        try:
            yield
        except Exception as error:
            if self.stop.is_set():  # it was broken off, whatever it says of that
                raise StoppedError from error
            raise
        finally:
            with self._ending:
                self._calls.remove(call)
        self._require_going()

    def phase(self, name: str) -> None:
        found = self.run.step(self._step)
        if found is not None and found.doing != name:
            self._note(replace(found, doing=name))
        self._require_going()

    def tell(self, line: str, level: Level = "info") -> None:
        """A line of the run's log, or several."""
        for one in line.splitlines() or [""]:
            self._log.write(Line(self._clock.now_ms(), self.run.id, self.run.attempt, self._step, level, one))

    def _require_going(self) -> None:
        if self.stop.is_set():
            raise StoppedError

    # -- the attempt -------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._try()
        except Exception as error:  # noqa: BLE001  # a full disk takes not even the line that says so
            self._fail_step(self.error or self.stopped)
            tell("error", "run-untold", f"the log of run {self.run.id} cannot be written", error=error)
        with self._ending:
            self._over = True
        self._ended(self)

    def _try(self) -> None:
        try:
            self._do_all()
        except StoppedError:
            self.stopped = self.stopped or "cancelled"
        except BaseException as error:  # noqa: BLE001  # whatever it is, a panic of Polars too, ends this attempt alone
            self._fail(error)
        if self.stopped:
            self._fail_step(self.stopped)
            self.tell(
                {"cancelled": "cancelled", "timeout": "timed out", "process": "interrupted"}[self.stopped], "warning"
            )

    def _do_all(self) -> None:
        took = f", taken over from a process that has died (time {self.run.resumed})" if self.run.resumed else ""
        self.tell(f"attempt {self.run.attempt}{took}")
        steps = list(self._kind.steps(self.job, self.run))
        for step in steps:
            self._step = step.name
            self._require_going()
            try:
                self._do(step)
            except StoppedError:
                raise
            except BaseException as error:
                if not step.alone:
                    raise
                self._fail(error)
        self._step = ""
        for step in () if self.error else steps:
            step.forget()

    def _do(self, step: Step) -> None:
        found = self.run.step(step.name)
        if found is not None and found.state == "done":
            return
        if found is not None and (outcome := step.done()) is not None:
            self.tell("it was committed before the process died")
            self._note(replace(found, state="done", ended=self._clock.now_ms(), doing="", error="", outcome=outcome))
            return
        begun = StepRun(step.name, "running", self.run.attempt, self._clock.now_ms())
        self._note(begun)
        outcome = step.do(self)
        last = self.run.step(step.name) or begun
        self._note(replace(last, state="done", ended=self._clock.now_ms(), doing="", outcome=outcome))
        self.tell(_said(outcome))

    def _note(self, step: StepRun) -> None:
        self.run = self.run.with_step(step)
        self._runs.note(self.run)

    def _fail(self, error: BaseException) -> None:
        """The attempt has failed, of this too; another one is of no use where it would be the same in each case."""
        foreseen = isinstance(error, PenstockError)
        text = _short(str(error) if foreseen else f"{type(error).__name__}: {error}")
        lasting = isinstance(error, (ConfigError, DataError, SqlError))
        self.lasting = lasting and (self.lasting or not self._failed)
        self._failed.append((self._step, text))
        alone = len(self._failed) == 1
        self.error = text if alone else _short("\n".join(f"{step}: {said}" for step, said in self._failed))
        self._fail_step(text)
        self.tell(text, "error")
        if not foreseen:
            self.tell("".join(traceback.format_exception(error)), "error")

    def _fail_step(self, error: str) -> None:
        found = self.run.step(self._step)
        if found is not None and found.state == "running":
            self.run = self.run.with_step(replace(found, state="failed", ended=self._clock.now_ms(), error=error))


def _short(error: str) -> str:
    return error if len(error) <= _LONGEST_ERROR else error[:_LONGEST_ERROR] + "..."


def _said(outcome: Outcome) -> str:
    counts = ", ".join(f"{name} {count:,}" for name, count in outcome.counts.items())
    note = outcome.note if outcome.partial or not counts else ""  # other remarks stand in the lines above
    said = "; ".join(part for part in (counts, note) if part)
    return f"done: {said}" if said else "done"
