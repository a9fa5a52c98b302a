"""Runs: however rows are merged, retired, stored and restored, they say the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Mapping

ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=6)
APPEND, RETIRE, CRASH = "append", "retire", "crash"
STEPS = st.lists(
    st.tuples(st.just(APPEND), ROWS) | st.tuples(st.just(RETIRE), st.integers(0, 8)) | st.tuples(st.just(CRASH), ROWS),
    max_size=60,
)


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Every value of a key in order, as a state of lists has it."""
    return frame.group_by("key", maintain_order=True).agg(pl.col("text").str.join(","))


def _frame(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"key": pl.Int64, "text": pl.Int64}, orient="row").cast({"text": pl.String})


def _said(runs: Runs) -> dict[int, str]:
    frames = list(runs)
    return dict(_texts(pl.concat(frames)).sort("key").iter_rows()) if frames else {}


class Store:
    """What a checkpoint keeps: the blobs that live, and what names them."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.meta: dict[str, Any] = {"runs": [], "next": 0}
        self.written = 0

    def take(self, runs: Runs) -> None:
        meta, new = runs.snapshot()
        assert not new.keys() & self.blobs.keys(), "a name never means another run"
        self.meta = json.loads(json.dumps(meta))
        live = {name for name, _ in self.meta["runs"]}
        self.blobs = {name: blob for name, blob in {**self.blobs, **new}.items() if name in live}
        self.written += len(new)

    def restored(self) -> Runs:
        runs = Runs("r", _texts)
        blobs: Mapping[str, bytes] = self.blobs
        runs.restore(self.meta, blobs)
        return runs


@given(STEPS)
def test_rows_say_the_same_however_they_are_kept(steps: list[tuple[str, Any]]) -> None:
    """A crash loses what came since the snapshot; rows that were retired meanwhile are dropped again."""
    runs, store = Runs("r", _texts), Store()
    expected: list[tuple[int, int]] = []
    floor = 0
    for kind, value in steps:
        if kind == RETIRE:
            floor = max(floor, value)
            runs.retire(pl.col("key") >= floor)
            expected = [row for row in expected if row[0] >= floor]
            continue
        rows = [row for row in value if row[0] >= floor]
        if not rows:
            continue
        if kind == CRASH:
            store.take(runs)
        runs.append(_texts(_frame(rows)))
        if kind == APPEND:
            expected += rows
        else:
            runs = store.restored()
            runs.retire(pl.col("key") >= floor)
        assert _said(runs) == dict(_texts(_frame(expected)).sort("key").iter_rows())
        assert bool(runs) == bool(expected)


@pytest.mark.parametrize("many", [1, 8, 65, 100])
def test_a_snapshot_writes_what_is_new_and_keeps_few_runs(many: int) -> None:
    runs, store = Runs("r", _texts), Store()
    for i in range(many):
        runs.append(_texts(_frame([(i % 5, i)])))
        store.take(runs)
    # each snapshot writes the newest run or what it was merged into, and a level has fewer than eight
    assert store.written == many
    assert len(store.blobs) <= 7 * len(oct(many))
    assert _said(store.restored()) == _said(runs)


def test_a_second_snapshot_of_the_same_writes_nothing() -> None:
    runs = Runs("r", _texts)
    runs.append(_frame([(1, 1)]))
    assert runs.snapshot()[1]
    assert not runs.snapshot()[1]
    assert runs.size > 0
