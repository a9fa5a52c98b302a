"""Spans of rows: the state of any span is that of its rows put together in order."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.held import Held
from penstock.engine.spans import RIGHT, joined_spans
from penstock.engine.stretches import spread

JOIN = [
    (pl.col("text") + pl.col("text" + RIGHT)).alias("text"),
    (pl.col("sum") + pl.col("sum" + RIGHT)).alias("sum"),
]


@given(st.data())
def test_a_span_is_its_rows_in_order(data: st.DataObject) -> None:
    height = data.draw(st.integers(1, 40))
    bounds = st.tuples(st.integers(0, height - 1), st.integers(0, height - 1)).map(sorted)
    spans = data.draw(st.lists(bounds, min_size=1, max_size=20))
    first, last = (np.array(c, np.int64) for c in zip(*spans, strict=True))
    states = pl.DataFrame({"text": [f"{i}." for i in range(height)], "sum": list(range(height))})
    joined = joined_spans(states, first, last, JOIN)
    assert joined["text"].to_list() == ["".join(f"{i}." for i in range(a, b + 1)) for a, b in spans]
    assert joined["sum"].to_list() == [sum(range(a, b + 1)) for a, b in spans]
    row, span = spread(first, last + 1)
    assert list(zip(span.tolist(), row.tolist(), strict=True)) == [
        (i, r) for i, (a, b) in enumerate(spans) for r in range(a, b + 1)
    ]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=30), st.integers(0, 9), st.integers(0, 9))
def test_held_rows_come_by_time_then_as_they_came_also_after_a_restore(
    batches: list[list[int]], reached: int, then: int
) -> None:
    held = Held("h", "$time")
    rows, number = [], 0
    for batch in batches:
        frame = pl.DataFrame(
            {"$time": batch, "n": range(number, number + len(batch))}, schema_overrides={"$time": pl.Int64}
        )
        number += len(batch)
        rows += frame.rows()
        held.add(frame)
    taken = held.take(reached)
    due = sorted((r for r in rows if r[0] <= reached), key=lambda r: r[0])
    assert ([] if taken is None else taken.rows()) == due
    meta, blobs = held.snapshot()
    other = Held("h", "$time")
    other.restore(meta, blobs)
    left = sorted((r for r in rows if reached < r[0] <= then), key=lambda r: r[0])
    for one in (held, other):
        assert len(one) == len(rows) - len(due)
        found = one.take(then)
        assert ([] if found is None else found.rows()) == left
