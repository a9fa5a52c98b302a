"""What is said of wrong calls of the functions of texts, JSON, arrays and maps, and of values on which they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.core.errors import BindError, UnsupportedError
from tests.functions.harness import Fails, evaluate

LINES = (Path(__file__).resolve().parent / "wrong_calls.txt").read_text("utf-8").splitlines()
MESSAGES = [(sql, message.strip()) for sql, message in zip(LINES[::2], LINES[1::2], strict=True)]


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_wrong_arguments(sql: str, message: str) -> None:
    with pytest.raises(BindError) as error:
        evaluate(sql, {"s": ("STRING", ["a"]), "n": ("INT", [1])})
    assert error.value.message == message


@pytest.mark.parametrize(
    ("sql", "message", "shown"),
    [
        ("LPAD('hi', -1, 'x')", "LPAD has no value here, and its type is NOT NULL", None),
        ("RPAD('hi', 4, '')", "RPAD has no value here, and its type is NOT NULL", None),
        ("REPEAT('ab', 2000000000)", "REPEAT makes a text of more than 2 GB", None),
        ("INSTR('abc', 'b', 1, CAST(0 AS INT) + 0)", "INSTR takes a positive number of the occurrence", "0"),
        ("FROM_BASE64('!!')", "FROM_BASE64 takes a text in base64", "!!"),
        ("ELEMENT(ARRAY[1, 2])", "ELEMENT takes an array of one element", None),
        ("MAP_FROM_ARRAYS(ARRAY['a'], ARRAY[1, 2])", "MAP_FROM_ARRAYS takes as many keys as values", None),
        ("PRINTF('%f', CAST(1e300 AS DOUBLE))", "PRINTF cannot show a number of more than 38 digits with %f", None),
        ("JSON_VALUE('x', '$.a' ERROR ON ERROR)", "JSON_VALUE finds no scalar at its path", "x"),
        ("JSON_VALUE('{}', 'lax $.a' ERROR ON EMPTY)", "JSON_VALUE finds nothing at its path", "{}"),
        ("JSON_VALUE('{\"a\":\"5\"}', '$.a' RETURNING INT)", "JSON_VALUE finds a value that is no INT", '{"a":"5"}'),
        ("JSON_QUERY('5', '$' ERROR ON ERROR)", "JSON_QUERY finds no object or array at its path", "5"),
        ("JSON_QUERY('5', 'lax $.a' ERROR ON EMPTY)", "JSON_QUERY finds nothing at its path", "5"),
        ("JSON_EXISTS('5', '$.a' ERROR ON ERROR)", "JSON_EXISTS finds nothing at its path", "5"),
        ("JSON_ARRAY(JSON('bad'))", "JSON takes a text that is JSON", "bad"),
    ],
)
def test_failures(sql: str, message: str, shown: str | None) -> None:
    failure = evaluate(sql).value
    assert isinstance(failure, Fails)
    assert (failure.message, failure.shown) == (message, shown)


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("PARSE_JSON('1')", "the type VARIANT is not supported: reach into the text with JSON_VALUE or JSON_QUERY"),
        ("BITMAP_BUILD(ARRAY[1])", "the type BITMAP is not supported: count with COUNT(DISTINCT x)"),
        (
            "OBJECT_OF('a', 'b', 1)",
            "structured types are not supported: make a row with ROW(...) or CAST(... AS ROW<...>)",
        ),
    ],
)
def test_refused_by_name(sql: str, hint: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        evaluate(sql)
    assert error.value.message == f"the function {sql.split('(', maxsplit=1)[0]} is not supported"
    assert error.value.hint == hint
