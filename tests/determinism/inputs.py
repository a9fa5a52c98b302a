"""Random inputs and random ways to run them, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from hypothesis import strategies as st

from penstock.core.clock import ManualClock
from penstock.project.build import make_pipeline
from penstock.project.definition import Definition
from penstock.project.penstock import Penstock
from penstock.project.settings import Settings
from penstock.project.system import late
from tests.engine.project import NOW, fates

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.engine.pipeline import Pipeline

DELAY = 4
"""Seconds that rows may come out of order."""

PARTITIONS = 4
"""The last one is silent unless a test says otherwise."""

TABLES = """
CREATE TABLE a (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'a', 'format' = 'json'{idle});
CREATE TABLE b (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'b', 'format' = 'json'{idle});
CREATE TABLE r (kind STRING, k STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), n BIGINT, s BIGINT, d BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
CREATE VIEW both_ AS SELECT * FROM a UNION ALL SELECT * FROM b;
"""

WINDOWS = {
    "tumble": "TUMBLE(TABLE {of}, DESCRIPTOR(ts), INTERVAL '6' SECOND)",
    "hop": "HOP(TABLE {of}, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND)",
    "cumulate": "CUMULATE(TABLE {of}, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '12' SECOND)",
}


def insert(kind: str, of: str) -> str:
    return (
        f"INSERT INTO r SELECT '{kind}', k, window_start, window_end, COUNT(*), SUM(v), COUNT(DISTINCT v)"
        f" FROM TABLE({WINDOWS[kind].format(of=of)}) GROUP BY k, window_start, window_end;"
    )


def statements(of: str, *, idle: str = "") -> str:
    """Every kind of window over a table or view, in one pipeline."""
    option = f", 'scan.watermark.idle-timeout' = '{idle}'" if idle else ""
    inserts = "\n".join(insert(kind, of) for kind in WINDOWS)
    return TABLES.format(idle=option) + f"EXECUTE STATEMENT SET BEGIN\n{inserts}\nEND;"


@dataclass(frozen=True)
class Row:
    """A record: where it goes, its key and value, its event time in seconds; `wait`: ms since the one before."""

    topic: str
    partition: int
    key: str
    value: int
    second: int
    wait: int = 0

    def encoded(self, number: int) -> bytes:
        time = f"2024-01-01 00:{self.second // 60:02}:{self.second % 60:02}.000"
        return orjson.dumps({"id": number, "k": self.key, "v": self.value, "ts": time})


def row_strategy(*, silent: bool = True, topics: str = "ab", lateness: int = DELAY) -> st.SearchStrategy[list[Row]]:
    """Rows whose time moves on in partitions of different skew, some up to `lateness` seconds behind."""

    def made(parts: list[tuple[str, int, str, int, int, int, int]]) -> list[Row]:
        now = 60
        found = [Row(t, p, "x", p, now) for t in topics for p in range(PARTITIONS - silent)]  # so that rows can be late
        for topic, partition, key, value, step, behind, wait in parts:
            now += step
            found.append(Row(topic, partition, key, value, max(0, now - behind - 2 * partition), wait))
        return found

    partition = st.sampled_from([0, 0, 0, 1, 1, 2] if silent else [0, 0, 0, 1, 1, 2, 3])
    behind = st.one_of(st.just(0), st.integers(0, lateness), st.sampled_from([0, 0, lateness, 5 * lateness]))
    part = st.tuples(
        st.sampled_from(topics),
        partition,
        st.sampled_from("xyz"),
        st.integers(0, 9),
        st.integers(0, 4),
        behind,
        st.sampled_from([0, 0, 0, 400, 3_000]),
    )
    return st.lists(part, min_size=5, max_size=60).map(made)


def project(sql: str, clock: ManualClock, folder: Path, *, partitions: int = PARTITIONS) -> Penstock:
    """A project in memory, over two topics."""
    penstock = Penstock(Definition(folder, Settings("property", threads=1)), None, clock)
    for topic in "ab":
        penstock.log.create_topic(topic, partitions)
    penstock.definition.add(sql)
    return penstock


def append(penstock: Penstock, rows: list[Row], first: int = 0) -> None:
    """Rows in their order, those side by side in one topic together."""
    at = 0
    while at < len(rows):
        upto = at + 1
        while upto < len(rows) and rows[upto].topic == rows[at].topic and not rows[upto].wait:
            upto += 1
        assert isinstance(penstock.clock, ManualClock)
        penstock.clock.advance(rows[at].wait)
        values = [r.encoded(first + n) for n, r in enumerate(rows[at:upto], at)]
        partitions = pl.Series([r.partition for r in rows[at:upto]], dtype=pl.Int32)
        penstock.append(rows[at].topic, pl.DataFrame({"value": values, "partition": partitions}))
        at = upto


@dataclass(frozen=True)
class Way:
    """How to run: rows a step, steps a commit, and after how many steps since a commit it crashes (0: never)."""

    cuts: list[int]
    commits: list[int]
    crashes: list[int]


WAYS = st.builds(
    Way,
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
)

WHOLE = Way([100_000], [1], [0])


@dataclass
class _Turns:
    """The items of a list, again and again; `count` says how many were taken."""

    items: list[int]
    count: int = field(default=0)

    def next(self) -> int:
        self.count += 1
        return self.items[(self.count - 1) % len(self.items)]


def run(penstock: Penstock, way: Way) -> None:
    """Run to the end of what is there, in this way; each crash throws away what was not committed."""
    cuts, commits, crashes = _Turns(way.cuts), _Turns(way.commits), _Turns(way.crashes)
    for _ in range(1_000):
        pipeline = started(penstock)
        try:
            if _life(pipeline, cuts, commits, crashes):
                return
        finally:
            pipeline.close()
    raise AssertionError("no way to the end")


def started(penstock: Penstock, *, bounded: bool = True) -> Pipeline:
    (definition,) = penstock.definition.pipelines
    pipeline = make_pipeline(definition, penstock.world, penstock.settings, bounded=bounded)
    pipeline.restore()
    if bounded:
        pipeline.input.bound()
    return pipeline


def _life(pipeline: Pipeline, cuts: _Turns, commits: _Turns, crashes: _Turns) -> bool:
    """At least one checkpoint, perhaps more, and perhaps some steps that are lost; True at the end of input."""
    for life in range(100_000):
        for _ in range(commits.next()):
            if not pipeline.step(cuts.next()):
                pipeline.finish()
                return True
        pipeline.commit()
        lost = crashes.next() if life == 0 or crashes.count % 3 == 0 else 0
        for _ in range(lost):
            if not pipeline.step(cuts.next()):
                pipeline.close_windows()
                return False
        if lost:
            return False
    return False


def results(penstock: Penstock) -> list[dict[str, Any]]:
    """What was committed to table r, in an order of its own."""
    values = [v for frame in penstock.log.read("r", columns=["value"]) for v in frame["value"]]
    return sorted((orjson.loads(v) for v in values), key=orjson.dumps)


def late_rows(penstock: Penstock) -> list[tuple[Any, ...]]:
    """The list of late rows, all but its ids and the time it was written."""
    return sorted(late(penstock.log).drop("id", "time").rows(), key=repr)


def outcome(penstock: Penstock) -> tuple[Any, ...]:
    """All that a run leaves behind."""
    return results(penstock), late_rows(penstock), fates(penstock)


def clock() -> ManualClock:
    return ManualClock(NOW)
