"""An updating GROUP BY over many keys: what a batch costs with a million in state, and a checkpoint after it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bench.machine import cores, pin
from bench.table import Target, median
from penstock.core.batch import SEQ, Batch
from penstock.engine.operators.group_aggregate import GroupAggregate
from penstock.engine.sideoutput import SideOutput
from penstock.sql.functions.spec import Context
from penstock.sql.plan import Aggregate, Node
from penstock.sql.session import Answer, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.__main__ import Bench

__all__ = ["measure"]

_TABLE = "CREATE TABLE e (k STRING, v INT) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');"
_QUERIES = {
    "COUNT, SUM, MAX": "SELECT k, COUNT(*), SUM(v), MAX(v) FROM e GROUP BY k",
    "COUNT DISTINCT": "SELECT k, COUNT(DISTINCT v) FROM e GROUP BY k",
}
_BATCH = 5_000


def measure(bench: Bench) -> None:
    report, keys, rounds = bench.report, 100_000 if bench.quick else 1_000_000, 20 if bench.quick else 100
    report.title(f"Updating GROUP BY, {_BATCH:,} rows a batch over keys drawn at random, 1 core")
    before = cores()
    pin(before[:1])
    try:
        for name, query in _QUERIES.items():
            few, many = _filled(query, 1_000), _filled(query, keys)
            small, large = ([_spent(one, rows) for rows in _batches(one, rounds)] for one in (few, many))
            report.figure(f"{name}, 1,000 keys", [_BATCH / s for s in small], "rows/s")
            report.figure(f"{name}, {keys:,} keys", [_BATCH / s for s in large], "rows/s")
            report.figure("the one against the other", median(small) / median(large), "x", Target(0.5, 0.8))
            many.operator.snapshot()
            for rows in _batches(many, keys // 100 // _BATCH):
                many.operator.on_batch(rows)
            begin = time.perf_counter()
            many.operator.snapshot()
            spent = 1e3 * (time.perf_counter() - begin)
            report.figure("checkpoint after 1 % of them changed", spent, "ms", Target(300, 50, below=True))
    finally:
        pin(before)


class _Filled:
    """An aggregate that has seen each of `keys` keys."""

    def __init__(self, operator: GroupAggregate, keys: int) -> None:
        self.operator = operator
        self.keys = keys
        self.names = pl.Series([f"key-{i:08d}" for i in range(keys)])


def _filled(query: str, keys: int) -> _Filled:
    _, answer = Session().run(f"{_TABLE}{query}")
    assert isinstance(answer, Answer)
    made = _Filled(GroupAggregate("aggregate", SideOutput(), _aggregate(answer.query), Context()), keys)
    for first in range(0, keys, 100_000):
        made.operator.on_batch(_batch(made, np.arange(first, min(keys, first + 100_000))))
    made.operator.snapshot()
    return made


def _aggregate(plan: Node) -> Aggregate:
    return plan if isinstance(plan, Aggregate) else _aggregate(plan.inputs[0])


def _batches(made: _Filled, count: int) -> Iterator[Batch]:
    chance = np.random.default_rng(7)
    yield from [_batch(made, chance.integers(0, made.keys, _BATCH)) for _ in range(count)]


def _batch(made: _Filled, numbers: np.ndarray) -> Batch:
    columns = {"k": made.names.gather(numbers), "v": (numbers % 100).astype(np.int32), SEQ: np.arange(len(numbers))}
    wanted = [c.name for c in made.operator.plan.input.columns]
    return Batch(pl.DataFrame(columns).select(*wanted, SEQ), len(numbers))


def _spent(made: _Filled, rows: Batch) -> float:
    begin = time.perf_counter()
    made.operator.on_batch(rows)
    return time.perf_counter() - begin
