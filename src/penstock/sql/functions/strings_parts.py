"""Parts of texts: cut out, replaced, found, split. Places are counted in characters from 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Literal
from penstock.sql.functions.building import any_null, checked, columnwise, define, utf16_cut, utf16_units
from penstock.sql.functions.signatures import (
    BINARY,
    CHARACTER,
    INTEGER,
    ArgumentError,
    always,
    literal,
    nullable,
    overloaded,
    takes,
)
from penstock.sql.functions.spec import Failure, Value
from penstock.sql.functions.strings import as_varchar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_ALL = pl.lit(t.MAX_LENGTH, pl.Int64)


def _overlay_type(types: tuple[DataType, ...]) -> DataType:
    text, put = types[:2]
    assert isinstance(text, (t.Char, t.Varchar))
    assert isinstance(put, (t.Char, t.Varchar))
    return t.Varchar(min(text.length + put.length, t.MAX_LENGTH), nullable=any(x.nullable for x in types))


def _substring(text: pl.Expr, start: pl.Expr, length: pl.Expr = _ALL) -> pl.Expr:
    """From `start`, counted from 1, or from the end where negative; beyond the text there is nothing."""
    size = text.str.len_chars().cast(pl.Int64)
    start, length = start.cast(pl.Int64), length.cast(pl.Int64)
    offset = pl.when(start > 0).then(start - 1).when(start < 0).then(size + start).otherwise(start)
    inside = (offset >= 0) & (offset < size)
    cut = pl.when(inside).then(text.str.slice(offset.clip(0), length.clip(0))).otherwise(pl.lit(""))
    return pl.when((length >= 0) & ~any_null(text, start, length)).then(cut)


def _left(text: pl.Expr, length: pl.Expr) -> pl.Expr:
    return pl.when(length.is_not_null()).then(text.str.slice(pl.lit(0), length.cast(pl.Int64).clip(0)))


def _right(text: pl.Expr, length: pl.Expr) -> pl.Expr:
    size, wanted = text.str.len_chars().cast(pl.Int64), length.cast(pl.Int64).clip(0)
    return pl.when(length.is_not_null()).then(text.str.slice((size - wanted).clip(0), wanted))


def _overlay(text: pl.Expr, put: pl.Expr, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    """Java counts in UTF-16 units here; a start outside the text changes nothing."""
    units, put_units = utf16_units(text), utf16_units(put)
    size = units.str.len_chars().cast(pl.Int64)
    start = start.cast(pl.Int64)
    length = put_units.str.len_chars().cast(pl.Int64) if length is None else length.cast(pl.Int64)
    before = utf16_cut(units, pl.lit(0), (start - 1).clip(0))
    rest = utf16_cut(units, (start - 1 + length).clip(0), _ALL)
    after = pl.when((length > 0) & (start + length <= size)).then(rest).otherwise(pl.lit(""))
    known = ~any_null(text, put, start, length)
    changed = pl.when((start >= 1) & (start <= size)).then(pl.concat_str(before, put, after)).otherwise(text)
    return pl.when(known).then(changed)


def _replace(text: pl.Expr, old: pl.Expr, new: pl.Expr) -> pl.Expr:
    """An empty `old` is found before each character and at the end."""
    between = text.str.extract_all("(?s).").list.join(new)
    everywhere = pl.when(text == "").then(new).otherwise(pl.concat_str(new, between, new))
    return pl.when(old == "").then(everywhere).otherwise(text.str.split(old).list.join(new))


def _translate(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    old, new = args[1].constant or "", args[2].constant or ""
    by: dict[str, str] = {}
    for i, character in enumerate(old):
        by.setdefault(character, new[i] if i < len(new) else "")
    return args[0].expr.str.replace_many(list(by), list(by.values())) if by else args[0].expr


_WHITE_SPACE = (
    r"[\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}]"  # as Java has it
)


def _characters_before(text: pl.Expr, byte: pl.Expr) -> pl.Expr:
    """The number of characters before a byte; NULL where `byte` is."""
    before = text.cast(pl.Binary).bin.slice(0, byte.fill_null(0)).cast(pl.String)
    return pl.when(byte.is_not_null()).then(before.str.len_chars().cast(pl.Int64))


def _place(needle: pl.Expr, text: pl.Expr, start: pl.Expr | None = None) -> pl.Expr:
    """The first occurrence at `start` or later; 0 if there is none, 1 for an empty needle."""
    skipped = pl.lit(0, pl.Int64) if start is None else (start.cast(pl.Int64) - 1).clip(0)
    rest = text if start is None else text.str.slice(skipped)
    found = _characters_before(rest, rest.str.find(needle, literal=True)) + skipped + 1
    place = pl.when(needle == "").then(1).otherwise(found.fill_null(0)).cast(pl.Int32)
    return pl.when(~any_null(needle, text, skipped)).then(place)


def _instr(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    """From a negative start the search goes backwards, over what ends at or before it."""
    text, needle = args[0].expr, args[1].expr
    if len(args) == 2:
        return Value(_place(needle, text), result)
    start = args[2].expr.cast(pl.Int64)
    nth = args[3].expr.cast(pl.Int64) if len(args) == 4 else pl.lit(1, pl.Int64)
    size = text.str.len_chars().cast(pl.Int64)
    skipped = pl.when(start > 0).then(start - 1).otherwise(0)
    length = pl.when(start > 0).then(size).otherwise((size + start + 1).clip(0))
    searched = text.str.slice(skipped, length)
    places = searched.str.find_many(pl.concat_list(needle), overlapping=True)
    chosen = pl.when(start > 0).then(nth - 1).otherwise(-nth)
    at = places.list.get(chosen, null_on_oob=True)
    found = (_characters_before(searched, at) + skipped + 1).fill_null(0)
    place = pl.when(start == 0).then(0).when(needle == "").then(1).otherwise(found).cast(pl.Int32)
    failure = Failure(nth <= 0, "instr", "INSTR takes a positive number of the occurrence", nth.cast(pl.String))
    return Value(pl.when(~any_null(text, needle, start, nth)).then(place), result, (failure,))


def _split(text: pl.Expr, separator: pl.Expr) -> pl.Expr:
    """An empty separator splits between UTF-16 units, as Java does: halves of characters become ``?``."""
    units = text.str.replace_all(r"[\x{10000}-\x{10FFFF}]", "??").str.extract_all("(?s).")
    parts = pl.when(separator == "").then(units).otherwise(text.str.split(separator))
    return pl.when(text == "").then(pl.lit([], pl.List(pl.String))).when(~any_null(text, separator)).then(parts)


def _split_index(text: pl.Expr, separator: pl.Expr, index: pl.Expr) -> pl.Expr:
    """An empty separator stands for white space."""
    spaced = text.str.replace_all(_WHITE_SPACE, " ")
    parts = pl.when(separator == "").then(spaced.str.split(" ")).otherwise(text.str.split(separator))
    return pl.when((index >= 0) & (text != "")).then(parts.list.get(index, null_on_oob=True))


def _split_index_of(
    _context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]
) -> pl.Expr:
    text, separator, index = (a.expr for a in args)
    if isinstance(args[1].type, t.Integer):
        separator = separator.cast(pl.Int64).replace_strict(
            list(range(1, 256)), [chr(i) for i in range(1, 256)], default=None, return_dtype=pl.String
        )
    return _split_index(text, separator, index)


def _check_nth(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    nth = args[3] if len(args) == 4 else None
    if isinstance(nth, Literal) and isinstance(nth.value, int) and nth.value <= 0:
        raise ArgumentError(f"takes a positive number of the occurrence, got {nth.value}")


_CUT = as_varchar(always_nullable=True)
_CONSTANT = literal(CHARACTER)
_SUBSTRING = takes(CHARACTER, INTEGER, INTEGER, optional=1, gives=_CUT)
_SIDE = takes(CHARACTER, INTEGER, gives=_CUT)
_BOUNDARY = overloaded(
    takes(CHARACTER, CHARACTER, gives=always(t.BOOLEAN)), takes(BINARY, BINARY, gives=always(t.BOOLEAN))
)


def _starts(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    return text.cast(pl.Binary).bin.starts_with(part.cast(pl.Binary))


def _ends(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    return text.cast(pl.Binary).bin.ends_with(part.cast(pl.Binary))


FUNCTIONS = (
    define(
        "SUBSTRING",
        "string",
        "SUBSTRING(text FROM start [FOR length])",
        "From a place, counted from 1, or from the end if negative. NULL for a negative length.",
        _SUBSTRING,
        columnwise(_substring),
        ("SUBSTRING('foobar' FROM 2 FOR 3)", "oob"),
        ("SUBSTRING('foobar', -2)", "ar"),
        ("SUBSTRING('foobar', -10, 6)", ""),
        ("SUBSTRING('foobar', 2, -1)", None),
        aliases=("SUBSTR",),
    ),
    define(
        "LEFT",
        "string",
        "LEFT(text, length)",
        "The first characters; none for a negative length.",
        _SIDE,
        columnwise(_left),
        ("LEFT('hello', 2)", "he"),
        ("LEFT('hello', -1)", ""),
    ),
    define(
        "RIGHT",
        "string",
        "RIGHT(text, length)",
        "The last characters; none for a negative length.",
        _SIDE,
        columnwise(_right),
        ("RIGHT('hello', 2)", "lo"),
        ("RIGHT('hello', 9)", "hello"),
    ),
    define(
        "OVERLAY",
        "string",
        "OVERLAY(text PLACING put FROM start [FOR length])",
        "A part of a text, as long as `put` unless said otherwise, replaced; unchanged if start lies outside.",
        takes(CHARACTER, CHARACTER, INTEGER, INTEGER, optional=1, gives=_overlay_type),
        columnwise(_overlay),
        ("OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6 FOR 2)", "xxxxxxxxxst"),
        ("OVERLAY('abc' PLACING 'X' FROM 10)", "abc"),
        ("OVERLAY('abc' PLACING 'X' FROM 2 FOR -1)", "aX"),
    ),
    define(
        "REPLACE",
        "string",
        "REPLACE(text, old, new)",
        "Each occurrence of a text replaced by another.",
        takes(CHARACTER, CHARACTER, CHARACTER, gives=always(t.STRING)),
        columnwise(_replace),
        ("REPLACE('hello world', 'world', 'flink')", "hello flink"),
        ("REPLACE('ababab', 'aba', 'z')", "zbab"),
        ("REPLACE('abc', '', 'x')", "xaxbxcx"),
    ),
    define(
        "TRANSLATE",
        "string",
        "TRANSLATE(text, characters, replacement)",
        "Each of the characters replaced by the one at its place in `replacement`, or dropped. These two are constant.",
        takes(CHARACTER, _CONSTANT, _CONSTANT, gives=lambda types: t.Varchar(nullable=types[0].nullable)),
        _translate,
        ("TRANSLATE('abcabc', 'abc', '12')", "1212"),
        ("TRANSLATE('abc', 'a', CAST(NULL AS STRING))", "bc"),
        aliases=("TRANSLATE3",),
    ),
    define(
        "POSITION",
        "string",
        "POSITION(part IN text [FROM start])",
        "The place of the first occurrence of a part; 0 if there is none.",
        takes(CHARACTER, CHARACTER, INTEGER, optional=1, gives=always(t.INT)),
        columnwise(_place),
        ("POSITION('b' IN 'abcb')", 2),
        ("POSITION('b' IN 'abcb' FROM 3)", 4),
        ("POSITION('z' IN 'abc')", 0),
        ("POSITION('' IN 'abc')", 1),
    ),
    define(
        "LOCATE",
        "string",
        "LOCATE(part, text [, start])",
        "The place of the first occurrence of a part, at `start` or later; 0 if there is none.",
        takes(CHARACTER, CHARACTER, INTEGER, optional=1, gives=always(t.INT)),
        columnwise(_place),
        ("LOCATE('b', 'abcb')", 2),
        ("LOCATE('b', 'abcb', 3)", 4),
        ("LOCATE('b', 'abcb', CAST(NULL AS INT))", None),
    ),
    define(
        "INSTR",
        "string",
        "INSTR(text, part [, start [, nth]])",
        "The place of the nth occurrence of a part, from `start` on, or backwards from the end if that is negative.",
        checked(takes(CHARACTER, CHARACTER, INTEGER, INTEGER, optional=2, gives=always(t.INT)), _check_nth),
        _instr,
        ("INSTR('abcb', 'b')", 2),
        ("INSTR('abcbcb', 'b', 3)", 4),
        ("INSTR('abcbcb', 'b', -1, 2)", 4),
        ("INSTR('aqqqq', 'qq', 1, 2)", 3),
        ("INSTR('abc', 'z')", 0),
    ),
    define(
        "STARTSWITH",
        "string",
        "STARTSWITH(text, part)",
        "Whether a text, or a byte string, begins with a part.",
        _BOUNDARY,
        columnwise(_starts),
        ("STARTSWITH('abc', 'a')", True),
        ("STARTSWITH(x'6162', x'62')", False),
        ("STARTSWITH('abc', CAST(NULL AS STRING))", None),
    ),
    define(
        "ENDSWITH",
        "string",
        "ENDSWITH(text, part)",
        "Whether a text, or a byte string, ends with a part.",
        _BOUNDARY,
        columnwise(_ends),
        ("ENDSWITH('abc', 'bc')", True),
        ("ENDSWITH('abc', '')", True),
    ),
    define(
        "SPLIT",
        "string",
        "SPLIT(text, separator)",
        "The parts between separators, an array; the characters if the separator is empty.",
        takes(CHARACTER, CHARACTER, gives=always(t.Array(t.STRING))),
        columnwise(_split),
        ("SPLIT('a,b,,c', ',')", ["a", "b", "", "c"]),
        ("SPLIT('abc', '')", ["a", "b", "c"]),
        ("SPLIT('', ',')", []),
    ),
    define(
        "SPLIT_INDEX",
        "string",
        "SPLIT_INDEX(text, separator, index)",
        "One part between separators, counted from 0; NULL if there is none. The separator may be a code up to 255.",
        overloaded(
            takes(CHARACTER, CHARACTER, INTEGER, gives=nullable(t.STRING)),
            takes(CHARACTER, INTEGER, INTEGER, gives=nullable(t.STRING)),
        ),
        _split_index_of,
        ("SPLIT_INDEX('a,b,c', ',', 1)", "b"),
        ("SPLIT_INDEX('a,b', 44, 1)", "b"),
        ("SPLIT_INDEX('a,b,c', ',', 5)", None),
        ("SPLIT_INDEX('a b', '', 1)", "b"),
    ),
)
