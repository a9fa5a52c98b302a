"""Folders of partitions that a sink writes: their names, and when they are complete."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import DataError
from tests.connectors.helpers import INT, STRING, checkpoint, files, parted, reader, rows, shown, sink, world

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.types import DataType
    from tests.connectors.helpers import Columns

PARTED: Columns = {"a": INT, "p": STRING}

# -- partitions --------------------------------------------------------------------------------------

PARTITION_VALUES: list[tuple[DataType, Any, str]] = [
    (STRING, "a b", "a b"),
    (STRING, "a/b=c%d:e", "a%2Fb%3Dc%25d%3Ae"),
    (STRING, "é€", "é€"),
    (STRING, "^{}[]~!@&;,<>|'\"`?*#.", "%5E%7B%7D%5B%5D~!@&;,<>|%27%22`%3F%2A%23."),
    (STRING, None, "__DEFAULT_PARTITION__"),
    (STRING, "", "__DEFAULT_PARTITION__"),
    (INT, -7, "-7"),
    (t.BOOLEAN, True, "true"),
    (t.Decimal(6, 2), decimal.Decimal("1.50"), "1.50"),
    (t.DOUBLE, 1e10, "1.0E10"),
    (t.DATE, dt.date(2024, 1, 2), "2024-01-02"),
    (t.Time(0), dt.time(3, 4), "03%3A04%3A00"),
    (t.Timestamp(3), dt.datetime.fromisoformat("2024-01-02 03:04"), "2024-01-02T03%3A04"),
    (t.Timestamp(3), dt.datetime.fromisoformat("2024-01-02 03:04:05.120"), "2024-01-02T03%3A04%3A05.120"),
]


@pytest.mark.parametrize(("data_type", "value", "name"), PARTITION_VALUES)
def test_folders_are_named_after_values_and_read_again(
    tmp_path: Path, data_type: DataType, value: Any, name: str
) -> None:
    table = files({"a": INT, "p": data_type}, tmp_path, partitioned_by=("p",))
    out = sink(table, world(tmp_path))
    values = pl.Series("p", [value]).cast(data_type.polars)
    out.write(pl.DataFrame([pl.Series("a", [1], dtype=pl.Int32), values]))
    out.finish()
    checkpoint(out)
    assert [p.parent.name for p in shown(tmp_path)] == [f"p={name}"]
    assert shown(tmp_path)[0].read_text() == '{"a":1}\n'
    assert rows(reader(table, world(tmp_path))) == [(1, value or None)]


def test_the_default_name_is_an_option(tmp_path: Path) -> None:
    table = files(PARTED, tmp_path, {"partition.default-name": "none"}, partitioned_by=("p",))
    out = sink(table, world(tmp_path))
    out.write(parted({None: [1]}))
    out.finish()
    checkpoint(out)
    assert [p.parent.name for p in shown(tmp_path)] == ["p=none"]
    assert rows(reader(table, world(tmp_path))) == [(1, None)]


def test_rows_of_open_files_can_be_looked_at(tmp_path: Path) -> None:
    columns: Columns = {"p": STRING, "a": INT, "d": t.DATE}
    out = sink(files(columns, tmp_path, partitioned_by=("p", "d")), world(tmp_path))
    day = dt.date(2024, 1, 2)
    out.write(pl.DataFrame({"p": ["a/b", None], "a": [1, 2], "d": [day, None]}, schema_overrides={"a": pl.Int32}))
    assert [f.select("p", "a", "d").rows() for f in out.pending] == [[("a/b", 1, day)], [(None, 2, None)]]


# -- partitions that are complete --------------------------------------------------------------------

SUCCESS = {"sink.partition-commit.policy.kind": "success-file"}


def test_a_partition_is_marked_with_each_of_its_files(tmp_path: Path) -> None:
    options = SUCCESS | {"sink.rolling-policy.rows": 1, "sink.partition-commit.success-file.name": "_done"}
    out = sink(files(PARTED, tmp_path, options, partitioned_by=("p",)), world(tmp_path))
    out.write(parted({"x": [1]}))
    checkpoint(out)
    (tmp_path / "p=x" / "_done").unlink()
    out.write(parted({"y": [1]}))
    checkpoint(out)
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("_done")] == ["p=y/_done"]
    out.write(parted({"x": [2]}))
    checkpoint(out)
    assert (tmp_path / "p=x" / "_done").exists()


def test_a_partition_is_marked_a_while_after_its_first_row(tmp_path: Path) -> None:
    clock = ManualClock()
    options = SUCCESS | {"sink.partition-commit.delay": "1 min", "sink.rolling-policy.rows": 1}
    table = files(PARTED, tmp_path, options, partitioned_by=("p",))
    out = sink(table, world(tmp_path, clock=clock))
    out.write(parted({"x": [1]}))
    checkpoint(out)
    clock.advance(59_999)
    other = sink(table, world(tmp_path, clock=clock))
    other.restore(*out.snapshot())
    other.write(parted({"y": [2]}))
    checkpoint(other)
    assert list(tmp_path.rglob("_SUCCESS")) == []
    clock.advance(1)
    checkpoint(other)
    assert [p.parent.name for p in tmp_path.rglob("_SUCCESS")] == ["p=x"]


def test_a_marker_comes_after_all_files_of_its_partition(tmp_path: Path) -> None:
    """The rows that are still open when it becomes complete are finished with it."""
    clock = ManualClock()
    options = SUCCESS | {"sink.partition-commit.delay": "1 min"}
    out = sink(files(PARTED, tmp_path, options, partitioned_by=("p",)), world(tmp_path, clock=clock))
    out.write(parted({"x": [1]}))
    assert checkpoint(out) == 0
    clock.advance(60_000)
    assert checkpoint(out) == 1
    assert len(list((tmp_path / "p=x").iterdir())) == 2


@pytest.mark.parametrize(
    ("value", "options", "passed"),
    [
        ("2024-01-02", {}, "2024-01-02T00:00"),
        ("2024-01-02 03:04:05", {}, "2024-01-02T03:04:05"),
        (
            "20240102",
            {"partition.time-extractor.timestamp-formatter": "yyyyMMdd"},
            "2024-01-02T00:00",
        ),
        (
            "07",
            {"partition.time-extractor.timestamp-pattern": "2024-01-02 $p:00:00"},
            "2024-01-02T07:00",
        ),
        ("2024-01-02", {"sink.partition-commit.watermark-time-zone": "Asia/Shanghai"}, "2024-01-01T16:00"),
    ],
)
def test_the_time_of_a_partition(tmp_path: Path, value: str, options: dict[str, str], passed: str) -> None:
    options = SUCCESS | {"sink.partition-commit.trigger": "partition-time"} | options
    out = sink(files(PARTED, tmp_path, options, partitioned_by=("p",)), world(tmp_path))
    out.write(parted({value: [1]}))
    time = int(dt.datetime.fromisoformat(f"{passed}+00:00").timestamp() * 1000)
    out.advance(time)
    assert checkpoint(out) == 0
    out.advance(time + 1)
    out.advance(time - 5)  # time does not go back
    assert checkpoint(out) == 1
    assert len(list(tmp_path.rglob("_SUCCESS"))) == 1


def test_a_partition_without_a_time(tmp_path: Path) -> None:
    options = SUCCESS | {"sink.partition-commit.trigger": "partition-time"}
    out = sink(files(PARTED, tmp_path, options, partitioned_by=("p",)), world(tmp_path))
    with pytest.raises(DataError, match="'soon' is no time, and the trigger partition-time takes it from") as raised:
        out.write(parted({"soon": [1]}))
    assert raised.value.hint == "set 'partition.time-extractor.timestamp-pattern', such as '$dt $hour:00:00'"
