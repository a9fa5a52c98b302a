"""A pipeline: its position, state, checkpoints, ledger and life. One thread runs it."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import StateError, UnreachableError
from penstock.engine import ledger
from penstock.engine.checkpoints import Checkpoints
from penstock.engine.checks import RESULTS_TABLE, STRETCH, streamed
from penstock.engine.executor import Executor
from penstock.engine.input import Input, Poll
from penstock.engine.journal import Journal
from penstock.engine.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from penstock.core.clock import Clock
    from penstock.core.edges import Reader
    from penstock.engine.graph import Graph
    from penstock.engine.sideoutput import SideOutput
    from penstock.engine.tracing import Tracing
    from penstock.log import Checkpoint, Log, Transaction

__all__ = ["FACTS", "LATE_TABLE", "REJECTS_TABLE", "Obstacle", "Pipeline", "Settings"]

REJECTS_TABLE = "rejects"
LATE_TABLE = "late"
_FACTS = ("ledger/", "watermarks/", "windows/")
FACTS = (*_FACTS, STRETCH)
"""Before the name of a pipeline, the facts that go with its checkpoint."""
_FORMAT = 1
_ROOM_SECONDS = 0.5
"""How often the disk is looked at while it is nearly full."""
_AGAIN_SECONDS = 2.0
"""How often a registry that gives no schema is asked again."""
_TELL_MS = 60_000
"""How often results of quality rules are written down, while it runs."""
_STAGE_ABOVE = 1 << 20
"""State of more bytes than this is written before the transaction, so that nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a pipeline runs. Times in ms; `checkpoint_interval` None = 200 when caught up, 1,000 behind."""

    batch_rows: int = 65_536
    most_rows: int | None = None
    """Behind a backlog, long steps work on up to so many rows at once; None = never on more than `batch_rows`."""
    checkpoint_interval: int | None = None
    threads: int = 1
    speed: float | None = None
    bounded: bool = False
    signature: str = ""
    """Of what defines the pipeline; kept in its checkpoints."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a pipeline from reading on, since when (ms)."""

    error: UnreachableError
    since: int


class Pipeline:
    """Runs a graph from its readers to its sinks, committing through the log.

    `step` and `commit` may be called by hand (tests, a notebook); `run` does both until it is stopped or
    bounded input has ended. `lock` is held during each: whoever looks at the state from another thread
    takes it.
    """

    def __init__(
        self,
        name: str,
        graph: Graph,
        readers: Sequence[tuple[Reader, Sequence[str]]],
        log: Log,
        side: SideOutput,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self.name = name
        self.log = log
        self.side = side
        self.clock = clock
        self.settings = settings
        self.executor = Executor(graph, side)
        self.input = Input(readers, self.executor.sources, settings.threads)
        self.pace = Pace(clock, settings.checkpoint_interval, settings.speed)
        self.lock = threading.RLock()
        self.moved: Callable[[Pipeline, bool], None] | None = None
        """Called from the pipeline's thread after each step, and with True after each commit; it must be quick."""
        self.epoch = 0
        self.rows = 0
        """Rows read since this process began."""
        self.committed: dict[str, int] = {}
        """Rows that each sink had passed on as of the last commit."""
        self.checkpoints = Checkpoints(clock)
        self.journal = Journal(name, clock)
        self.tracing: Tracing | None = None
        """Where traces are wanted, and its readers tell them."""
        self.ended = False
        self.failed = False
        """Whether a step or a commit was broken off: what came after the last checkpoint is void."""
        self.obstacle: Obstacle | None = None
        self.ends: list[int] = []
        """The places after which bounded input had ended, and windows were closed."""
        self._through = 0
        self._rejects: list[pl.DataFrame] = []
        self._late: list[pl.DataFrame] = []
        self._dirty = False
        self._told: int | None = clock.now_ms()
        """When results of quality rules were last written down, ms; None: they are due."""

    # -- the loop ----------------------------------------------------------------------------------

    def run(self, stop: threading.Event, upstream_ended: Callable[[], bool] = lambda: True) -> None:
        """Poll, run, write, commit, until `stop` is set or the input has ended.

        `upstream_ended` says whether the pipelines that write what this one reads have ended; bounded input
        has not ended before. Raises what ends the pipeline: DataError (a bad row, with on-bad-row = flink),
        LedgerError, StorageError and others; nothing after the last checkpoint is then visible.
        """
        bounded = False
        while not stop.is_set():
            if self.settings.bounded and not bounded and upstream_ended():
                self.input.bound()
                bounded = True
            if self.log.room.low:
                self._wait_for_room(stop)
                continue
            before, began = self.rows, self.clock.monotonic()
            asked = self.pace.rows(self.settings.batch_rows, self.settings.most_rows)
            try:
                moved = self.step(asked)
            except UnreachableError as error:
                if self.settings.bounded:
                    raise
                self._wait_for(error, stop)
                continue
            self.obstacle = None
            spent = self.clock.monotonic() - began
            caught_up = self.pace.caught_up(self.rows - before, asked) and not self.input.behind
            self.pace.stepped(asked, spent, behind=not caught_up)
            if self.pace.commit_due(behind=not caught_up) and self._dirty:
                self.commit()
            if moved and self.executor.satisfied:
                self.finish()
                return
            if moved:
                if not self.settings.bounded:
                    if self.pace.look_due():
                        self._note_silence()
                    if caught_up:
                        self.pace.rest(spent)
                self.pace.hold(self._event_time(), stop)
            elif self.input.ended:
                self.finish()
                return
            else:
                self._idle()
        if self._dirty:
            self.commit()

    def step(self, rows: int) -> bool:
        """Run the next rows, about `rows`, through all operators; False if there were none.

        Raises UnreachableError where they cannot be read now; nothing has happened then.
        """
        with self._whole():
            try:
                poll = self.input.poll(rows)
            except UnreachableError:
                self.failed = False
                raise
            if poll is None:
                return False
            self._through = poll.through
            self.rows += sum(piece.messages for piece in poll.pieces.values())
            began = self.clock.monotonic()
            self.executor.step(poll)
            self._collect(poll)
            self._dirty = True
            self.checkpoints.wanted()
            if self.tracing is not None and poll.traces:
                self.tracing.stepped(poll.traces, self.clock.monotonic() - began)
        if self.moved is not None:
            self.moved(self, False)
        return True

    def finish(self) -> None:
        """Bounded input has ended: close what is open and commit."""
        with self.lock:
            self.close_windows()
            if self.ends[-1:] != [self._through]:
                self.ends.append(self._through)
            self._told = None
            self.commit()
            self.ended = True

    def close_windows(self) -> None:
        """Every open window closes, as at the end of bounded input."""
        with self._whole():
            poll = Poll({}, {}, self._through + 1)
            self.executor.end(poll)
            self._collect(poll)

    def _wait_for(self, error: UnreachableError, stop: threading.Event) -> None:
        """What rows are read by is not to be had: those before them are committed, and it is asked for again."""
        if self.obstacle is None:
            self.obstacle = Obstacle(error, self.clock.now_ms())
            self.journal.waits(self._through, error)
        if self._dirty:
            self.commit()
        stop.wait(_AGAIN_SECONDS)

    def _wait_for_room(self, stop: threading.Event) -> None:
        """The disk is nearly full: what was read is committed, and nothing more is until there is room."""
        if self._dirty:
            self.commit()
        stop.wait(_ROOM_SECONDS)

    def _idle(self) -> None:
        """Nothing to read: let time pass."""
        if self._dirty and self.pace.commit_due(behind=False):
            self.commit()
        self.input.wait(self.pace.idle_seconds(dirty=self._dirty))
        self._note_silence()

    def _note_silence(self) -> None:
        """Write down that time has passed where a silent partition holds everything up."""
        now = self.clock.now_ms()
        if any(source.watermarks.waits(now) for source in self.executor.sources.values()):
            self.input.tick()

    def _event_time(self) -> int:
        return max((s.watermarks.value for s in self.executor.sources.values()), default=0)

    def _collect(self, poll: Poll) -> None:
        """Keep the step's side outputs, with where their rows came from; raise what ended the pipeline."""
        if self.side.failure is not None:
            record = self.executor.failed_record(poll)
            self.side.failure.where += f"\n{record}" if record else ""
            raise self.side.failure
        if self.side.rejects:
            self._rejects.append(self.executor.located(self.side.rejects, poll, self.input.raw))
            self.journal.rejected(poll.through, self._rejects[-1])
        if self.side.late:
            self._late.append(self.executor.located(self.side.late, poll, self.input.raw))
            self.journal.late(poll.through, self._late[-1])
        self.side.clear()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What is done inside is done whole, or never committed."""
        with self.lock:
            if self.failed:
                raise StateError(
                    f"pipeline '{self.name}' has failed, and what it did since its last checkpoint is void",
                    code="pipeline-failed",
                    hint="stop it; started again it goes on from that checkpoint",
                )
            self.failed = True
            yield
            self.failed = False

    @property
    def held_bytes(self) -> int:
        """Memory of state, and of rejected and late rows that wait for a commit."""
        return self.executor.state_bytes + sum(int(frame.estimated_size()) for frame in (*self._rejects, *self._late))

    # -- checkpoints -------------------------------------------------------------------------------

    def commit(self) -> None:
        """Make everything up to here durable and visible, in one transaction.

        1. Sinks hand over: rows for topics into the transaction, files to be renamed after it.
        2. The ledger must balance.
        3. State that has changed is encoded; where it is large, it is written ahead of the transaction.
        4. The transaction: results, state, position, group offsets, ledger, watermarks, rejects, late rows.
        5. Sinks outside the log show what they prepared.

        Raises StateError where a step or a commit was broken off before.
        """
        with self._whole(), self.checkpoints.taken(self.executor) as taken:
            epoch = self.epoch + 1
            with self.log.transaction() as transaction:
                tokens = {
                    self.executor.graph.vertices[i].fingerprint: sink.prepare(epoch, transaction)
                    for i, sink in self.executor.graph.sinks.items()
                }
                self._put_quality(transaction)
                stored = self.executor.snapshot()
                ledger.check(self.name, self.executor.entries())
                new = stored.new
                taken.written = sum(map(len, new.values()))
                if taken.written > _STAGE_ABOVE:
                    self.log.state.stage(self.name, epoch, new)
                    new = {}
                transaction.put_checkpoint(
                    self.name, epoch, self._manifest(epoch, stored.meta, tokens), new, stored.live
                )
                for group, offsets in self.input.group_offsets().items():
                    transaction.commit_offsets(group, offsets)
                self._put_facts(transaction)
                self._put_side_outputs(transaction)
            self.epoch = epoch
            self._dirty = False
            self._shown(tokens)
            before = self.committed
            self._count_committed()
            if self.tracing is not None:
                sinks = self.executor.graph.sinks.values()
                rows = {s.table: self.committed[s.name] - before.get(s.name, 0) for s in sinks}
                self.tracing.committed(epoch, taken.seconds, rows)
            self.journal.committed(epoch, self._through, taken.seconds, taken.written)
            self.journal.sources(self._through, self.executor.sources.values())
            self.pace.committed()
        if self.moved is not None:
            self.moved(self, True)

    def _manifest(self, epoch: int, operators: dict[str, Any], tokens: dict[str, bytes]) -> bytes:
        return json.dumps(
            {
                "format": _FORMAT,
                "epoch": epoch,
                "signature": self.settings.signature,
                "through": self._through,
                "ends": self.ends,
                "position": self.input.position(),
                "operators": operators,
                "tokens": {k: base64.b64encode(t).decode() for k, t in tokens.items()},
            }
        ).encode()

    def _put_facts(self, transaction: Transaction) -> None:
        entries = [
            {"operator": e.operator, "kind": e.kind, "inputs": e.inputs, **e.counts.as_dict()}
            for e in self.executor.entries()
        ]
        for prefix, told in zip(_FACTS, (entries, self.watermarks(), self.windows()), strict=True):
            transaction.put(prefix + self.name, json.dumps(told).encode())

    def _put_quality(self, transaction: Transaction) -> None:
        """What became of the rules of tables; as results once in a while, when it counts anew."""
        guards = [source.guard for source in self.executor.sources.values() if source.guard is not None]
        if not guards:
            return
        now = self.clock.now_ms()
        if (self._told is None or now - self._told >= _TELL_MS) and any(guard.seen for guard in guards):
            rules = [one for guard in guards if guard.seen for one in guard.told()]
            transaction.append_rows(RESULTS_TABLE, streamed(rules, self.name, now))
            self._told = now
        rules = [one for guard in guards for one in guard.stretch()]
        transaction.put(f"{STRETCH}{self.name}", json.dumps({"time": now, "rules": rules}).encode())

    def windows(self) -> list[dict[str, Any]]:
        """Each operator that holds rows until time has passed: what it waits for, and the sources it hears from.

        `tables` are those whose next rows it gives: no other of these operators stands between.
        """
        graph = self.executor.graph
        found: dict[int, dict[str, Any]] = {}
        with self.lock:
            for i, vertex in enumerate(graph.vertices):
                if (waiting := vertex.operator.waiting()) is not None:
                    sources = sorted(graph.vertices[s].operator.name for s in graph.sources_of(i))
                    found[i] = {"operator": vertex.operator.name, "sources": sources, "tables": [], **waiting}
        for index, sink in graph.sinks.items():
            for i in graph.nearest(index, found.keys()):
                found[i]["tables"].append(sink.table)
        return list(found.values())

    def watermarks(self) -> list[dict[str, Any]]:
        """Each source's watermark, rows and partitions, as JSON data (times in ms)."""
        return [
            {
                "source": source.name,
                "table": source.table,
                "watermark": source.watermarks.value,
                "idle_timeout": source.watermarks.idle_timeout,
                "has_time": source.has_time,
                "taken": source.counts.taken,
                "rejected": source.counts.rejected,
                "partitions": [
                    {"partition": v.partition, "watermark": v.watermark, "last_append": v.last_append, "idle": v.idle}
                    for v in source.watermarks.view()
                ],
            }
            for source in self.executor.sources.values()
        ]

    def _put_side_outputs(self, transaction: Transaction) -> None:
        now = pl.lit(self.clock.now_ms(), dtype=pl.Int64).alias("time")
        for table, frames in ((REJECTS_TABLE, self._rejects), (LATE_TABLE, self._late)):
            if frames:
                rows = pl.concat(frames, how="diagonal")
                transaction.append_rows(table, rows.with_columns(pl.lit(self.name).alias("pipeline"), now))
                frames.clear()

    def _shown(self, tokens: dict[str, bytes]) -> None:
        for index, sink in self.executor.graph.sinks.items():
            token = tokens.get(self.executor.graph.vertices[index].fingerprint)
            if token:
                sink.connector.commit(token)

    def _count_committed(self) -> None:
        self.committed = {s.name: s.counts.passed for s in self.executor.graph.sinks.values()}

    @property
    def through(self) -> int:
        """The place of the last row that was run."""
        return self._through

    def restore(self) -> bool:
        """Go on from the last checkpoint; False if there is none.

        Raises StateError where the stored state does not fit the plan.
        """
        manifest = self._restored(self.log.state.resume(self.name))
        if manifest is None:
            return False
        self.input.seek(manifest["position"])
        self._shown({k: base64.b64decode(t) for k, t in manifest["tokens"].items()})
        return True

    def resume(self) -> None:
        """Go on after a pause, with what the log holds now.

        Raises PositionLostError where retention has deleted rows that were to be read next.
        """
        with self.lock:
            self.input.rewind()

    def look(self) -> bool:
        """Take over the state of the last checkpoint to look at it, while perhaps another process runs on.

        Where that has made another checkpoint meanwhile, its state is taken instead.
        """
        while True:
            found = self.log.state.checkpoint(self.name)
            try:
                return self._restored(found) is not None
            except StateError as error:
                now = self.log.state.checkpoint(self.name)
                if error.code != "state-missing" or found is None or now is None or now.manifest == found.manifest:
                    raise

    def _restored(self, found: Checkpoint | None) -> dict[str, Any] | None:
        if found is None:
            return None
        manifest: dict[str, Any] = json.loads(found.manifest)
        if manifest["format"] != _FORMAT:
            raise StateError(
                f"the checkpoint of pipeline '{self.name}' has format {manifest['format']}, this version reads"
                f" {_FORMAT}",
                code="state-version",
                hint="run with --fresh to read the log again",
            )
        self.epoch = manifest["epoch"]
        self._through, self.ends = manifest["through"], manifest["ends"]
        self.executor.restore(manifest["operators"], lambda ids: self.log.state.load(self.name, ids))
        self._count_committed()
        return manifest

    def close(self) -> None:
        """Let go of readers and sinks; what was not committed is gone."""
        self.input.close()
        for sink in self.executor.graph.sinks.values():
            sink.connector.close()
