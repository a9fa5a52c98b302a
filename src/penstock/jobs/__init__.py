"""Jobs: bounded work with a name: when it is due, what its runs did, who does the next one.

A `Job` is what jobs.toml says. Each time it is done is a `Run`, a record of the topic `__runs` at each change. A
`Scheduler` makes runs that are due and works on those that nobody works on; any number of processes may.
"""

from __future__ import annotations

from penstock.jobs.job import Job, Kind, Listed, read_jobs
from penstock.jobs.notify import Notify
from penstock.jobs.retry import Retry
from penstock.jobs.run import Run
from penstock.jobs.run_clock import RunClock
from penstock.jobs.runs import RUNS, Runs
from penstock.jobs.schedule import Schedule
from penstock.jobs.scheduler import Scheduler
from penstock.jobs.step import Note, Outcome, Phase, Step, StoppedError

__all__ = [
    "RUNS",
    "Job",
    "Kind",
    "Listed",
    "Note",
    "Notify",
    "Outcome",
    "Phase",
    "Retry",
    "Run",
    "RunClock",
    "Runs",
    "Schedule",
    "Scheduler",
    "Step",
    "StoppedError",
    "read_jobs",
]
