"""Results that are computed anew take the place of the old ones."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors import CONNECTORS
from penstock.connectors.filesystem.multisets import difference, near
from penstock.connectors.spec import TableOptions
from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError
from tests.connectors.crashes import Crash, crash_before
from tests.connectors.helpers import INT, STRING, files, reader, rows, sink, world

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.sql.catalog import Table
    from tests.connectors.helpers import Columns

COLUMNS: Columns = {"a": INT, "d": STRING}
BEFORE = pl.DataFrame({"a": [1, 2, 3, 4], "d": ["x", "x", "y", None]}, schema_overrides={"a": pl.Int32})
AFTER = pl.DataFrame({"a": [1, 5, 3, 6], "d": ["x", "z", "y", "x"]}, schema_overrides={"a": pl.Int32})


def written(table: Table, folder: Path, frame: pl.DataFrame) -> None:
    out = sink(table, world(folder))
    out.write(frame)
    out.finish()
    out.commit(out.prepare(1, None).token)
    out.close()


def replace(table: Table, folder: Path, before: pl.DataFrame, after: pl.DataFrame) -> tuple[int, int]:
    connector = CONNECTORS[table.connector]
    assert connector.replace is not None
    return connector.replace(table, TableOptions(table, connector), world(folder, clock=ManualClock()), before, after)


def present(table: Table, folder: Path) -> list[Any]:
    return sorted(rows(reader(table, world(folder))), key=repr)


def hidden(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob(".*")]


@pytest.mark.parametrize("encoding", ["parquet", "json", "csv"])
def test_only_partitions_that_differ_are_written_anew(tmp_path: Path, encoding: str) -> None:
    table = files(COLUMNS, tmp_path, partitioned_by=("d",), encoding=encoding)
    written(table, tmp_path, BEFORE)
    kept = {p.name for p in (tmp_path / "d=y").iterdir()}
    assert replace(table, tmp_path, BEFORE, AFTER) == (2, 2)
    assert present(table, tmp_path) == sorted(AFTER.rows(), key=repr)
    assert {p.name for p in (tmp_path / "d=y").iterdir()} == kept
    assert hidden(tmp_path) == []
    assert replace(table, tmp_path, BEFORE, AFTER) == (0, 0)
    assert present(table, tmp_path) == sorted(AFTER.rows(), key=repr)


def test_a_table_without_partitions_is_replaced_whole_and_may_begin_empty(tmp_path: Path) -> None:
    table = files(COLUMNS, tmp_path / "out", encoding="parquet")
    assert replace(table, tmp_path, BEFORE.clear(), BEFORE) == (4, 0)
    assert replace(table, tmp_path, BEFORE, AFTER) == (2, 2)
    assert present(table, tmp_path) == sorted(AFTER.rows(), key=repr)
    assert replace(table, tmp_path, AFTER, AFTER.clear()) == (0, 4)
    assert present(table, tmp_path) == []


def test_equal_rows_are_counted(tmp_path: Path) -> None:
    table = files({"a": INT}, tmp_path, encoding="parquet")
    one, two = (pl.DataFrame({"a": [7] * n}, schema={"a": pl.Int32}) for n in (1, 2))
    written(table, tmp_path, two)
    assert replace(table, tmp_path, two, one) == (0, 1)
    assert present(table, tmp_path) == [(7,)]


def test_rows_that_others_wrote_are_not_lost(tmp_path: Path) -> None:
    table = files(COLUMNS, tmp_path, partitioned_by=("d",))
    written(table, tmp_path, BEFORE)
    written(table, tmp_path, pl.DataFrame({"a": [99], "d": ["x"]}, schema_overrides={"a": pl.Int32}))
    there = {p: p.read_bytes() for p in tmp_path.rglob("*.json")}
    with pytest.raises(
        ConfigError,
        match=r"the files in '.*/d=x' are not what the INSERT wrote: it did not write 1 of their rows, and 0 that it"
        r" wrote are not there\ntable t\nhint: what others wrote would be lost",
    ):
        replace(table, tmp_path, BEFORE, AFTER)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.json")} == there
    assert hidden(tmp_path) == []


def test_lines_that_are_no_rows_are_not_lost_either(tmp_path: Path) -> None:
    table = files(COLUMNS, tmp_path)
    written(table, tmp_path, BEFORE)
    (tmp_path / "other.json").write_text("no json\n")
    with pytest.raises(ConfigError, match="it did not write 1 of their rows"):
        replace(table, tmp_path, BEFORE, AFTER)


def test_the_last_digits_of_sums_may_be_others(tmp_path: Path) -> None:
    table = files({"a": INT, "s": t.DOUBLE}, tmp_path)
    schema = {"a": pl.Int32, "s": pl.Float64}
    written(table, tmp_path, pl.DataFrame({"a": [1, 1], "s": [0.1 + 0.2, 1e300]}, schema=schema))
    before = pl.DataFrame({"a": [1, 1], "s": [1e300, 0.3]}, schema=schema)
    after = pl.DataFrame({"a": [1, 1], "s": [1e300, 0.4]}, schema=schema)
    assert replace(table, tmp_path, before, after) == (1, 1)
    assert present(table, tmp_path) == [(1, 0.4), (1, 1e300)]


@pytest.mark.parametrize("encoding", ["csv", "json", "parquet"])
def test_values_of_which_a_format_keeps_not_all(tmp_path: Path, encoding: str) -> None:
    table = files({"s": STRING, "m": t.Timestamp(6), "f": t.FLOAT}, tmp_path, encoding=encoding)
    schema: dict[str, pl.DataType] = {"s": pl.String(), "m": pl.Datetime("us"), "f": pl.Float32()}
    moment = dt.datetime.fromisoformat("2024-01-02 03:04:05.000001")
    before = pl.DataFrame({"s": [None, "", "null"], "m": [moment, None, moment], "f": [0.1, None, 1e30]}, schema=schema)
    written(table, tmp_path, before)
    after = before.with_columns(s=pl.lit("x"))
    assert replace(table, tmp_path, before, after) == (3, 3)
    readable = 2 if encoding == "csv" else 3  # csv cannot tell a NULL from an empty field, which is no timestamp
    assert [row[0] for row in present(table, tmp_path)] == ["x"] * readable


def test_new_files_are_rolled_and_named_as_the_table_says(tmp_path: Path) -> None:
    options = {"sink.rolling-policy.rows": 2, "sink.file-name": "m_{yyyyMMdd}"}
    table = files({"a": INT}, tmp_path, options, encoding="parquet")
    frame = pl.DataFrame({"a": range(5)}, schema={"a": pl.Int32})
    written(table, tmp_path, frame)
    names = {p.name for p in tmp_path.iterdir()}
    assert len(names) == 3
    replace(table, tmp_path, frame, frame + 1)
    assert {p.name for p in tmp_path.iterdir()} == {f"m_19700101_{n}.parquet" for n in (3, 4, 5)}


@pytest.mark.parametrize("trigger", ["process-time", "partition-time"])
def test_markers_are_left_and_a_new_partition_gets_one(tmp_path: Path, trigger: str) -> None:
    options = {"sink.partition-commit.policy.kind": "success-file", "sink.partition-commit.trigger": trigger}
    table = files({"d": STRING, "a": INT}, tmp_path, options, partitioned_by=("d",))
    before = pl.DataFrame({"d": ["2024-01-01"], "a": [1]}, schema_overrides={"a": pl.Int32})
    after = pl.DataFrame({"d": ["2024-01-01", "2024-01-02"], "a": [2, 3]}, schema_overrides={"a": pl.Int32})
    written(table, tmp_path, before)
    (tmp_path / "d=2024-01-01" / "_SUCCESS").unlink()
    replace(table, tmp_path, before, after)
    assert [p.parent.name for p in tmp_path.rglob("_SUCCESS")] == ["d=2024-01-02"]


def test_a_crash_before_any_act_leaves_what_another_call_finishes(tmp_path: Path) -> None:
    table = files(COLUMNS, tmp_path / "now", partitioned_by=("d",), encoding="parquet")
    written(files(COLUMNS, tmp_path / "first", partitioned_by=("d",), encoding="parquet"), tmp_path, BEFORE)
    acts = 0
    while True:
        shutil.copytree(tmp_path / "first", tmp_path / "now")
        try:
            with crash_before(acts) as done:
                replace(table, tmp_path, BEFORE, AFTER)
            break
        except Crash:
            assert set(present(table, tmp_path)) <= set(BEFORE.rows()) | set(AFTER.rows())
        replace(table, tmp_path, BEFORE, AFTER)
        assert present(table, tmp_path) == sorted(AFTER.rows(), key=repr), done
        assert hidden(tmp_path) == []
        shutil.rmtree(tmp_path / "now")
        acts += 1
    assert acts > 20


def test_the_next_insert_finishes_what_was_cut_off(tmp_path: Path) -> None:
    table = files(COLUMNS, tmp_path / "now", encoding="parquet")
    more = pl.DataFrame({"a": [9], "d": ["w"]}, schema_overrides={"a": pl.Int32})
    given: set[str] = set()
    for act in range(100):
        shutil.rmtree(tmp_path / "now", ignore_errors=True)
        written(table, tmp_path, BEFORE)
        try:
            with crash_before(act):
                replace(table, tmp_path, BEFORE, AFTER)
            break
        except Crash:
            written(table, tmp_path, more)
            assert hidden(tmp_path) == []
            present_now = present(table, tmp_path)
            assert present_now in [sorted([*f.rows(), *more.rows()], key=repr) for f in (BEFORE, AFTER)]
            given.add(repr(present_now))
    assert len(given) == 2


VALUES = st.sampled_from([None, 1.0, 1.0 + 1e-12, 2.0, math.nan, math.inf, -math.inf])
ROWS = st.lists(st.tuples(st.sampled_from([None, 1, 2]), VALUES), max_size=8)


def frame_of(given_rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(given_rows, schema={"k": pl.Int32, "v": pl.Float64}, orient="row")


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_difference_of_multisets(left: list[Any], right: list[Any], chance: Any) -> None:
    from collections import Counter

    counts = [Counter(map(repr, rows)) for rows in (left, right)]
    expected = (counts[1] - counts[0]).total(), (counts[0] - counts[1]).total()
    assert difference(frame_of(left), frame_of(right)) == expected
    shuffled = chance.sample(left, len(left))
    moved = [(k, v * (1 + 1e-13) if v is not None else None) for k, v in shuffled]
    assert near(frame_of(left), frame_of(moved))
    rounded = [
        Counter((k, repr(v and round(v, 6) if v is not None and math.isfinite(v) else v)) for k, v in rows)
        for rows in (left, right)
    ]
    assert near(frame_of(left), frame_of(right)) == (rounded[0] == rounded[1])
