"""The k-th value of a span, against the span sorted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.sql.functions.aggregates.wavelet import WaveletMatrix, in_order

VALUES = st.sampled_from([-0.0, 0.0, float("nan"), float("-inf"), float("inf"), 1.5, -2.0]) | st.floats()


@given(st.lists(st.tuples(VALUES, st.integers(0, 3)), min_size=1, max_size=30), st.data())
def test_every_position_of_a_span(pairs: list[tuple[float, int]], data: st.DataObject) -> None:
    values, weights = np.array([v for v, _ in pairs]), np.array([w for _, w in pairs])
    first, end = sorted(data.draw(st.tuples(st.integers(0, len(pairs)), st.integers(0, len(pairs)))))
    matrix = WaveletMatrix(values, weights)
    wanted = sorted(np.repeat(in_order(values)[first:end], weights[first:end]).tolist())
    assert matrix.totals(np.array([first]), np.array([end])).tolist() == [len(wanted)]
    every = np.arange(len(wanted))
    found = matrix.kth(np.full_like(every, first), np.full_like(every, end), every)
    assert in_order(found).tolist() == wanted
