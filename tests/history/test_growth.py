"""Functions that make much of little: bounded before DuckDB sees them, and otherwise as they were."""

from __future__ import annotations

from typing import Any

import pytest

import penstock
from penstock.core.errors import QueryError


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("repeat('ab', 3)", "ababab"),
        ("repeat([1, 2], 2)", [1, 2, 1, 2]),
        ("lpad('x', 4, 'y')", "yyyx"),
        ("rpad('x', 4, 'y')", "xyyy"),
        ("range(3)", [0, 1, 2]),
        ("range(5, 1, -2)", [5, 3]),
        ("range(7, 3)", []),
        ("generate_series(1, 3)", [1, 2, 3]),
        ("range(10000)[-1]", 9_999),
        ("len(range(TIMESTAMP '2025-01-01', TIMESTAMP '2025-01-02', INTERVAL 1 HOUR))", 24),
        ("list_resize([1], 3)", [1, None, None]),
        ("bar(5, 0, 10, 4)", "██  "),
        ("printf('%05d', 7)", "00007"),
        ("format('{:>5}', 'x')", "    x"),
        ("(SELECT count(*) FROM range(20000))", 20_000),
        ("(SELECT count(*) FROM range(3) t(n), generate_series(1, n))", 3),
    ],
)
def test_what_is_small_is_as_it_was(expression: str, value: Any) -> None:
    with penstock.memory() as project:
        assert project.query(f"SELECT {expression}").frame.row(0)[0] == value
        assert project.query(f"SELECT {expression}").frame.columns == [expression]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("repeat('x', 4000000000)", "more than 100000 letters would come of it"),
        ("repeat(repeat('x', 1000), 1000)", "more than 100000 letters would come of it"),
        ("lpad('x', 2000000000, 'y')", "more than 100000 letters would come of it"),
        ("range(1000000000)", "more than 10000 elements would come of it"),
        ("range(0, -10001, -1)", "more than 10000 elements would come of it"),
        ("range(DATE '2000-01-01', DATE '2100-01-01', INTERVAL 1 DAY)", "more than 10000 elements would come of it"),
        ("list_resize([1], 1000000000)", "more than 10000 elements would come of it"),
        ("bitstring('1', 1000000000)", "more than 100000 bits would come of it"),
        ("bar(1, 0, 1, 1000000)", "more than 1000 letters would come of it"),
        ("format('{:>1000000000}', 1)", "a format of format is a text without widths of more than three digits"),
        ("printf('%*d', 1000000000, 1)", "a format of printf is a text without widths of more than three digits"),
        ("printf(x, 1) FROM (SELECT '%999999999d' AS x)", "a format of printf is a text without widths"),
    ],
)
def test_what_would_grow_too_large_is_an_error_of_the_question(expression: str, words: str) -> None:
    with penstock.memory() as project, pytest.raises(QueryError, match=words):
        project.query(f"SELECT {expression}")
