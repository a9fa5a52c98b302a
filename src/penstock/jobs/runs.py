"""`Runs`: the runs of a log's jobs, and what was said of these jobs; each decision about them is taken once.

What is open is a fact of the log each, what was is the topic `RUNS`: a record of the whole run at each change. Whoever
makes a run, claims one or ends it has seen all open ones: a fact counts such decisions, and a decision is committed
only where nobody else has taken one meanwhile. So two processes never work on one run, or on more than are allowed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from threading import RLock
from typing import TYPE_CHECKING

import orjson
import polars as pl

from penstock.core.errors import LogError, StateError, did_you_mean
from penstock.jobs.run import ENDED, RunBrief, read_run, run_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.jobs.run import Run
    from penstock.log import Log
    from penstock.log.transaction import Transaction

__all__ = ["RUNS", "Change", "JobState", "Open", "Runs"]

RUNS = "__runs"
"""The topic: a record for each change of a run, keyed by its id; in the end the last of each is kept."""

_CONFIGS = {"cleanup.policy": "compact,delete"}
_TURN, _OPEN, _JOB, _CANCEL = "runs/turn", "runs/open/", "runs/job/", "runs/cancel/"
_LOOK = 512
_RECENT = 16
_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class JobState:
    """What is known of a job beside what jobs.toml says of it; times in ms since 1970.

    `considered` is up to when its schedule was looked at. `last`, `last_ended` and `last_state` are those of its last
    run that has ended, `last_success` when one last did so well. `seen` are the files that it was done for,
    `rows` is how many rows of its query it was done for. `recent` are its last runs that have ended, the newest last.
    """

    considered: int | None = None
    paused_by: str = ""
    last: str = ""
    last_state: str = ""
    last_ended: int | None = None
    last_success: int | None = None
    seen: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    recent: tuple[RunBrief, ...] = ()

    def with_end(self, run: Run) -> JobState:
        """With the end of one of its runs, which may have ended before and was tried again."""
        others = [one for one in self.recent if one.id != run.id]
        return replace(self, recent=(*others, run.brief)[-_RECENT:])


@dataclass(frozen=True, slots=True)
class Open:
    """What is open, by id: runs that have not ended, and who has asked for the end of which; and jobs by name."""

    runs: dict[str, Run] = field(default_factory=dict)
    cancelled: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, JobState] = field(default_factory=dict)

    def job(self, name: str) -> JobState:
        return self.jobs.get(name, JobState())


@dataclass(slots=True)
class Change:
    """What is to be other: runs and states of jobs as they are then, and ends that are asked for (id: by whom)."""

    runs: list[Run] = field(default_factory=list)
    jobs: dict[str, JobState] = field(default_factory=dict)
    cancel: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.runs or self.jobs or self.cancel)


class Runs:
    """The runs in `log`. Threads and processes may share them.

    `at_end` are called with each run that ends, and the transaction that ends it: what they write is there with it,
    once, whatever happens to the process.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = RLock()
        self._turn: bytes | None = None
        self._open = Open()
        self._made = False
        self.at_end: list[Callable[[Run, Transaction], None]] = []

    # -- what is open ------------------------------------------------------------------------------

    def open(self) -> Open:
        """What is open now."""
        with self._lock:
            self._refresh()
            return Open(dict(self._open.runs), dict(self._open.cancelled), dict(self._open.jobs))

    def _refresh(self) -> None:
        turn = self._log.facts.get(_TURN)
        while turn != self._turn:
            runs = {key.removeprefix(_OPEN): read_run(v) for key, v in self._log.facts.scan(_OPEN).items()}
            cancelled = {key.removeprefix(_CANCEL): v.decode() for key, v in self._log.facts.scan(_CANCEL).items()}
            jobs = {key.removeprefix(_JOB): _state(v) for key, v in self._log.facts.scan(_JOB).items()}
            seen, turn = turn, self._log.facts.get(_TURN)
            if seen == turn:
                self._open, self._turn = Open(runs, cancelled, jobs), turn

    def change(self, decide: Callable[[Open], Change]) -> Change:
        """Do what `decide` says of what is open: it may be asked again, where somebody else was faster.

        What is new is there for all when this returns. Raises what `decide` raises, and LogError.
        """
        with self._lock:
            self._make()
            while True:
                self._refresh()
                change = decide(self._open)
                if not change:
                    return change
                for run in change.runs:
                    if run.state in ENDED:
                        state = change.jobs.get(run.job, self._open.job(run.job))
                        change.jobs[run.job] = state.with_end(run)
                turn = str(int(self._turn or b"0") + 1).encode()
                try:
                    with self._log.transaction() as transaction:
                        transaction.expect(_TURN, self._turn)
                        transaction.put(_TURN, turn)
                        self._write(transaction, change)
                except LogError as error:
                    if error.code != "fact-changed":
                        raise
                    continue
                self._take_in(change)
                self._turn = turn
                return change

    def _write(self, transaction: Transaction, change: Change) -> None:
        for name, state in change.jobs.items():
            transaction.put(_JOB + name, orjson.dumps(asdict(state)))
        for identity, by in change.cancel.items():
            transaction.put(_CANCEL + identity, by.encode())
        for run in change.runs:
            if run.state in ENDED:
                transaction.delete(_OPEN + run.id)
                transaction.delete(_CANCEL + run.id)
                for told in self.at_end:
                    told(run, transaction)
            else:
                transaction.put(_OPEN + run.id, run.record())
        if change.runs:
            transaction.append(RUNS, _records(change.runs))

    def _take_in(self, change: Change) -> None:
        self._open.jobs.update(change.jobs)
        self._open.cancelled.update(change.cancel)
        for run in change.runs:
            if run.state in ENDED:
                self._open.runs.pop(run.id, None)
                self._open.cancelled.pop(run.id, None)
            else:
                self._open.runs[run.id] = run

    def now(self, run: Run) -> Run:
        """A run that is open, as whoever works on it has noted it last."""
        found = self._log.facts.get(_OPEN + run.id)
        return run if found is None else read_run(found)

    def note(self, run: Run) -> None:
        """Write down how far a run is, which this process works on."""
        with self._log.transaction() as transaction:
            transaction.put(_OPEN + run.id, run.record())
            transaction.append(RUNS, _records([run]))
        with self._lock:
            self._open.runs[run.id] = run

    def _make(self) -> None:
        if not self._made:
            self._log.ensure_topic(RUNS, configs=_CONFIGS)
            self._made = True

    def rows(self, topic: str, first: int) -> dict[int, dict[str, object]]:
        """The rows of a topic from an offset on, by their offsets; the first thousand of them."""
        if not self._log.has(topic):
            return {}
        first = max(first, self._log.starts(topic)[0])
        end = min(self._log.ends(topic)[0], first + _ROWS)
        found = self._log.read(topic, {0: first}, {0: end}, columns=("offset", "value")) if first < end else ()
        return {offset: orjson.loads(value) for frame in found for offset, value in frame.iter_rows()}

    # -- what was ----------------------------------------------------------------------------------

    def get(self, identity: str) -> Run:
        """A run as it is now. Raises StateError where there is none, or none any more."""
        found = self.open().runs.get(identity)
        if found is not None:
            return found
        began = run_time(identity)
        if began is not None and self._log.has(RUNS):
            first = self._log.offsets_for_times(RUNS, {0: began})[0]
            if first is None:
                first = self._log.ends(RUNS)[0]
            for frame in self._log.read(RUNS, {0: first}, columns=("key", "value")):
                mine = frame.filter(pl.col("key") == identity.encode())
                found = read_run(mine["value"][-1]) if mine.height else found
        if found is None:
            recent = [run.id for run in self.list(limit=100)]
            hint = did_you_mean(identity, recent) or "penstock job status DIR lists them"
            raise StateError(f"there is no run '{identity}'", code="run-unknown", hint=hint)
        return found

    def list(self, job: str | None = None, limit: int = 50) -> list[Run]:
        """Runs, the newest first: of one job, or of all; at most `limit` of them."""
        if not self._log.has(RUNS):
            return []
        look = _LOOK
        everything = sum(self._log.ends(RUNS).values()) - sum(self._log.starts(RUNS).values())
        while True:
            found: dict[bytes, bytes] = {}
            for frame in self._log.last(RUNS, look, columns=("key", "value")):
                found.update(zip(frame["key"], frame["value"], strict=True))
            runs = [
                read_run(value) for key, value in found.items() if job is None or key.startswith(f"{job}-".encode())
            ]
            runs = [run for run in runs if job is None or run.job == job]
            if len(runs) >= limit or look >= everything:
                return sorted(runs, key=lambda run: (run.created, run.scheduled, run.id), reverse=True)[:limit]
            look *= 4


def _state(record: bytes) -> JobState:
    """What a fact says of a job; what another version has written beside it is overlooked."""
    known = {one.name for one in fields(JobState)}
    said = {name: value for name, value in orjson.loads(record).items() if name in known}
    return JobState(**{**said, "recent": tuple(RunBrief(**one) for one in said.get("recent", ()))})


def _records(runs: list[Run]) -> pl.DataFrame:
    return pl.DataFrame({"key": [run.id.encode() for run in runs], "value": [run.record() for run in runs]})
