"""Texts by their properties: encodings there and back, patterns against Python's, cuts against Python's slices."""

from __future__ import annotations

import base64
import re
import urllib.parse
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sql.functions.encoding import text_of_bytes
from penstock.sql.functions.patterns import translate
from tests.examples import examples
from tests.functions.harness import evaluate

if TYPE_CHECKING:
    from tests.functions.harness import Columns

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=5)
QUICK = examples(30)


@QUICK
@given(st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_broken_utf8_is_mended_as_java_does(data: list[bytes]) -> None:
    """Python mends each piece alike, but for halves of surrogate pairs, which are one piece to Java."""
    frame = pl.DataFrame({"x": data}, schema={"x": pl.Binary})
    mended = frame.select(text_of_bytes(pl.col("x"))).to_series().to_list()
    expected = [re.sub(rb"\xed[\xa0-\xbf][\x80-\xbf]", b"\xff", d).decode("utf-8", "replace") for d in data]
    assert mended == expected


@QUICK
@given(TEXTS)
def test_encodings_come_back(texts: list[str]) -> None:
    columns: Columns = {"x": ("STRING", texts)}
    assert evaluate("URL_DECODE(URL_ENCODE(x))", columns).values == texts
    assert evaluate("FROM_BASE64(TO_BASE64(x))", columns).values == texts
    assert evaluate("DECODE(ENCODE(x, 'UTF-8'), 'UTF-8')", columns).values == texts
    assert evaluate("TO_BASE64(x)", columns).values == [base64.b64encode(t.encode()).decode() for t in texts]
    assert evaluate("URL_ENCODE(x)", columns).values == [
        urllib.parse.quote_plus(t, safe="*").replace("~", "%7E") for t in texts
    ]


@QUICK
@given(TEXTS, st.integers(-9, 9), st.integers(0, 9))
def test_cuts_are_slices(texts: list[str], start: int, length: int) -> None:
    columns: Columns = {"x": ("STRING", texts), "n": ("INT", [start] * len(texts)), "m": ("INT", [length] * len(texts))}
    first = [len(t) + start if start < 0 else max(start - 1, 0) for t in texts]
    expected = ["" if i < 0 else t[i : i + length] for t, i in zip(texts, first, strict=True)]
    assert evaluate("SUBSTRING(x, n, m)", columns).values == expected
    assert evaluate("LEFT(x, m)", columns).values == [t[:length] for t in texts]
    assert evaluate("RIGHT(x, m)", columns).values == [t[len(t) - length :] if length < len(t) else t for t in texts]
    assert evaluate("REVERSE(x)", columns).values == [t[::-1] for t in texts]


SUBJECTS = st.lists(st.text("ab1_ \n.-é", max_size=8), min_size=1, max_size=6)
PIECES = st.sampled_from(
    ["a", "b", ".", r"\d", r"\w", r"\s", r"\W", "[ab]", "[^a]", "[a-b1]", "(a|b)", "(?:ab)", r"\.", "é"]
)
PATTERNS = st.lists(st.tuples(PIECES, st.sampled_from(["", "+", "{2}", "+?", "{1,2}"])), min_size=1, max_size=4).map(
    lambda parts: "".join(piece + times for piece, times in parts)
)


@QUICK
@given(SUBJECTS, PATTERNS)
def test_patterns_find_what_backtracking_finds(texts: list[str], pattern: str) -> None:
    """Python's engine backtracks like Java's; in ASCII, and with these line ends, their classes are the same."""
    columns: Columns = {"x": ("STRING", texts)}
    compiled = re.compile(pattern, re.ASCII)
    found = [compiled.search(t) for t in texts]
    quoted = pattern.replace("'", "''")
    assert evaluate(f"REGEXP(x, '{quoted}')", columns).values == [bool(m) for m in found]
    assert evaluate(f"REGEXP_SUBSTR(x, '{quoted}')", columns).values == [m[0] if m else None for m in found]
    assert evaluate(f"REGEXP_REPLACE(x, '{quoted}', '<>')", columns).values == [compiled.sub("<>", t) for t in texts]
    assert evaluate(f"REGEXP_COUNT(x, '{quoted}')", columns).values == [len(list(compiled.finditer(t))) for t in texts]
    assert evaluate(f"REGEXP_EXTRACT_ALL(x, '{quoted}', 0)", columns).values == [
        [m[0] for m in compiled.finditer(t)] for t in texts
    ]


@pytest.mark.parametrize(
    ("java", "rust"),
    [
        (r"\d+", "[0-9]+"),
        ("(?i)aé[b-c]", "[aA]é[b-cB-C]"),
        ("(?i:a)b", "(?:[aA])b"),
        (r"(?<year>\d{4})", "(?P<year>[0-9]{4})"),
        ("[[:a]]", r"[[:a]]"),
        (r"\Qa.b\E", r"a\.b"),
        (r"A\t\cA\0101\e", "A\t\x01A\x1b"),
        (r"[\D&&[^ ]]", "[[^0-9]&&[^ ]]"),
        (r"\p{Alpha}\pL\P{IsLu}", r"[[a-zA-Z]][\p{L}][\P{Lu}]"),
        ("a<b>#~", r"a<b>\#\~"),
    ],
)
def test_patterns_in_other_words(java: str, rust: str) -> None:
    assert translate(java).search == rust


def test_a_line_end_may_follow_the_end_of_a_pattern() -> None:
    lines = ["b", "b\n", "b\r\n", "b\u2028", "b\n\n", "b "]
    columns: Columns = {"x": ("STRING", lines)}
    assert evaluate("REGEXP(x, 'b$')", columns).values == [True, True, True, True, False, False]
    assert evaluate("REGEXP_SUBSTR(x, 'b$')", columns).values == ["b", "b", "b", "b", None, None]
    assert evaluate("REGEXP_REPLACE(x, 'b$', '-')", columns).values[:4] == ["-", "-\n", "-\r\n", "-\u2028"]


def test_rows_that_would_break_a_format_do_not_fail() -> None:
    """Texts without meaning in any of these functions."""
    odd = ["", "%", "\\", "(", "[", "{", '"', "\x00", "\ufeff", "💥", "-", "..", "http://", "{}", "1e999", None]
    columns: Columns = {"x": ("STRING", odd), "n": ("INT", [*range(-8, 8)])}
    for sql in (
        "REPLACE(x, x, x)", "SPLIT(x, x)", "LPAD(x, n, x)", "OVERLAY(x PLACING x FROM n FOR n)", "x LIKE x",
        "PARSE_URL(x, 'HOST')", "PARSE_URL(x, x, x)", "JSON_VALUE(x, '$.a')", "JSON_QUERY(x, '$[*]')", "URL_DECODE(x)",
        "INET_ATON(x)", "INSTR(x, x, n)", "STR_TO_MAP(x)", "FROM_BASE64(x)", "SUBSTRING(x, n, n)", "ELT(n, x, x)",
        "JSON_UNQUOTE(x)", "JSON_QUOTE(x)", "CHR(n)", "SPLIT_INDEX(x, n, n)", "PRINTF('%s%d', x, n)", "INITCAP(x)",
    ):  # fmt: skip
        assert len(evaluate(sql, columns).values) == len(odd)
