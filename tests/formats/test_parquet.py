"""Parquet files: what others read of ours, and we of theirs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from penstock.core.errors import ConfigError, DataError
from penstock.formats.parquet import ParquetFile, write_parquet
from tests.formats.helpers import columns, decode

if TYPE_CHECKING:
    from pathlib import Path

ALL = columns(
    b="BOOLEAN", i1="TINYINT", i2="SMALLINT", i4="INT", i8="BIGINT", f4="FLOAT", f8="DOUBLE", n="DECIMAL(10, 2)",
    w="DECIMAL(38, 18)", s="STRING", y="BYTES", d="DATE", t="TIME(3)", ts="TIMESTAMP(3)", t6="TIMESTAMP(6)",
    z="TIMESTAMP_LTZ(3)", l="ARRAY<INT>", m="MAP<STRING, INT>", r="ROW<x INT, y STRING>",
)  # fmt: skip
TEXT = (
    '{"b":true,"i1":-1,"i2":2,"i4":3,"i8":4,"f4":1.5,"f8":2.5,"n":1.25,"w":"0.000000000000000001","s":"é","y":"YWJj",'
    '"d":"2024-01-02","t":"03:04:05.006","ts":"2024-01-02 03:04:05.006","t6":"2024-01-02 03:04:05.123456",'
    '"z":"2024-01-02 03:04:05Z","l":[1,null],"m":{"k":7},"r":{"x":1,"y":"q"}}'
)


moment = dt.datetime.fromisoformat


def frame_of(*texts: str) -> pl.DataFrame:
    return decode("json", ALL, texts).frame


def written(path: Path, *texts: str, **options: str) -> ParquetFile:
    write_parquet(frame_of(*texts), ALL, path, options)
    return ParquetFile(path)


def asked(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def test_duckdb_reads_the_types_that_flink_writes(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", TEXT, "{}")
    described = {name: kind for name, kind, *_ in asked(f"DESCRIBE SELECT * FROM '{tmp_path}/a.parquet'")}
    assert described == {
        "b": "BOOLEAN", "i1": "TINYINT", "i2": "SMALLINT", "i4": "INTEGER", "i8": "BIGINT", "f4": "FLOAT",
        "f8": "DOUBLE", "n": "DECIMAL(10,2)", "w": "DECIMAL(38,18)", "s": "VARCHAR", "y": "BLOB", "d": "DATE",
        "t": "TIME_NS", "ts": "TIMESTAMP", "t6": "TIMESTAMP", "z": "TIMESTAMP WITH TIME ZONE", "l": "INTEGER[]",
        "m": "MAP(VARCHAR, INTEGER)", "r": "STRUCT(x INTEGER, y VARCHAR)",
    }  # fmt: skip
    values = asked(f"SELECT * EXCLUDE (z), epoch_ms(z) FROM '{tmp_path}/a.parquet'")
    assert values[0] == (
        True, -1, 2, 3, 4, 1.5, 2.5, Decimal("1.25"), Decimal("0.000000000000000001"), "é", b"abc",
        dt.date(2024, 1, 2), dt.time(3, 4, 5, 6000), moment("2024-01-02 03:04:05.006000"),
        moment("2024-01-02 03:04:05.123456"), [1, None], {"k": 7}, {"x": 1, "y": "q"}, 1_704_164_645_000,
    )  # fmt: skip
    assert set(values[1]) == {None}


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    file = written(tmp_path / "a.parquet", TEXT, "{}", TEXT)
    assert file.rows() == 3
    assert file.read(ALL, 0, 3).equals(frame_of(TEXT, "{}", TEXT), null_equal=True)
    assert file.read(ALL, 1, 5).equals(frame_of("{}", TEXT), null_equal=True)
    assert file.read(ALL[3:4], 2, 1).to_dicts() == [{"i4": 3}]
    assert file.read((), 0, 9).height == 3


def test_a_column_that_the_file_lacks_is_null(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / "a.parquet")
    fields = columns(a="BIGINT", new="ARRAY<INT>")
    assert ParquetFile(tmp_path / "a.parquet").read(fields, 0, 2).rows() == [(1, None), (2, None)]
    assert ParquetFile(tmp_path / "a.parquet").read(fields[1:], 1, 2).rows() == [(None,)]


@pytest.mark.parametrize(
    ("sql", "kind", "values"),
    [
        ("1::TINYINT", "BIGINT", [1]),
        ("1.5::FLOAT", "DOUBLE", [1.5]),
        ("1.5::DECIMAL(4, 1)", "DECIMAL(10, 2)", [Decimal("1.50")]),
        ("TIMESTAMP '2024-01-02 03:04:05'", "TIMESTAMP(3)", [moment("2024-01-02 03:04:05")]),
        ("MAP {'k': 1}", "MAP<STRING, INT>", [[{"key": "k", "value": 1}]]),
        ("[1::SMALLINT]", "ARRAY<INT>", [[1]]),
    ],
)
def test_what_duckdb_writes_is_read(tmp_path: Path, sql: str, kind: str, values: list[Any]) -> None:
    asked(f"COPY (SELECT {sql} AS a) TO '{tmp_path}/a.parquet'")
    assert ParquetFile(tmp_path / "a.parquet").read(columns(a=kind), 0, 9)["a"].to_list() == values


@pytest.mark.parametrize(
    ("values", "kind", "there"),
    [
        (pl.Series([1], dtype=pl.Int64), "INT", "Int64"),
        (pl.Series(["x"]), "INT", "String"),
        (pl.Series([1.5]), "FLOAT", "Float64"),
        (pl.Series([Decimal("1.555")]), "DECIMAL(10, 2)", "Decimal(precision=38, scale=3)"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, values: pl.Series, kind: str, there: str) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": values}).write_parquet(path)
    article = "an" if kind == "INT" else "a"
    with pytest.raises(DataError) as caught:
        ParquetFile(path).read(columns(a=kind), 0, 1)
    error = caught.value
    assert error.message == f"column a: the file has {there}, which is not {article} {kind}"
    assert (error.where, error.hint) == (str(path), "declare the column as the file has it, and CAST it in a query")


@pytest.mark.parametrize("size", [0, 4, 100, 1_000])
def test_a_damaged_file_is_told(tmp_path: Path, size: int) -> None:
    whole = written(tmp_path / "a.parquet", TEXT).path.read_bytes()
    damaged = tmp_path / "b.parquet"
    damaged.write_bytes(whole[:size])
    with pytest.raises(DataError, match=r"^not a Parquet file: "):
        ParquetFile(damaged).rows()
    with pytest.raises(DataError, match=r"^not a Parquet file: "):
        ParquetFile(damaged).read(ALL, 0, 1)


@pytest.mark.parametrize("codec", ["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "LZ4", "ZSTD"])
def test_compression(tmp_path: Path, codec: str) -> None:
    written(tmp_path / "a.parquet", TEXT, compression=codec.lower())
    ((found,),) = asked(f"SELECT DISTINCT compression FROM parquet_metadata('{tmp_path}/a.parquet')")
    assert found == codec.replace("LZ4", "LZ4_RAW")


def test_row_groups_are_about_as_large_as_asked_for(tmp_path: Path) -> None:
    fields = columns(a="BIGINT")
    frame = pl.DataFrame({"a": range(10_000)})
    write_parquet(frame, fields, tmp_path / "a.parquet", {"block.size": "16 kb"})
    sizes = asked(f"SELECT DISTINCT row_group_num_rows FROM parquet_metadata('{tmp_path}/a.parquet')")
    assert sizes[0][0] == 2048
    assert ParquetFile(tmp_path / "a.parquet").read(fields, 2000, 3000)["a"].to_list() == list(range(2000, 5000))


def test_an_unknown_codec(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path / "a.parquet", TEXT, compression="zip")
    assert caught.value.message == (
        "option 'compression' is 'zip', allowed is one of UNCOMPRESSED, SNAPPY, GZIP, BROTLI, LZ4, ZSTD"
    )
