"""`Run`: one time that a job is done: when and why it is due, its attempts and steps, and what became of it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from penstock.jobs.step import Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENDED", "Attempt", "Run", "RunBrief", "State", "StepRun", "Trigger", "read_run", "run_id", "run_time"]

State = Literal["waiting", "running", "success", "partial", "failed", "cancelled"]
Trigger = Literal["schedule", "hand", "backfill", "job", "file", "row"]

ENDED = ("success", "partial", "failed", "cancelled")

_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class StepRun:
    """What became of a step in a run; times in ms since 1970. `doing` is the phase that it is at."""

    name: str
    state: Literal["running", "done", "failed"]
    attempt: int
    began: int
    ended: int | None = None
    doing: str = ""
    error: str = ""
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a run: `error` says what ended it, and is empty where nothing did."""

    number: int
    began: int
    ended: int
    error: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class RunBrief:
    """What a list of runs shows of one; times in ms since 1970."""

    id: str
    state: State
    scheduled: int
    began: int | None
    ended: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is now; times in ms since 1970.

    `scheduled` is the moment that it is for, `due` when it (or its next attempt) may begin. `by` is who or what has
    asked for it: a user, the run of another job, a file. `process` is who works on it, `resumed` how often another
    process has taken it over from one that had died. `cancelled_by` is who has asked for its end.
    """

    id: str
    job: str
    state: State
    trigger: Trigger
    by: str
    scheduled: int
    created: int
    due: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 0
    resumed: int = 0
    began: int | None = None
    ended: int | None = None
    steps: tuple[StepRun, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    error: str = ""
    process: str = ""
    cancelled_by: str = ""

    @property
    def rows(self) -> int:
        """How many rows its steps have read."""
        return sum(step.outcome.counts.get("read", 0) for step in self.steps)

    @property
    def failed_step(self) -> str:
        """The step that has failed, or several, if any has."""
        return ", ".join(step.name for step in self.steps if step.state == "failed")

    @property
    def failure(self) -> str:
        """`error` with the step that has failed; where several have, it names each already."""
        failed = [step.name for step in self.steps if step.state == "failed"]
        return f"{failed[0]}: {self.error}" if self.error and len(failed) == 1 else self.error

    @property
    def left(self) -> list[str]:
        """What its steps have left undone, and why."""
        return [f"{step.name}: {step.outcome.note}" for step in self.steps if step.outcome.partial]

    @property
    def why(self) -> str:
        """In a line what has gone wrong, of partial success what was left undone; empty where nothing was."""
        return "; ".join(self.left) if self.state == "partial" else self.failure.partition("\n")[0]

    @property
    def step_states(self) -> dict[str, str]:
        """The state of each step that has begun; ``partial`` for one that has left something undone."""
        return {step.name: "partial" if step.outcome.partial else step.state for step in self.steps}

    @property
    def brief(self) -> RunBrief:
        return RunBrief(self.id, self.state, self.scheduled, self.began, self.ended)

    def step(self, name: str) -> StepRun | None:
        """What became of the step called so, if it was begun."""
        return next((step for step in self.steps if step.name == name), None)

    def with_step(self, step: StepRun) -> Run:
        """With `step` in the place of the one called so, or after the others."""
        if self.step(step.name) is None:
            return replace(self, steps=(*self.steps, step))
        return replace(self, steps=tuple(step if one.name == step.name else one for one in self.steps))

    def record(self) -> bytes:
        """As JSON."""
        return orjson.dumps(asdict(self))


def read_run(record: bytes) -> Run:
    """The run that `Run.record` has written."""
    said: dict[str, Any] = orjson.loads(record)
    steps = tuple(StepRun(**{**step, "outcome": _outcome(step["outcome"])}) for step in said["steps"])
    return Run(**{**said, "steps": steps, "attempts": tuple(Attempt(**one) for one in said["attempts"])})


def _outcome(said: dict[str, Any]) -> Outcome:
    return Outcome(**{**said, "phases": tuple(Phase(**phase) for phase in said["phases"])})


def run_id(job: str, ms: int, *, alone: bool) -> str:
    """The id of a run for the moment `ms`; `alone`: there can be but one, as of a schedule, and the id is always it."""
    stamp = dt.datetime.fromtimestamp(ms / 1000, dt.UTC).strftime(_STAMP)
    return f"{job}-{stamp}" if alone else f"{job}-{stamp}-{uuid.uuid4().hex[:6]}"


def run_time(identity: str) -> int | None:
    """The moment in the id of a run, to the second; None for what is no such id."""
    for part in identity.split("-")[::-1]:
        try:
            return round(dt.datetime.strptime(part, _STAMP).replace(tzinfo=dt.UTC).timestamp() * 1000)
        except ValueError:
            continue
    return None
