"""OVER and ROW_NUMBER over many keys: what a batch costs with a million in state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bench.state import BATCH, compared
from penstock.core.batch import NO_TIME, SEQ, Batch, Watermark
from penstock.engine.operators.over_aggregate import OverAggregate
from penstock.engine.operators.top_n import TopN
from penstock.engine.sideoutput import SideOutput
from penstock.sql import plan as p
from penstock.sql.functions.spec import Context
from penstock.sql.session import Answer, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.__main__ import Bench

__all__ = ["measure"]

_TABLE = (
    "CREATE TABLE e (k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)"
    " WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');"
)
_QUERIES = {
    "SUM, all rows before": "SELECT ts, SUM(v) OVER (PARTITION BY k ORDER BY ts) FROM e",
    "LAG": "SELECT ts, LAG(ts) OVER (PARTITION BY k ORDER BY ts) FROM e",
    "SUM, 3 rows before": "SELECT ts, SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING) FROM e",
    "the last row": "SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM e)"
    " WHERE n = 1",
    "the best three": "SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e)"
    " WHERE n <= 3",
}
_BEGIN = 1_700_000_000_000


def measure(bench: Bench) -> None:
    for _ in compared(bench, "OVER and ROW_NUMBER", _QUERIES, _Filled):
        pass


class _Filled:
    """An operator that has seen each of `keys` keys."""

    def __init__(self, query: str, keys: int) -> None:
        _, answer = Session().run(f"{_TABLE}{query}")
        assert isinstance(answer, Answer)
        node = answer.query
        while not isinstance(node, (p.OverAggregate, p.TopN)):
            (node,) = node.inputs
        make = OverAggregate if isinstance(node, p.OverAggregate) else TopN
        self.operator = make(node.label, SideOutput(), node, Context())  # type: ignore[arg-type]  # of its own kind
        self.columns = [c.name for c in node.input.columns]
        self.names = pl.Series([f"key-{i:08d}" for i in range(keys)])
        self.chance = np.random.default_rng(7)
        self.rows = 0
        self.watermark = NO_TIME
        for first in range(0, keys, 100_000):
            self._step(np.arange(first, min(keys, first + 100_000)))
        self.operator.snapshot()

    def spent(self) -> float:
        """Seconds that one more batch takes."""
        return self._step(self.chance.integers(0, len(self.names), BATCH))

    def _step(self, numbers: NDArray[np.int64]) -> float:
        seq = np.arange(self.rows, self.rows + len(numbers))
        self.rows += len(numbers)
        times = seq + _BEGIN
        frame = pl.DataFrame(
            {
                "k": self.names.gather(numbers),
                "v": self.chance.integers(0, 1_000, len(numbers)).astype(np.int32),
                "ts": pl.Series(times).cast(pl.Datetime("ms")),
                SEQ: seq,
            }
        ).select(*self.columns, SEQ)
        through = int(seq[-1])
        watermark = Watermark.rising(self.watermark, seq, times, through)
        self.watermark = watermark.last
        begin = time.perf_counter()
        self.operator.on_batch(Batch(frame, through))
        self.operator.on_watermark(watermark)
        return time.perf_counter() - begin
