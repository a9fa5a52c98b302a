"""Jobs and their runs: when each is due, what its runs did, doing it now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from penstock.jobs.run import State, Trigger  # noqa: TC001  # a model needs it
from penstock.server.api.model import Given, Model, Project
from penstock.server.api.saved import ParameterAnswer  # noqa: TC001  # a model needs it

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["jobs"])

_LAST = 253_402_300_799_999
"""The last moment that a date of four digits has."""


class RunBriefAnswer(Model):
    id: str = Field(examples=["daily_totals-20260131T020000Z"])
    state: State
    scheduled: int
    """The moment that it is for; all times in ms since 1970."""
    began: int | None
    ended: int | None


class JobAnswer(Model):
    name: str = Field(examples=["daily_totals"])
    kind: str = Field(examples=["sql"])
    description: str
    schedule: str = Field(examples=["0 2 * * *"])
    """Empty where it has none."""
    zone: str = Field(examples=["Europe/Zurich"])
    after: tuple[str, ...]
    """The jobs that it is done after."""
    on_file: str = Field(examples=["data/raw/*.csv"])
    """Files that it is done for when they are new, and the query whose rows it is done for; empty without one."""
    on_row: str
    parameters: list[ParameterAnswer]
    wrong: str
    """Why it cannot be done, as its file says it; empty where it can."""
    paused_by: str
    next: int | None
    upcoming: list[int]
    """When its schedule has it due, the next few times; all times in ms since 1970."""
    last: str
    """Its last run that has ended."""
    last_state: str = Field(examples=["success"])
    last_ended: int | None
    last_success: int | None
    running: int
    """How many runs go on, and wait."""
    waiting: int
    recent: list[RunBriefAnswer]
    """Its last runs, the newest last."""


class PhaseAnswer(Model):
    name: str = Field(examples=["stage"])
    rows: int
    seconds: float


class OutcomeAnswer(Model):
    counts: dict[str, int] = Field(examples=[{"read": 12, "loaded": 10, "duplicate": 2}])
    changes: dict[str, dict[str, int]] = Field(examples=[{"orders": {"inserted": 10, "updated": 0, "deleted": 0}}])
    """By table."""
    phases: list[PhaseAnswer]
    note: str
    partial: bool
    artefacts: dict[str, str]


class StepAnswer(Model):
    name: str = Field(examples=["orders"])
    state: str = Field(examples=["done"])
    attempt: int
    began: int
    ended: int | None
    doing: str
    """The phase that it is at."""
    error: str
    outcome: OutcomeAnswer


class AttemptAnswer(Model):
    number: int
    began: int
    ended: int
    error: str
    step: str


class RunAnswer(Model):
    id: str = Field(examples=["daily_totals-20260131T020000Z"])
    job: str = Field(examples=["daily_totals"])
    state: State
    trigger: Trigger
    by: str
    """Who or what has asked for it: a user, the run of another job, a file."""
    scheduled: int
    """The moment that it is for; all times in ms since 1970."""
    created: int
    due: int
    """When it, or its next attempt, may begin."""
    parameters: dict[str, str]
    attempt: int
    """How many attempts have begun."""
    resumed: int
    """How often another process has taken it over from one that had died."""
    began: int | None
    ended: int | None
    rows: int
    """How many rows its steps have read."""
    failed_step: str
    error: str
    why: str
    """In a line what has gone wrong, of partial success what was left undone."""
    cancelled_by: str
    step_states: dict[str, str] = Field(examples=[{"orders": "done", "sales": "failed"}])
    """The state of each step that has begun, in their order; partial for one that has left something undone."""


class RunDetails(RunAnswer):
    steps: list[StepAnswer]
    attempts: list[AttemptAnswer]


class LineAnswer(Model):
    time: int
    attempt: int
    step: str
    level: str
    line: str


class RunLogAnswer(Model):
    lines: list[LineAnswer]
    last: int
    """The number of the last line: ask with `after` for what comes behind it."""


class RunGiven(Given):
    parameters: dict[str, Any] = Field(default_factory=dict, examples=[{"day": "2026-01-31"}])
    """Those that have no default, or are to be another value than that."""


class BackfillGiven(RunGiven):
    since: int = Field(ge=0, le=_LAST, examples=[1_767_225_600_000])
    """The first moment, and the one before which it ends; ms since 1970."""
    until: int = Field(ge=0, le=_LAST, examples=[1_769_904_000_000])


Name = Annotated[str, Path(description="Of a section [jobs.NAME] of jobs.toml", examples=["daily_totals"])]
Identity = Annotated[str, Path(examples=["daily_totals-20260131T020000Z"])]
Limit = Annotated[int, Query(ge=1, le=10_000, description="So many at most")]


@router.get("/jobs", operation_id="jobs")
def list_jobs(penstock: Project) -> list[JobAnswer]:
    """All jobs and how each is, in the order of their file. Refused where the file is wrong (422)."""
    return [JobAnswer.model_validate(state) for state in penstock.jobs.standings()]


@router.get("/jobs/{name}", operation_id="job")
def show_job(penstock: Project, name: Name) -> JobAnswer:
    """How one is."""
    return JobAnswer.model_validate(penstock.jobs.standing(name))


@router.get("/jobs/{name}/runs", operation_id="job_runs")
def list_job_runs(penstock: Project, name: Name, limit: Limit = 50) -> list[RunAnswer]:
    """Its runs, the newest first."""
    return [RunAnswer.model_validate(run) for run in penstock.jobs.history(name, limit)]


@router.post("/jobs/{name}/runs", operation_id="job_run", status_code=202)
def begin_run(penstock: Project, name: Name, body: RunGiven | None = None) -> RunDetails:
    """Do a job now; the run, which goes on by itself. Refused where parameters do not fit (422)."""
    return RunDetails.model_validate(penstock.jobs.begin(name, {} if body is None else body.parameters))


@router.post("/jobs/{name}/backfill", operation_id="job_backfill", status_code=202)
def backfill_job(penstock: Project, name: Name, body: BackfillGiven) -> list[RunAnswer]:
    """Make a run for each moment of the schedule in a range; they are done one after the other, as the job allows."""
    made = penstock.jobs.backfill(name, body.since, body.until, body.parameters)
    return [RunAnswer.model_validate(run) for run in made]


@router.post("/jobs/{name}/pause", operation_id="job_pause")
def pause_job(penstock: Project, name: Name) -> JobAnswer:
    """Let it be done by hand alone; moments that pass meanwhile are passed over."""
    penstock.jobs.pause(name)
    return JobAnswer.model_validate(penstock.jobs.standing(name))


@router.post("/jobs/{name}/resume", operation_id="job_resume")
def resume_job(penstock: Project, name: Name) -> JobAnswer:
    """Let it be done as its file says again."""
    penstock.jobs.resume(name)
    return JobAnswer.model_validate(penstock.jobs.standing(name))


@router.get("/runs", operation_id="runs")
def list_runs(penstock: Project, limit: Limit = 50) -> list[RunAnswer]:
    """The runs of all jobs, the newest first."""
    return [RunAnswer.model_validate(run) for run in penstock.jobs.history(None, limit)]


@router.get("/runs/{identity}", operation_id="run")
def show_run(penstock: Project, identity: Identity) -> RunDetails:
    """One run, with its steps and attempts."""
    return RunDetails.model_validate(penstock.jobs.run(identity))


@router.get("/runs/{identity}/log", operation_id="run_log")
def show_run_log(
    penstock: Project,
    identity: Identity,
    after: Annotated[int, Query(ge=0, description="Lines behind that number, which `last` was before")] = 0,
    limit: Limit = 1_000,
) -> RunLogAnswer:
    """The lines of a run, the oldest first."""
    last, lines = penstock.jobs.lines(identity, after, limit)
    return RunLogAnswer(lines=[LineAnswer.model_validate(line) for line in lines], last=last)


@router.post("/runs/{identity}/cancel", operation_id="run_cancel")
def cancel_run(penstock: Project, identity: Identity) -> RunDetails:
    """Let a run end: at once where it waits, soon where it goes on. Refused where it has ended (409)."""
    return RunDetails.model_validate(penstock.jobs.cancel(identity))


@router.post("/runs/{identity}/retry", operation_id="run_retry")
def retry_run(penstock: Project, identity: Identity) -> RunDetails:
    """Let a run that has failed or was cancelled go on at the step that it did not do. Refused for any other (409)."""
    return RunDetails.model_validate(penstock.jobs.retry(identity))
