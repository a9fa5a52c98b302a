"""What is told of a job's runs: that they fail, as an incident, and that one has done well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.core.options import seconds_text
from penstock.incidents import INCIDENTS, Incident, ensure_incidents
from penstock.incidents.incident import SUMMARY, incident_id, records_of

if TYPE_CHECKING:
    from penstock.jobs import Run
    from penstock.log.transaction import Transaction
    from penstock.project.penstock import Penstock

__all__ = ["PREFIX", "report"]

PREFIX = "job."
"""What the incidents of jobs name as their rule begins so: no rule of alerts/ does."""

_TAIL = 40
"""So many of the last lines of its log go with what is said of a failed run."""
_LONGEST = 20_000


def report(penstock: Penstock, run: Run, transaction: Transaction) -> None:
    """Write what follows from the end of a run, with that end: the beginning or the end of the job's incident.

    One that fails again while its incident goes on tells nobody anew; the incident says what it is about now. Where the
    job says who wants to know, a run that has done well is told of.
    """
    if run.state == "cancelled":
        return
    ensure_incidents(penstock.log)
    rule = PREFIX + run.job
    known = next((i for i in penstock.alerts.incidents.all() if i.rule == rule and i.state != "resolved"), None)
    if run.state == "failed":
        said = [_failed(penstock, run, known)]
    else:
        said = [] if known is None else [_recovered(run, known)]
        job = penstock.jobs.file.good().get(run.job)
        if job is not None and job.notify.success:
            said.append(_summary(run))
    if said:
        transaction.append(INCIDENTS, records_of(said))


def _failed(penstock: Penstock, run: Run, known: Incident | None) -> Incident:
    began, ended = _times(run)
    tail = penstock.jobs.log.tail(run.id, run.created, _TAIL)
    first, _, rest = run.error.partition("\n")
    values = _facts(run) | {"step": run.failed_step, "attempts": run.attempt}
    if rest:
        values["error"] = run.error
    lines = [f"{line.step}: {line.line}" if line.step else line.line for line in tail]
    values["log"] = "\n".join(lines)[-_LONGEST:]
    return Incident(
        id=incident_id(PREFIX + run.job, "", began) if known is None else known.id,
        rule=PREFIX + run.job,
        state="firing",
        at=ended,
        start=began if known is None else known.start,
        fired=ended if known is None else known.fired,
        end=None,
        severity="critical",
        title=f"Job {run.job} has failed",
        description=f"step {run.failed_step}: {first}" if run.failed_step else first,
        values=values,
        kind="job",
    )


def _recovered(run: Run, known: Incident) -> Incident:
    assert run.ended is not None
    text = f"run {run.id} has done well" if run.state == "success" else f"run {run.id} has done part of its work"
    ended = {"state": "resolved", "at": run.ended, "end": run.ended}
    return replace(known, **ended, description=text, values=_facts(run))  # type: ignore[arg-type]


def _summary(run: Run) -> Incident:
    """What a run that has done well has done; no incident, but told the same way."""
    began, ended = _times(run)
    is_whole = run.state == "success"
    steps = []
    for step in run.steps:
        counts = [f"{name} {count:,}" for name, count in step.outcome.counts.items()]
        changes = [
            f"{table}: {', '.join(f'{name} {count:,}' for name, count in of.items() if count) or 'no change'}"
            for table, of in step.outcome.changes.items()
        ]
        told = "; ".join(part for part in (", ".join(counts), *changes, step.outcome.note) if part)
        steps.append(f"{step.name}: {told}" if told else step.name)
    return Incident(
        id=run.id,
        rule=PREFIX + run.job,
        state="resolved",
        at=ended,
        start=began,
        fired=ended,
        end=ended,
        severity="info" if is_whole else "warning",
        title=f"Job {run.job} is done" if is_whole else f"Job {run.job} is done in part",
        description="; ".join(step.outcome.note for step in run.steps if step.outcome.partial and step.outcome.note)
        or f"{run.rows:,} rows were read",
        values=_facts(run) | {"steps": "\n".join(steps)},
        kind=SUMMARY,
    )


def _facts(run: Run) -> dict[str, Any]:
    began, ended = _times(run)
    return {"run": run.id, "took": seconds_text(ended - began)}


def _times(run: Run) -> tuple[int, int]:
    """When a run has begun, and ended; one that has never begun has done so at its end."""
    assert run.ended is not None
    return run.ended if run.began is None else run.began, run.ended
