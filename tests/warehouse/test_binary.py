"""What COPY is sent, against the bytes that PostgreSQL's documentation of its format asks for."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import pytest

from penstock.warehouse.postgres.binary import encoded

_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)


def _rows(*rows: list[bytes | None]) -> bytes:
    told = b"".join(
        struct.pack(">h", len(row))
        + b"".join(struct.pack(">i", -1) if v is None else struct.pack(">i", len(v)) + v for v in row)
        for row in rows
    )
    return _HEADER + told + struct.pack(">h", -1)


def _digits(weight: int, sign: int, scale: int, *digits: int) -> bytes:
    return struct.pack(f">hhHh{len(digits)}h", len(digits), weight, sign, scale, *digits)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pl.Series([-2, None], dtype=pl.Int16), "SMALLINT", struct.pack(">h", -2)),
        (pl.Series([-2, None], dtype=pl.Int16), "BIGINT", struct.pack(">q", -2)),
        (pl.Series([1 << 30, None], dtype=pl.Int32), "INTEGER", struct.pack(">i", 1 << 30)),
        (pl.Series([0.5, None], dtype=pl.Float32), "REAL", struct.pack(">f", 0.5)),
        (pl.Series([float("-inf"), None]), "DOUBLE PRECISION", struct.pack(">d", float("-inf"))),
        (pl.Series([True, None]), "BOOLEAN", b"\1"),
        (pl.Series(["é\n", None]), "TEXT", "é\n".encode()),
        (pl.Series(["", None]), "CHARACTER VARYING", b""),
        (pl.Series([b"\0\xff", None]), "BYTEA", b"\0\xff"),
        (pl.Series([date(1999, 12, 31), None]), "DATE", struct.pack(">i", -1)),
        (pl.Series([time(0, 0, 1, 5), None]), "TIME WITHOUT TIME ZONE", struct.pack(">q", 1_000_005)),
        (pl.Series(["2000-01-02 00:00:00.000007", None]).str.to_datetime(time_unit="us"), "TIMESTAMP WITHOUT TIME ZONE",
         struct.pack(">q", 86_400_000_007)),
        (pl.Series([datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), None]), "TIMESTAMP WITH TIME ZONE",
         struct.pack(">q", -1_000_000)),
        (pl.Series([Decimal("-12345.670"), None], dtype=pl.Decimal(9, 3)), "NUMERIC(9,3)",
         _digits(1, 0x4000, 3, 1, 2345, 6700)),
        (pl.Series([Decimal("0.00001"), None], dtype=pl.Decimal(5, 5)), "NUMERIC(5,5)", _digits(-1, 0, 5, 0, 1000)),
        (pl.Series([Decimal(0), None], dtype=pl.Decimal(4, 0)), "NUMERIC(4,0)", _digits(0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_a_value_is_what_the_type_of_its_column_has(values: pl.Series, kind: str, expected: bytes) -> None:
    frame = values.alias("v").to_frame()
    assert b"".join(encoded(frame, {"v": kind})) == _rows([expected], [None])


def test_rows_of_several_columns_are_laid_out_one_after_the_other() -> None:
    frame = pl.DataFrame({"a": ["x", None, "yyy"], "n": [1, 2, None], "b": [None, "", "z"]})
    kinds = {"b": "TEXT", "n": "INTEGER", "a": "TEXT", "other": "DATE"}
    one, two = struct.pack(">i", 1), struct.pack(">i", 2)
    expected = _rows([b"x", one, None], [None, two, b""], [b"yyy", None, b"z"])
    assert b"".join(encoded(frame, kinds)) == expected
    assert b"".join(encoded(frame.clear(), kinds)) == _rows()
