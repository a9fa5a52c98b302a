"""Writing files: when they are finished, what they are called, where they stand."""

from __future__ import annotations

import datetime as dt
import os
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from penstock.connectors import CONNECTORS
from penstock.connectors.filesystem.results import ParquetFiles
from penstock.connectors.spec import TableOptions
from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import DataError, StorageError, UnsupportedError
from tests.connectors.helpers import INT, STRING, checkpoint, files, parted, reader, rows, shown, sink, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.connectors.helpers import Columns

NUMBERS: Columns = {"a": INT}
PARTED: Columns = {"a": INT, "p": STRING}


def numbers(*values: int) -> pl.DataFrame:
    return pl.DataFrame({"a": values}, schema={"a": pl.Int32})


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# -- when a file is finished -------------------------------------------------------------------------


def test_a_file_ends_at_the_number_of_rows(tmp_path: Path) -> None:
    out = sink(files(NUMBERS, tmp_path, {"sink.rolling-policy.rows": 3}), world(tmp_path))
    out.write(numbers(*range(7)))
    assert out.held_rows == 7
    assert checkpoint(out) == 6
    assert out.held_rows == 1
    assert [p.read_text() for p in shown(tmp_path)] == ['{"a":0}\n{"a":1}\n{"a":2}\n', '{"a":3}\n{"a":4}\n{"a":5}\n']
    out.write(numbers(7))
    assert checkpoint(out) == 0
    out.finish()
    assert checkpoint(out) == 2
    assert sorted(p.read_text() for p in shown(tmp_path))[2] == '{"a":6}\n{"a":7}\n'


def test_a_file_ends_at_about_a_size(tmp_path: Path) -> None:
    table = files({"s": STRING}, tmp_path, {"sink.rolling-policy.file-size": "64 kb"})
    out = sink(table, world(tmp_path))
    for _ in range(100):
        out.write(pl.DataFrame({"s": ["x" * 90] * 50}))
    checkpoint(out)
    sizes = [p.stat().st_size for p in shown(tmp_path)]
    assert len(sizes) == 7
    assert all(60_000 < size < 75_000 for size in sizes)


@pytest.mark.parametrize(("policy", "seconds"), [("rollover-interval", 60), ("inactivity-interval", 30)])
def test_a_file_ends_after_a_time(tmp_path: Path, policy: str, seconds: int) -> None:
    clock = ManualClock()
    table = files(NUMBERS, tmp_path, {f"sink.rolling-policy.{policy}": f"{seconds} s"})
    out = sink(table, world(tmp_path, clock=clock))
    out.write(numbers(1))
    clock.advance(20_000)
    out.write(numbers(2))
    assert checkpoint(out) == 0
    clock.advance(29_999)
    assert checkpoint(out) == 0
    clock.advance(1)
    assert checkpoint(out) == (2 if policy == "inactivity-interval" else 0)
    clock.advance(10_000)
    assert checkpoint(out) == (0 if policy == "inactivity-interval" else 2)


def test_held_rows_are_bounded_by_finishing_the_largest_files_early(tmp_path: Path) -> None:
    table = files({"a": STRING, "p": STRING}, tmp_path, {"sink.held-size": "100 kb"}, partitioned_by=("p",))
    out = sink(table, world(tmp_path))
    for _ in range(20):
        many = pl.DataFrame({"a": ["x" * 1000] * 60, "p": [str(n % 30) for n in range(60)]})
        out.write(many)
        out.write(pl.DataFrame({"a": ["x" * 1000] * 20, "p": ["large"] * 20}))
        assert sum(f.estimated_size() for f in out.pending) < 110_000
        assert shown(tmp_path) == []
    held = out.held_rows
    assert held == 20 * 80
    assert held > checkpoint(out) > held - 120


def test_nothing_is_shown_twice_and_nothing_lies_about_after_the_end(tmp_path: Path) -> None:
    out = sink(files(NUMBERS, tmp_path), world(tmp_path))
    out.write(numbers(1))
    out.finish()
    token = out.prepare(1, None).token
    out.commit(token)
    out.commit(token)
    out.close()
    assert [p.read_text() for p in tmp_path.rglob("*") if p.is_file()] == ['{"a":1}\n']
    assert len(list(tmp_path.iterdir())) == 1


def test_what_was_never_in_a_checkpoint_goes_when_the_sink_is_closed(tmp_path: Path) -> None:
    out = sink(files(NUMBERS, tmp_path / "out", {"sink.rolling-policy.rows": 1}), world(tmp_path))
    out.write(numbers(1, 2))
    assert len(names(tmp_path)) == 2
    out.close()
    assert names(tmp_path) == []


# -- names -------------------------------------------------------------------------------------------


def test_files_are_called_as_flink_calls_them(tmp_path: Path) -> None:
    out = sink(files(NUMBERS, tmp_path, {"sink.rolling-policy.rows": 1}, encoding="csv"), world(tmp_path))
    out.write(numbers(1, 2))
    checkpoint(out)
    (one, two) = (p.name for p in shown(tmp_path))
    assert one.removesuffix("0.csv") == two.removesuffix("1.csv")
    assert len(one) == len("part-") + 36 + len("-0-0.csv")


def test_names_by_the_time_in_partitions_by_date(tmp_path: Path) -> None:
    clock = ManualClock(1_736_942_405_999)
    options = {
        "sink.file-name": "metrics_{yyyyMMdd}_{HHmmss}",
        "sink.rolling-policy.rows": 1000,
        "sink.rolling-policy.rollover-interval": "60 s",
        "parquet.compression": "SNAPPY",
    }
    columns: Columns = {"meeting_id": STRING, "date": t.DATE}
    table = files(columns, "metrics", options, partitioned_by=("date",), encoding="parquet")
    out = sink(table, world(tmp_path, clock=clock))
    day = dt.date(2025, 1, 15)
    out.write(pl.DataFrame({"meeting_id": ["m"] * 2500, "date": [day] * 2500}))
    checkpoint(out)
    clock.advance(60_000)
    checkpoint(out)
    folder = tmp_path / "metrics" / "date=2025-01-15"
    assert [p.name for p in shown(folder)] == [
        "metrics_20250115_120005.parquet",
        "metrics_20250115_120005_1.parquet",
        "metrics_20250115_120105.parquet",
    ]
    assert [pl.read_parquet(p, hive_partitioning=False).height for p in shown(folder)] == [1000, 1000, 500]
    path = str(shown(folder)[0])
    asked = "SELECT DISTINCT compression, path_in_schema FROM parquet_metadata(?)"
    with duckdb.connect() as connection:
        assert connection.execute(asked, [path]).fetchall() == [("SNAPPY", "meeting_id")]


def test_a_name_that_another_takes_in_between_is_not_overwritten(tmp_path: Path) -> None:
    table = files(NUMBERS, tmp_path, {"sink.file-name": "x"})
    one, other = (sink(table, world(tmp_path)) for _ in range(2))
    tokens = []
    for number, out in enumerate((one, other)):
        out.write(numbers(number))
        out.finish()
        tokens.append(out.prepare(1, None).token)
    one.commit(tokens[0])
    other.commit(tokens[1])
    assert {p.name: p.read_text() for p in shown(tmp_path)} == {"x.json": '{"a":0}\n', "x_1.json": '{"a":1}\n'}


# -- INSERT OVERWRITE --------------------------------------------------------------------------------


def test_overwriting_shows_nothing_before_the_end_and_replaces_then(tmp_path: Path) -> None:
    table = files(PARTED, tmp_path, {"sink.rolling-policy.rows": 1}, partitioned_by=("p",))
    first = sink(table, world(tmp_path))
    first.write(parted({"x": [1, 2], "y": [3]}))
    checkpoint(first)
    out = sink(table, world(tmp_path, bounded=True), overwrite=True)
    out.write(parted({"x": [4, 5]}))
    assert checkpoint(out) == 0
    assert out.held_rows == 2
    assert sorted(rows(reader(table, world(tmp_path)))) == [(1, "x"), (2, "x"), (3, "y")]
    out.finish()
    assert checkpoint(out) == 2
    assert sorted(rows(reader(table, world(tmp_path)))) == [(3, "y"), (4, "x"), (5, "x")]


def test_overwriting_a_table_with_nothing_empties_it_unless_it_has_partitions(tmp_path: Path) -> None:
    for keys, left in (((), []), (("p",), [(1, "x")])):
        table = files(PARTED, tmp_path / str(len(keys)), partitioned_by=keys)
        first = sink(table, world(tmp_path))
        first.write(parted({"x": [1]}))
        first.finish()
        checkpoint(first)
        out = sink(table, world(tmp_path, bounded=True), overwrite=True)
        out.finish()
        checkpoint(out)
        assert rows(reader(table, world(tmp_path))) == left


def test_overwriting_without_an_end(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="INSERT OVERWRITE needs an input that ends"):
        sink(files(PARTED, tmp_path), world(tmp_path), overwrite=True)


# -- what is there -----------------------------------------------------------------------------------


def test_finished_files_of_a_parquet_table(tmp_path: Path) -> None:
    connector = CONNECTORS["filesystem"]
    assert connector.files is not None
    assert connector.clear is not None
    policy = {"sink.partition-commit.policy.kind": "success-file"}
    table = files(PARTED, tmp_path / "out", policy, partitioned_by=("p",), encoding="parquet")
    options = TableOptions(table, connector)
    assert connector.files(table, options, world(tmp_path), None) == ParquetFiles(())
    assert connector.clear(table, options, world(tmp_path), act=True) == 0
    out = sink(table, world(tmp_path))
    out.write(parted({"x": [1], "y": [2]}))
    out.finish()
    out.prepare(1, None)
    assert connector.files(table, options, world(tmp_path), None) == ParquetFiles(())
    checkpoint(out)
    assert connector.files(table, options, world(tmp_path), None) == ParquetFiles(tuple(map(str, shown(tmp_path))))
    text = files(PARTED, tmp_path / "out", partitioned_by=("p",))
    assert connector.files(text, TableOptions(text, connector), world(tmp_path), None) is None
    assert connector.clear(table, options, world(tmp_path), act=False) == 2
    assert len(shown(tmp_path)) == 2
    (tmp_path / "out" / ".penstock-0123").mkdir()
    (tmp_path / "out" / "p=x" / "notes.txt").touch()
    assert connector.clear(table, options, world(tmp_path), act=True) == 2
    assert names(tmp_path) == ["out/p=x/notes.txt"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["p=x"]


# -- formats -----------------------------------------------------------------------------------------


def test_raw_bytes_need_be_no_text(tmp_path: Path) -> None:
    out = sink(files({"b": t.BYTES}, tmp_path, encoding="raw"), world(tmp_path))
    out.write(pl.DataFrame({"b": [b"\xff\x00", b"ok"]}))
    out.finish()
    checkpoint(out)
    assert shown(tmp_path)[0].read_bytes() == b"\xff\x00\nok\n"


def test_a_format_that_cannot_write_null(tmp_path: Path) -> None:
    out = sink(files({"b": STRING}, tmp_path, encoding="raw"), world(tmp_path))
    out.write(pl.DataFrame({"b": [None, "x"]}))
    out.finish()
    with pytest.raises(DataError, match="format 'raw' cannot write NULL") as raised:
        out.prepare(1, None)
    assert raised.value.hint == "leave such rows out with WHERE ... IS NOT NULL, or use another format"


# -- a disk that refuses -----------------------------------------------------------------------------


@contextmanager
def little_space(size: int) -> Iterator[None]:
    """No file can become larger than `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_loses_nothing_and_it_goes_on_when_there_is_space(tmp_path: Path) -> None:
    table = files(NUMBERS, tmp_path)
    out = sink(table, world(tmp_path))
    out.write(numbers(*range(1000)))
    checkpoint(out)
    state = out.snapshot()
    out.finish()
    with little_space(1000), pytest.raises(StorageError) as raised:
        out.prepare(1, None)
    assert raised.value.code == "storage-full"
    assert (
        f"writing a file of {sum(len(str(n)) + 7 for n in range(1000))} bytes to '{tmp_path}' failed: File too"
        in str(raised.value)
    )
    assert raised.value.hint == "free disk space and run again: it goes on from the last checkpoint, nothing is lost"
    assert names(tmp_path) == []
    again = sink(table, world(tmp_path))
    again.restore(*state)
    again.finish()
    assert checkpoint(again) == 1000
    assert rows(reader(table, world(tmp_path))) == [(n,) for n in range(1000)]


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder that this process may read, and not write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            os.seteuid(os.getuid())
            Path(name).chmod(0o755)


def test_a_folder_that_may_not_be_written_to() -> None:
    with nobody() as folder:
        out = sink(files(NUMBERS, folder), world(folder))
        out.write(numbers(1))
        out.finish()
        with pytest.raises(StorageError, match=r"failed: Permission denied \(.*/.penstock-") as raised:
            out.prepare(1, None)
    assert raised.value.code == "storage-read-only"
    assert raised.value.hint.startswith("make the folder writable and run again")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not look")
def test_a_folder_that_may_not_be_looked_into(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir(mode=0o700)
    with nobody(), pytest.raises(StorageError, match=r"looking at '.*/in/out' failed: Permission denied"):
        sink(files(NUMBERS, tmp_path / "in" / "out"), world(tmp_path))
