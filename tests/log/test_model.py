"""Any sequence of appends, retention, compaction, merging and time, against a model of plain lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from penstock.core.clock import ManualClock
from penstock.log import Log, compaction, merging
from tests.examples import examples
from tests.log.conftest import NOW
from tests.log.rows import polled, records

if TYPE_CHECKING:
    from penstock.log import Topic

RETENTION_MS = 1000
RETENTION_BYTES = 60
TOMBSTONE_MS = 700
CONFIGS: dict[str, dict[str, object]] = {
    "by time": {"retention.ms": RETENTION_MS},
    "by size": {"retention.ms": -1, "retention.bytes": RETENTION_BYTES},
    "compacted": {"cleanup.policy": "compact,delete", "retention.ms": 3000, "delete.retention.ms": TOMBSTONE_MS},
}
TOPICS = {kind: kind.replace(" ", "-") for kind in CONFIGS}


@dataclass
class Row:
    seq: int
    partition: int
    offset: int
    key: str
    value: str | None
    append_time: int
    passed_ms: int | None = None

    @property
    def size(self) -> int:
        return len(self.key) + len(self.value or "")


@dataclass
class Model:
    """What a topic should hold, decided row by row."""

    rows: list[Row] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})
    starts: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})

    def retain_time(self, now: int, limit: int) -> None:
        for partition in self.ends:
            mine = [row for row in self.rows if row.partition == partition]
            young = [row.offset for row in mine if now - row.append_time <= limit]
            self._start_at(partition, young[0] if young else self.ends[partition])

    def retain_size(self, limit: int) -> None:
        for partition in self.ends:
            total, start = 0, None
            for row in reversed([row for row in self.rows if row.partition == partition]):
                total += row.size
                if total > limit:
                    break
                start = row.offset
            else:
                continue
            self._start_at(partition, self.ends[partition] if start is None else start)

    def compact(self, now: int) -> None:
        last = {(row.partition, row.key): row.offset for row in self.rows}
        kept = []
        for row in self.rows:
            if last[row.partition, row.key] > row.offset:
                continue
            if row.value is None and row.passed_ms is not None and row.passed_ms + TOMBSTONE_MS <= now:
                continue
            kept.append(row)
        for row in kept:
            row.passed_ms = now if row.passed_ms is None else row.passed_ms
        self.rows = kept

    def _start_at(self, partition: int, offset: int) -> None:
        self.starts[partition] = max(self.starts[partition], offset)
        self.rows = [row for row in self.rows if row.offset >= self.starts[row.partition]]


class LogMachine(RuleBasedStateMachine):
    """The log and the model do the same; after each step they hold the same."""

    kinds = st.sampled_from(sorted(CONFIGS))
    row = st.tuples(
        st.sampled_from(["a", "b", "cc"]), st.one_of(st.none(), st.text("xyz", max_size=9)), st.integers(0, 1)
    )

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock(NOW)
        self.log = Log.open(None, clock=self.clock)
        for kind, name in TOPICS.items():
            self.log.create_topic(name, 2, CONFIGS[kind])
        self.models = {kind: Model() for kind in CONFIGS}
        self.end = 0
        self._sizes = compaction.CHUNK_ROWS, merging.RUN, merging.FULL_ROWS
        compaction.CHUNK_ROWS, merging.RUN, merging.FULL_ROWS = 3, 3, 40

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.verify()
            self.log.close()
            compaction.CHUNK_ROWS, merging.RUN, merging.FULL_ROWS = self._sizes

    def topic(self, kind: str) -> Topic:
        return self.log.topic(TOPICS[kind])

    @rule(kind=kinds, rows=st.lists(row, min_size=1, max_size=6))
    def append(self, kind: str, rows: list[tuple[str, str | None, int]]) -> None:
        keys, values, partitions = zip(*rows, strict=True)
        appended = self.log.append(TOPICS[kind], records(values, keys, partitions=partitions))
        model = self.models[kind]
        for n, (key, value, partition) in enumerate(rows):
            assert (appended.first_seq, appended.offsets[n]) == (self.end + 1, model.ends[partition])
            model.rows.append(Row(self.end + 1 + n, partition, model.ends[partition], key, value, self.clock.now_ms()))
            model.ends[partition] += 1
        self.end += len(rows)

    @rule(ms=st.integers(1, 900))
    def advance(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(kind=kinds)
    def retain(self, kind: str) -> None:
        self.log.upkeep.retain(self.topic(kind))
        self._model_retention(kind)

    @rule()
    def compact(self) -> None:
        self.log.upkeep.compact(self.topic("compacted"))
        self.models["compacted"].compact(self.clock.now_ms())

    @rule(kind=kinds)
    def merge(self, kind: str) -> None:
        self.log.upkeep.merge(self.topic(kind))

    @rule()
    def merge_what_is_due(self) -> None:
        for kind in CONFIGS:
            for _ in self.log.upkeep._merger.steps(self.topic(kind)):
                pass

    @precondition(lambda self: self.end > 0)
    @rule()
    def free(self) -> None:
        self.log.upkeep.vacuum()

    @rule(data=st.data(), rows=st.integers(1, 7))
    def poll(self, data: Any, rows: int) -> None:
        kinds = data.draw(st.lists(self.kinds, min_size=1, max_size=3, unique=True))
        after = data.draw(st.integers(0, self.end))
        found = polled(self.log, [TOPICS[kind] for kind in kinds], after, rows)
        expected = [
            (row.seq, TOPICS[kind], row.value and row.value.encode() if row.value != "" else b"")
            for kind in kinds
            for row in self.models[kind].rows
            if row.seq > after
        ]
        assert found == sorted(expected, key=lambda row: row[0])

    @rule(kind=kinds, data=st.data())
    def read_from(self, kind: str, data: Any) -> None:
        model = self.models[kind]
        start = {p: data.draw(st.integers(model.starts[p], model.ends[p])) for p in (0, 1)}
        found = [
            row for f in self.log.read(TOPICS[kind], start, None, ("partition", "offset")) for row in f.iter_rows()
        ]
        assert found == [(row.partition, row.offset) for row in model.rows if row.offset >= start[row.partition]]

    @rule(kind=kinds, rows=st.integers(0, 9))
    def read_last(self, kind: str, rows: int) -> None:
        found = [seq for f in self.log.last(TOPICS[kind], rows, ("seq",)) for (seq,) in f.iter_rows()]
        assert found == [row.seq for row in self.models[kind].rows][-rows or self.end :]

    @invariant()
    def the_same_rows(self) -> None:
        if not hasattr(self, "log"):
            return
        for kind, model in self.models.items():
            columns = ("seq", "partition", "offset", "key", "value", "append_time", "tombstone")
            found = [row for f in self.log.read(TOPICS[kind], columns=columns) for row in f.iter_rows()]
            assert found == [
                (
                    row.seq,
                    row.partition,
                    row.offset,
                    row.key.encode(),
                    None if row.value is None else row.value.encode(),
                    row.append_time,
                    row.value is None,
                )
                for row in model.rows
            ]
            assert self.log.starts(TOPICS[kind]) == model.starts
            assert self.log.ends(TOPICS[kind]) == model.ends
            for info in self.log.describe(TOPICS[kind]):
                mine = [row for row in model.rows if row.partition == info.partition]
                assert (info.rows, info.bytes) == (len(mine), sum(row.size for row in mine))

    def _model_retention(self, kind: str) -> None:
        model = self.models[kind]
        if kind == "by size":
            model.retain_size(RETENTION_BYTES)
        else:
            model.retain_time(self.clock.now_ms(), RETENTION_MS if kind == "by time" else 3000)


LogMachine.TestCase.settings = examples(30, stateful_step_count=25)
TestLog = LogMachine.TestCase
