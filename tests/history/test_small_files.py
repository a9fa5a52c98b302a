"""Rows of small files are kept, and an answer over them is the one that DuckDB gives when it reads the files."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.history import Files, Footers, Instances, SmallFiles, query, small_files
from penstock.history.instances import Confines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES, ROWS = 8, 5
START = dt.datetime(2026, 1, 1)  # noqa: DTZ001


def rows(file: int) -> pl.DataFrame:
    numbers = range(file * ROWS, (file + 1) * ROWS)
    moments = [START + dt.timedelta(hours=n, microseconds=n) for n in numbers]
    return pl.DataFrame(
        {
            "n": pl.Series(numbers, dtype=pl.Int64),
            "small": pl.Series(numbers, dtype=pl.UInt16),
            "x": pl.Series([n / 3 if n % 3 else None for n in numbers], dtype=pl.Float32),
            "yes": [n % 2 == 0 for n in numbers],
            "money": pl.Series([Decimal(n) / 4 for n in numbers], dtype=pl.Decimal(20, 2)),
            "name": [f"né {n}" if n % 4 else None for n in numbers],
            "raw": [bytes([n, 0, 255]) for n in numbers],
            "day": [moment.date() for moment in moments],
            "ms": pl.Series(moments, dtype=pl.Datetime("ms")),
            "us": pl.Series(moments, dtype=pl.Datetime("us")),
            "ns": pl.Series(moments, dtype=pl.Datetime("ns")),
            "utc": pl.Series(moments, dtype=pl.Datetime("ms", "UTC")),
        }
    )


class Table:
    """Small files of all plain types below folders of a partition, in the order of their names."""

    def __init__(self, folder: Path, small: SmallFiles | None) -> None:
        self.folder = folder
        self.small = small
        self.footers = Footers()
        self.schema = pl.Schema({**rows(0).schema, "part": pl.String()})
        for file in range(FILES):
            self.put(file, rows(file))

    def put(self, file: int, frame: pl.DataFrame) -> Path:
        path = self.folder / f"part={file // 3}" / f"{file}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path)
        return path

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Files:
        paths = tuple(map(str, sorted(self.folder.glob("*/*.parquet"))))
        return Files(paths, self.schema, self.footers, ("part",), "none", small=self.small)

    def names(self) -> list[tuple[str, str]]:
        return [("t", "table")]

    def position(self) -> Any:
        return None


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, SmallFiles())


@pytest.fixture
def instances() -> Iterator[Instances]:
    kept = Instances()
    yield kept
    kept.close()


def damage(path: Path) -> None:
    """Its rows cannot be read any more, and nothing else tells."""
    told, content = path.stat(), path.read_bytes()
    path.write_bytes(b"\0" * (len(content) - 8) + content[-8:])
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "DESCRIBE t",
        "SELECT part, sum(n) AS n, sum(money) AS money, max(us) AS us FROM t WHERE n > 7 GROUP BY part ORDER BY part",
        "SELECT a.n, b.name FROM t AS a JOIN t AS b ON a.n = b.n + 1 WHERE a.part = '1' ORDER BY ALL",
        "SELECT DISTINCT " + ", ".join(f"typeof({column}) AS {column}" for column in rows(0).columns) + " FROM t",
    ],
)
def test_an_answer_is_the_one_from_the_files(table: Table, instances: Instances, sql: str) -> None:
    first = query(sql, table, instances=instances).frame
    for path in table.folder.glob("*/*.parquet"):
        damage(path)
    kept = query(sql, table, instances=instances).frame
    assert kept.height
    for file in range(FILES):
        table.put(file, rows(file))
    table.small = None
    read = query(sql, table, instances=instances).frame
    for frame in (first, kept):
        assert frame.equals(read)
        assert frame.schema == read.schema


def test_a_file_that_is_new_or_another_is_read(table: Table, instances: Instances) -> None:
    sql = "SELECT count(*), sum(n) FROM t"
    before = query(sql, table, instances=instances).rows()
    damage(table.folder / "part=0" / "0.parquet")
    table.put(FILES - 1, rows(FILES + 10))
    table.put(FILES, rows(FILES))
    ((count, total),) = query(sql, table, instances=instances).rows()
    present = pl.concat(rows(file) for file in [*range(FILES - 1), FILES + 10, FILES])
    assert (count, total) == (present.height, present["n"].sum())
    assert before == [(FILES * ROWS, sum(range(FILES * ROWS)))]


def test_questions_of_several_zones_share_them(table: Table, instances: Instances) -> None:
    sql = "SELECT utc::TEXT, utc FROM t ORDER BY n LIMIT 1"
    told = []
    for zone in ("Europe/Oslo", "UTC"):
        told += query(sql, table, zone=zone, instances=instances).rows()
        table.put(1, rows(FILES))
    moment = START.replace(tzinfo=dt.UTC)
    assert told == [("2026-01-01 01:00:00+01", moment), ("2026-01-01 00:00:00+00", moment)]


@pytest.mark.parametrize(("files", "times"), [(1, 30_000), (FILES, 7_000)], ids=["one file", "all files"])
def test_files_that_hold_much_are_left_to_duckdb(
    table: Table, instances: Instances, monkeypatch: pytest.MonkeyPatch, files: int, times: int
) -> None:
    monkeypatch.setattr(small_files, "_KEPT", 2 << 20)
    for file in range(files):
        path = table.put(file, pl.concat([rows(file)[:1]] * times))
        assert path.stat().st_size < 60_000
    for _ in range(2):
        count = times * files + (FILES - files) * ROWS
        assert query("SELECT count(*) FROM t", table, instances=instances).rows() == [(count,)]
    assert table.small is not None
    with instances.lent(confines(table)) as connection:
        assert table.small.of(connection, table.table(("t",), None)) is None


@pytest.mark.parametrize("files", [range(1, 2), range(FILES)], ids=["columns that differ", "a type of its own"])
def test_what_no_frame_holds_as_it_is_is_left_to_duckdb(table: Table, instances: Instances, files: range) -> None:
    for file in files:
        table.put(file, rows(file).drop("name").with_columns(raw=dt.time(1, 2, 3)))
    names = (FILES - len(files)) * ROWS * 3 // 4
    assert query("SELECT count(*), count(name) FROM t", table, instances=instances).rows() == [(40, names)]
    assert table.small is not None
    with instances.lent(confines(table)) as connection:
        assert table.small.of(connection, table.table(("t",), None)) is None


def confines(table: Table) -> Confines:
    return Confines(1 << 30, "UTC", None, table.table(("t",), None).folders)
