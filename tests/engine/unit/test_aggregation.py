"""Aggregates over windows: a sum that cannot be told is refused with its window, and a cut changes nothing."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import penstock

BIG = "9" * 38
OVERFLOW = "a sum of DECIMAL(38, 0) may have more than 38 digits on the way"


def _window(call: str, kind: str, result: str, values: list[str]) -> tuple[list[Any], list[str]]:
    """What `call` over column `x` gives for one window of `values`, each read in a step of its own; and the rejects."""
    options = "WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'x:1', 'format' = 'json', 'topic' = "
    with penstock.memory() as project:
        project.sql(f"""
            CREATE TABLE n (x {kind}, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) {options} 'n');
            CREATE TABLE made (y {result}) {options} 'made');
            INSERT INTO made SELECT {call} FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
                GROUP BY window_start, window_end;
        """)
        rows = [f'{{"x": {value}, "ts": "2024-01-01 00:00:00"}}'.encode() for value in values]
        project.append("n", pl.DataFrame({"value": rows}))
        project.start(bounded=True, batch_rows=1).wait()
        assert not project.stop()
        made = project.query("SELECT y FROM made").rows()
        rejected = project.query("SELECT reason FROM penstock.rejects").rows()
    return [y for (y,) in made], [reason for (reason,) in rejected]


@pytest.mark.parametrize("values", [[BIG, "1"], [BIG, f"-{BIG}", f"-{BIG}"], ["5" + "0" * 37] * 2])
def test_a_decimal_sum_that_may_overflow_on_the_way_is_refused(values: list[str]) -> None:
    """Flink would forget the sum and begin again, at a value that depends on its plan."""
    assert _window("SUM(x)", "DECIMAL(38, 0)", "DECIMAL(38, 0)", values) == ([], [OVERFLOW])


def test_a_decimal_sum_that_fits_in_any_order_is_exact() -> None:
    values = ["4" + "0" * 37, "-4" + "0" * 37, "1" + "0" * 37, "7"]
    assert _window("SUM(x)", "DECIMAL(38, 0)", "DECIMAL(38, 0)", values) == ([10**37 + 7], [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([BIG, BIG], ([None], [])),  # NULL for certain
        (["5" + "0" * 31, "6" + "0" * 31], ([], [OVERFLOW.replace(", 0", ", 6")])),
    ],
)
def test_a_decimal_average_is_null_beyond_its_digits_or_refused(values: list[str], expected: Any) -> None:
    assert _window("AVG(x)", "DECIMAL(38, 0)", "DECIMAL(38, 6)", values) == expected


@pytest.mark.parametrize(
    "window", ["TUMBLE(TABLE n, DESCRIPTOR(ts), ", "HOP(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE, "]
)
def test_distinct_values_among_many_nulls_are_told_for_the_groups_that_have_them(window: str) -> None:
    """Most rows have no value, as under a FILTER; the first group has none at all."""
    options = "WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'x:1', 'format' = 'json', 'topic' = "
    with penstock.memory() as project:
        project.sql(f"""
            CREATE TABLE n (k INT, x INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) {options} 'n');
            CREATE TABLE made (k INT, y BIGINT) {options} 'made');
            INSERT INTO made SELECT k, COUNT(DISTINCT x) FROM TABLE({window}INTERVAL '2' MINUTE))
                GROUP BY window_start, window_end, k;
        """)
        values = [(1, "null"), (2, "null"), (2, 4), (2, "null"), (1, "null"), (3, "null"), (2, 7), (2, 4)]
        rows = [f'{{"k": {k}, "x": {x}, "ts": "2024-01-01 00:00:00"}}'.encode() for k, x in values]
        project.append("n", pl.DataFrame({"value": rows}))
        project.run(bounded=True)
        made = project.query("SELECT DISTINCT k, y FROM made ORDER BY k").rows()
    assert made == [(1, 0), (2, 2), (3, 0)]


@pytest.mark.parametrize("call", ["VAR_POP(x)", "STDDEV_POP(x)"])
def test_a_variance_begins_with_nulls(call: str) -> None:
    assert _window(call, "DOUBLE", "DOUBLE", ["null", "null", "4", "4"]) == ([0.0], [])


@pytest.mark.parametrize(("call", "first", "sign"), [("MIN(x)", "0.0", "0.0"), ("MAX(x)", "-0.0", "-0.0")])
def test_of_two_zeros_the_first_is_the_extreme(call: str, first: str, sign: str) -> None:
    made, _ = _window(call, "DOUBLE", "DOUBLE", [first, "-0.0", "0.0", "-0.0"])
    assert [str(y) for y in made] == [sign]


@pytest.mark.parametrize("values", [["0.0", "-0.0", "0.0"], ["-0.0", "0.0", "null"]])
def test_distinct_tells_two_zeros_apart(values: list[str]) -> None:
    assert _window("CAST(COUNT(DISTINCT x) AS DOUBLE)", "DOUBLE", "DOUBLE", values) == ([2.0], [])


def test_distinct_takes_all_nan_as_one() -> None:
    call = "CAST(COUNT(DISTINCT CASE WHEN x > 1 THEN CAST('NaN' AS DOUBLE) ELSE SQRT(x) END) AS DOUBLE)"
    assert _window(call, "DOUBLE", "DOUBLE", ["-1", "2", "-4"]) == ([1.0], [])
