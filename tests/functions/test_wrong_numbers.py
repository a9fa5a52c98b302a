"""What is said of wrong casts, operators and calls of the functions of numbers, comparisons and conditions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.core.errors import BindError, UnsupportedError
from tests.functions.harness import Fails, evaluate

LINES = (Path(__file__).resolve().parent / "wrong_numbers.txt").read_text("utf-8").splitlines()
MESSAGES = [(sql, message.strip()) for sql, message in zip(LINES[::2], LINES[1::2], strict=True)]
"""A call and what is said of it; of a cast with the hint."""

COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "s": ("STRING", ["a"]),
    "n": ("INT", [1]),
    "d": ("DECIMAL(5, 2)", ["1.00"]),
    "x": ("DOUBLE", [1.0]),
    "b": ("BOOLEAN", [True]),
    "a": ("ARRAY<INT>", [[1]]),
    "m": ("MAP<STRING, INT>", [[]]),
    "r": ("ROW<f INT, g STRING>", [None]),
    "t": ("TIMESTAMP(3)", ["2024-01-01 00:00:00.000"]),
    "l": ("TIMESTAMP_LTZ(3)", ["2024-01-01 00:00:00.000Z"]),
    "e": ("DATE", ["2024-01-01"]),
    "y": ("BYTES", ["0x00"]),
}


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_wrong_arguments(sql: str, message: str) -> None:
    with pytest.raises(BindError) as error:
        evaluate(sql, COLUMNS)
    said = error.value.message + (f" | {error.value.hint}" if sql.startswith(("CAST(", "TRY_CAST(")) else "")
    assert said == message
    assert "^" in error.value.where


@pytest.mark.parametrize(
    ("sql", "message", "shown"),
    [
        ("1 / 0", "division by zero", None),
        ("1 % 0", "division by zero", None),
        ("1.5 / 0.0", "division by zero", None),
        ("ROUND(CAST('NaN' AS DOUBLE))", "a number like this has no digits to round", "NaN"),
        ("TRUNCATE(1e20, 2)", "a number like this has no digits to cut off", "1e+20"),
        ("RAND_INTEGER(0)", "the bound must be above 0", "0"),
        ("CAST('x' AS INT)", "cannot CAST to INT", "x"),
        ("CAST('300' AS TINYINT)", "cannot CAST to TINYINT", "300"),
        ("CAST('2024-02-30' AS DATE)", "cannot CAST to DATE", "2024-02-30"),
        ("CAST('1e9' AS DECIMAL(5, 2))", "cannot CAST to DECIMAL(5, 2)", "1e9"),
        ("CAST(ARRAY['1', 'x'] AS ARRAY<INT>)", "cannot CAST to ARRAY<INT>", "[1, x]"),
        ("TRY_CAST(CAST('NaN' AS DOUBLE) AS DECIMAL(5, 2))", "cannot CAST to DECIMAL(5, 2)", "NaN"),
        ("CAST(TIMESTAMP '1969-12-31 23:59:59' AS TIME)", "cannot CAST to TIME(0)", "1969-12-31 23:59:59"),
        (
            "CAST(TIMESTAMP '2300-01-01 00:00:00.123' AS TIMESTAMP(9))",
            "cannot CAST to TIMESTAMP(9)",
            "2300-01-01 00:00:00.123",
        ),
    ],
)
def test_failures(sql: str, message: str, shown: str | None) -> None:
    failure = evaluate(sql).value
    assert isinstance(failure, Fails)
    assert (failure.message, failure.shown) == (message, shown)


def test_what_fails_is_not_evaluated_in_the_branch_not_taken() -> None:
    columns = {"z": ("INT", [0, 2, None])}
    assert evaluate("CASE WHEN z <> 0 THEN 10 / z ELSE -1 END", columns).values == [-1, 5, -1]
    assert evaluate("z <> 0 AND 10 / z > 1", columns).values == [False, True, None]
    assert evaluate("z IS NULL OR z = 0 OR 10 / z > 9", columns).values == [True, False, True]
    assert evaluate("IF(z = 0, 7, 10 / z)", columns).values == [7, 5, None]
    assert evaluate("0 IN (z, 10 / z)", columns).values == [True, False, None]
    assert isinstance(evaluate("10 / z > 1 AND z <> 0", columns).values[0], Fails)


def test_seeds_and_other_functions_of_java() -> None:
    for sql in ("HASH_CODE('a')", "PRINT('a', 'b')"):
        with pytest.raises(UnsupportedError):
            evaluate(sql)
