"""Runs as tables: what each was, what its steps did, and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.jobs.run_log import lines_table
from penstock.jobs.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.jobs.run import Run, StepRun
    from penstock.log import Log

__all__ = ["RUN_TABLES"]

_MS = pl.Datetime("ms", "UTC")
_ALL = 1 << 40
_RUN: dict[str, Any] = {
    **dict.fromkeys(("run", "job", "state", "trigger", "by"), pl.String),
    **dict.fromkeys(("scheduled", "created", "began", "ended"), _MS),
    "seconds": pl.Float64,
    **dict.fromkeys(("attempts", "resumed", "rows"), pl.Int64),
    **dict.fromkeys(("step", "error"), pl.String),
}
_COUNTS = ("read", "loaded", "duplicate", "quarantined", "dropped", "written", "rejected")
_CHANGES = ("inserted", "updated", "deleted")
_STEP: dict[str, Any] = {
    **dict.fromkeys(("run", "job", "step", "state"), pl.String),
    "attempt": pl.Int64,
    **dict.fromkeys(("began", "ended"), _MS),
    "seconds": pl.Float64,
    **dict.fromkeys((*_COUNTS, *_CHANGES), pl.Int64),
    **dict.fromkeys(("note", "artefacts", "error"), pl.String),
}


def _seconds(began: int | None, ended: int | None) -> float | None:
    return None if began is None or ended is None else (ended - began) / 1000


def _frame(rows: list[tuple[object, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    numbers = {name: pl.Int64 if kind == _MS else kind for name, kind in schema.items()}
    return pl.DataFrame(rows, numbers, orient="row").cast(pl.Schema(schema))


def _runs(log: Log) -> pl.DataFrame:
    """A row a run: `step` is the one that has failed last, `rows` how many all its steps have read."""
    return _frame([_run(run) for run in Runs(log).list(limit=_ALL)], _RUN)


def _run(run: Run) -> tuple[object, ...]:
    seconds = _seconds(run.began, run.ended)
    what = (run.id, run.job, run.state, run.trigger, run.by)
    times = (run.scheduled, run.created, run.began, run.ended, seconds)
    return (*what, *times, run.attempt, run.resumed, run.rows, run.failed_step, run.error)


def _steps(log: Log) -> pl.DataFrame:
    """A row a step of a run: its counts, and the changes that it made to all its tables."""
    return _frame([_step(run, step) for run in Runs(log).list(limit=_ALL) for step in run.steps], _STEP)


def _step(run: Run, step: StepRun) -> tuple[object, ...]:
    done = step.outcome
    counts = (done.counts.get(name) for name in _COUNTS)
    changes = (sum(table.get(name, 0) for table in done.changes.values()) for name in _CHANGES)
    began = (step.began, step.ended, _seconds(step.began, step.ended))
    return (
        run.id,
        run.job,
        step.name,
        step.state,
        step.attempt,
        *began,
        *counts,
        *changes,
        done.note,
        done.made,
        step.error,
    )


RUN_TABLES: dict[str, Callable[[Log], pl.DataFrame]] = {"runs": _runs, "run_steps": _steps, "run_log": lines_table}
"""By name, as ``penstock.NAME`` answers them."""
