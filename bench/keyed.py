"""An updating GROUP BY over many keys: what a batch costs with a million in state, and a checkpoint after it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bench.state import BATCH, compared
from bench.table import Target
from penstock.core.batch import SEQ, Batch
from penstock.engine.operators.group_aggregate import GroupAggregate
from penstock.engine.sideoutput import SideOutput
from penstock.sql.functions.spec import Context
from penstock.sql.plan import Aggregate, Node
from penstock.sql.session import Answer, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.__main__ import Bench

__all__ = ["measure"]

_TABLE = "CREATE TABLE e (k STRING, v INT) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');"
_QUERIES = {
    "COUNT, SUM, MAX": "SELECT k, COUNT(*), SUM(v), MAX(v) FROM e GROUP BY k",
    "COUNT DISTINCT": "SELECT k, COUNT(DISTINCT v) FROM e GROUP BY k",
}


def measure(bench: Bench) -> None:
    for many in compared(bench, "Updating GROUP BY", _QUERIES, _Filled):
        many.operator.snapshot()
        for _ in range(many.keys // 100 // BATCH):
            many.spent()
        begin = time.perf_counter()
        many.operator.snapshot()
        spent = 1e3 * (time.perf_counter() - begin)
        bench.report.figure("checkpoint after 1 % of them changed", spent, "ms", Target(300, 50, below=True))


class _Filled:
    """An aggregate that has seen each of `keys` keys."""

    def __init__(self, query: str, keys: int) -> None:
        _, answer = Session().run(f"{_TABLE}{query}")
        assert isinstance(answer, Answer)
        self.operator = GroupAggregate("aggregate", SideOutput(), _aggregate(answer.query), Context())
        self.keys = keys
        self.names = pl.Series([f"key-{i:08d}" for i in range(keys)])
        self.chance = np.random.default_rng(7)
        for first in range(0, keys, 100_000):
            self._step(np.arange(first, min(keys, first + 100_000)))
        self.operator.snapshot()

    def spent(self) -> float:
        """Seconds that one more batch takes."""
        return self._step(self.chance.integers(0, self.keys, BATCH))

    def _step(self, numbers: NDArray[np.int64]) -> float:
        columns = {"k": self.names.gather(numbers), "v": (numbers % 100).astype(np.int32), SEQ: np.arange(len(numbers))}
        wanted = [c.name for c in self.operator.plan.input.columns]
        batch = Batch(pl.DataFrame(columns).select(*wanted, SEQ), len(numbers))
        begin = time.perf_counter()
        self.operator.on_batch(batch)
        return time.perf_counter() - begin


def _aggregate(plan: Node) -> Aggregate:
    return plan if isinstance(plan, Aggregate) else _aggregate(plan.inputs[0])
