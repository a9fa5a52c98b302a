"""Printed rows, letter for letter as Flink 2.3 prints them; rows that are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

import penstock
from penstock.connectors import CONNECTORS
from penstock.core.batch import KIND
from tests.connectors.helpers import INT, STRING, sink, table, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_values_of_all_types(capsys: pytest.CaptureFixture[str]) -> None:
    with penstock.memory() as p:
        p.sql("""
            CREATE TABLE shown (s STRING, b BOOLEAN, i INT, d DOUBLE, f FLOAT, dc DECIMAL(10, 8), dt DATE, tm TIME(3),
                ts TIMESTAMP(6), tz TIMESTAMP_LTZ(3), ar ARRAY<INT>, m MAP<STRING, INT>, r ROW<x INT, y STRING>,
                bt BYTES, c CHAR(4))
            WITH ('connector' = 'print', 'print-identifier' = 'id');
            INSERT INTO shown VALUES
            ('a b', TRUE, 1, 1e10, CAST(1.1 AS FLOAT), 0.00000012, DATE '2024-01-02', TIME '03:04:00',
             TIMESTAMP '2024-01-02 03:04:05.120340', TO_TIMESTAMP_LTZ(1704164640000, 3),
             ARRAY[1, CAST(NULL AS INT)], MAP['k', 1], ROW(1, 'y'), x'00ff', CAST('ab' AS CHAR(4))),
            (CAST(NULL AS STRING), CAST(NULL AS BOOLEAN), CAST(NULL AS INT), CAST(NULL AS DOUBLE), CAST(NULL AS FLOAT),
             CAST(NULL AS DECIMAL(10, 8)), CAST(NULL AS DATE), CAST(NULL AS TIME(3)), TIMESTAMP '2024-01-02 03:04:00',
             CAST(NULL AS TIMESTAMP_LTZ(3)), CAST(NULL AS ARRAY<INT>), CAST(NULL AS MAP<STRING, INT>),
             CAST(NULL AS ROW<x INT, y STRING>), CAST(NULL AS BYTES), CAST(NULL AS CHAR(4)));
        """)
        p.run(bounded=True)
    assert capsys.readouterr().out == (
        "id> +I[a b, true, 1, 1.0E10, 1.1, 1.2E-7, 2024-01-02, 03:04, 2024-01-02T03:04:05.120340,"
        " 2024-01-02T03:04:00Z, [1, null], {k=1}, +I[1, y], [0, -1], ab  ]\n"
        "id> +I[null, null, null, null, null, null, null, null, 2024-01-02T03:04, null, null, null, null, null, null]\n"
    )


def test_values_inside_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    with penstock.memory() as p:
        p.sql("""
            CREATE TABLE shown (d DATE, tm TIME(3), ts TIMESTAMP(3), a ARRAY<ROW<x INT, y STRING>>, st ARRAY<STRING>,
                mm MAP<STRING, ARRAY<INT>>, ds ARRAY<DATE>, tss ARRAY<TIMESTAMP(3)>) WITH ('connector' = 'print');
            INSERT INTO shown VALUES
            (DATE '0001-01-02', TIME '03:04:05', TIMESTAMP '2024-01-02 03:04:05',
             ARRAY[ROW(1, 'a'), ROW(2, CAST(NULL AS STRING))], ARRAY['a, b', 'c'], MAP['x', ARRAY[1, 2]],
             ARRAY[DATE '2024-01-02'], ARRAY[TIMESTAMP '2024-01-02 03:04:00.100']);
        """)
        p.run(bounded=True)
    assert capsys.readouterr().out == (
        "+I[0001-01-02, 03:04:05, 2024-01-02T03:04:05, [+I[1, a], +I[2, null]], [a, b, c], {x=[1, 2]}, [2024-01-02],"
        " [2024-01-02T03:04:00.100]]\n"
    )


def test_changes_are_told_by_their_kinds_on_the_stream_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = sink(table({"a": INT}, (), connector="print", **{"standard-error": "true"}), world(tmp_path))
    out.write(pl.DataFrame({"a": [1, 1, 2, 2], KIND: pl.Series([0, 1, 2, 3], dtype=pl.UInt8)}))
    prepared = out.prepare(1, None)
    assert (prepared.rows, capsys.readouterr().err) == (4, "")
    out.commit(prepared.token)
    assert capsys.readouterr() == ("", "+I[1]\n-U[1]\n+U[2]\n-D[2]\n")
    out.commit(prepared.token)
    assert capsys.readouterr().err == ""
    assert out.prepare(2, None).token == b""


def test_after_a_crash_a_token_of_before_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = table({"a": STRING}, (), connector="print")
    out = sink(of, world(tmp_path))
    out.write(pl.DataFrame({"a": ["x"]}))
    token = out.prepare(1, None).token
    again = sink(of, world(tmp_path))
    again.restore(*out.snapshot())
    again.commit(token)
    assert capsys.readouterr().out == ""


def test_rows_that_are_forgotten_are_counted(tmp_path: Path) -> None:
    out = sink(table({"a": INT}, (), connector="blackhole"), world(tmp_path))
    out.write(pl.DataFrame({"a": [1, 2]}))
    out.write(pl.DataFrame({"a": [3]}))
    assert out.prepare(1, None).rows == 3
    assert out.prepare(2, None).rows == 0
    assert CONNECTORS["blackhole"].source is False
