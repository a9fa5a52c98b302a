"""How the jobs of a project stand, whether a process works on them or not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.core.parameters import Parameter
    from penstock.jobs import Listed
    from penstock.jobs.run import RunBrief
    from penstock.jobs.runs import Open

__all__ = ["JobStanding", "job_standing"]

_UPCOMING = 5
_RECENT = 16


@dataclass(frozen=True, slots=True)
class JobStanding:
    """How a job stands; times in ms since 1970. One that is `wrong` is not done, and that says why.

    `upcoming` is when its schedule has it due, the next few times. `last` is its last run that has ended, `running` and
    `waiting` are how many have not. `recent` are its last runs, the newest last.
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
    recent: tuple[RunBrief, ...]

    @property
    def next(self) -> int | None:
        """When it is due next."""
        return self.upcoming[0] if self.upcoming else None


def job_standing(one: Listed, known: Open, now: int) -> JobStanding:
    """That of one of them, with what is open at `now` (ms since 1970)."""
    job, state = one.job, known.job(one.name)
    schedule = None if job is None else job.schedule
    open_ = [run.brief for run in known.runs.values() if run.job == one.name]
    states = [run.state for run in open_]
    upcoming: Iterable[int] = ()
    if schedule is not None and not state.paused_by:
        upcoming = islice(schedule.times(now if state.considered is None else state.considered), _UPCOMING)
    return JobStanding(
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
        running=states.count("running"),
        waiting=states.count("waiting"),
        recent=tuple(sorted((*state.recent, *open_), key=lambda run: run.scheduled)[-_RECENT:]),
    )
