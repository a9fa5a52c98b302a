"""A program whose children kill themselves at each commit of a scheduler: what is there when others have gone on.

A line of JSON a kill: the commit at which it was, and all that was done then. It ends with the first child that had
nothing left to kill itself at.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.jobs import Outcome, Step
from penstock.log import Log
from tests.jobs.forks import forked
from tests.jobs.worlds import Machine, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.jobs import Job, Note, Run

JOBS = '[jobs.a]\nkind = "told"\nschedule = "0 * * * *"\n[jobs.b]\nkind = "told"\nafter = ["a"]\n'


class Effects(Told):
    """Steps whose effect is a record, in one transaction with the mark that it is there."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        return [self._step(f"{run.id}/{number}", number) for number in ("1", "2", "3")]

    def _step(self, mark: str, name: str) -> Step:
        def do(_: Note) -> Outcome:
            with self.log.transaction() as transaction:
                transaction.append("effects", pl.DataFrame({"value": [mark.encode()]}))
                transaction.put(f"mark/{mark}", b"done")
            return Outcome({"read": 1})

        def done() -> Outcome | None:
            return Outcome({"read": 1}) if self.log.facts.get(f"mark/{mark}") else None

        return Step(name, do, done)


def machine(folder: Path, at: str) -> Machine:
    log = Log.open(folder / "log.db", durability="relaxed")
    return Machine(JOBS, Effects(log), at, log, home=folder / "jobs")


def begin(folder: Path, _: int) -> None:
    found = machine(folder, "2026-01-01T00:30Z")
    found.log.create_topic("effects")
    found.tick()


def go_on(folder: Path, kill_at: int) -> None:
    """All that is due; commit number `kill_at` kills the process before it (odd numbers) or after it."""
    count, lock, submit = 0, Lock(), Log.submit

    def counted(self: Log, *requests: Any) -> None:
        nonlocal count
        with lock:
            count += 2
            now = count
        if now == kill_at + 1:
            os.kill(os.getpid(), signal.SIGKILL)
        submit(self, *requests)
        if now == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    Log.submit = counted  # type: ignore[method-assign]
    machine(folder, "2026-01-01T01:30Z").tick()


def tell(folder: Path, kill_at: int) -> None:
    found = machine(folder, "2026-01-01T01:30Z")
    effects = [value.decode() for frame in found.log.read("effects") for value in frame["value"]]
    runs = [
        (run.id.split("-")[0], run.state, [s.outcome.counts["read"] for s in run.steps]) for run in found.runs.list()
    ]
    resumed = sum(run.resumed for run in found.runs.list())
    print(
        json.dumps({"at": kill_at, "effects": effects, "runs": runs, "open": [*found.ids()], "resumed": resumed}),
        flush=True,
    )


def main(place: Path) -> None:
    killed, kill_at = True, 0
    while killed:
        kill_at += 1
        folder = place / str(kill_at)
        folder.mkdir()
        forked(begin, folder, 0)
        killed = forked(go_on, folder, kill_at)
        forked(go_on, folder, 0)
        forked(tell, folder, kill_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
