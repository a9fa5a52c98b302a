"""Texts: joined, padded, trimmed, repeated, their letters changed; characters are code points where Flink has it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, common_type, is_character
from penstock.sql.expr import Literal
from penstock.sql.functions.building import (
    any_null,
    columnwise,
    define,
    not_null_broken,
    utf16_cut,
    utf16_units,
)
from penstock.sql.functions.signatures import (
    CHARACTER,
    INTEGER,
    LONG,
    ArgumentError,
    always,
    like,
    nullable,
    takes,
)
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Build, Context

__all__ = ["FUNCTIONS", "as_varchar"]


# -- types -------------------------------------------------------------------------------------------


def as_varchar(position: int = 0, *, always_nullable: bool = False) -> Callable[[tuple[DataType, ...]], DataType]:
    """VARCHAR of the length of one argument."""

    def gives(types: tuple[DataType, ...]) -> DataType:
        text = types[position]
        assert isinstance(text, (t.Char, t.Varchar))
        return t.Varchar(text.length, nullable=always_nullable or any(x.nullable for x in types))

    return gives


def _joined_type(types: tuple[DataType, ...]) -> DataType:
    """CHAR and CHAR stay CHAR."""
    left, right = types
    assert isinstance(left, (t.Char, t.Varchar))
    assert isinstance(right, (t.Char, t.Varchar))
    length = min(left.length + right.length, t.MAX_LENGTH)
    fixed = isinstance(left, t.Char) and isinstance(right, t.Char)
    return (t.Char if fixed else t.Varchar)(length, nullable=left.nullable or right.nullable)


def _bind_elt(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) < 2:
        raise ArgumentError(f"takes (INT, STRING...) or (INT, BYTES...), got {len(args)} arguments")
    index, *values = args
    shown = ", ".join(str(a.type) for a in args)
    if not isinstance(index.type, t.Null) and not (isinstance(index.type, t.Integer) and index.type.bits == 32):
        raise ArgumentError(f"takes an INT as its index, got ({shown}): CAST it to INT")
    if isinstance(index, Literal) and isinstance(index.value, int) and index.value < 0:
        raise ArgumentError(f"takes an index from 0, got {index.value}")
    kinds = (is_character(v.type) or isinstance(v.type, t.Null) for v in values)
    binary = (isinstance(v.type, (t.Binary, t.Varbinary, t.Null)) for v in values)
    common = common_type([v.type for v in values])
    if common is None or isinstance(common, t.Null) or not (all(kinds) or all(binary)):
        raise ArgumentError(f"takes (INT, STRING...) or (INT, BYTES...), got ({shown})")
    return (cast_to(index, t.INT), *(cast_to(v, common) for v in values)), common.with_nullable()


# -- builds ------------------------------------------------------------------------------------------


def _pad(*, left: bool) -> Build:
    """To a length in UTF-16 units; a longer text is cut. No result for a negative length or an empty filling."""

    def build(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
        text, length, filling = (a.expr for a in args)
        units, filling_units = utf16_units(text), utf16_units(filling)
        wanted = length.cast(pl.Int64)
        missing = (wanted - units.str.len_chars()).clip(0)
        times = (missing // filling_units.str.len_chars().cast(pl.Int64).clip(1) + 1).clip(0)
        padding = utf16_cut(filling_units.repeat_by(times).list.join(""), pl.lit(0), missing)
        kept = utf16_cut(units, pl.lit(0), wanted.clip(0))
        padded = pl.concat_str(padding, kept) if left else pl.concat_str(kept, padding)
        possible = (wanted >= 0) & (filling != "") & ~any_null(text, length, filling)
        return not_null_broken(pl.when(possible).then(padded), args, result, "LPAD" if left else "RPAD")

    return build


def _repeat(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    text, times = args[0].expr, args[1].expr.cast(pl.Int64).clip(0)
    too_long = text.str.len_bytes().cast(pl.Int64) * times > t.MAX_LENGTH
    safe = pl.when(~too_long).then(times).otherwise(0)
    repeated = pl.when(~any_null(text, times)).then(text.repeat_by(safe).list.join(""))
    return Value(repeated, result, (Failure(too_long, "text-too-long", "REPEAT makes a text of more than 2 GB"),))


def _initcap(text: pl.Expr) -> pl.Expr:
    """Words are runs of ASCII letters and digits; everything else stays."""
    part = pl.element()
    capital = part.str.slice(0, 1).str.to_uppercase() + part.str.slice(1).str.to_lowercase()
    words = text.str.extract_all("[A-Za-z0-9]+|[^A-Za-z0-9]+")
    return words.list.eval(pl.when(part.str.contains("^[A-Za-z0-9]")).then(capital).otherwise(part)).list.join("")


def _trim(_context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    strip = {"BOTH": _both, "LEADING": _leading, "TRAILING": _trailing}[clauses["side"]]
    return strip(*(a.expr for a in args))


def _both(text: pl.Expr, characters: pl.Expr | None = None) -> pl.Expr:
    return text.str.strip_chars(" ") if characters is None else _known(text.str.strip_chars(characters), characters)


def _leading(text: pl.Expr, characters: pl.Expr | None = None) -> pl.Expr:
    if characters is None:
        return text.str.strip_chars_start(" ")
    return _known(text.str.strip_chars_start(characters), characters)


def _trailing(text: pl.Expr, characters: pl.Expr | None = None) -> pl.Expr:
    if characters is None:
        return text.str.strip_chars_end(" ")
    return _known(text.str.strip_chars_end(characters), characters)


def _known(trimmed: pl.Expr, characters: pl.Expr) -> pl.Expr:
    # Polars takes NULL characters for white space
    return pl.when(characters.is_not_null()).then(trimmed)


def _concat_ws(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    separator, *values = args
    if not values:
        return pl.when(separator.expr.is_not_null()).then(pl.lit(""))
    if isinstance(separator.constant, str):
        return pl.concat_str([v.expr for v in values], separator=separator.constant, ignore_nulls=True)
    known = separator.expr.is_not_null()
    listed = pl.concat_list(pl.when(known).then(v.expr) for v in values)
    return listed.list.drop_nulls().list.join(separator.expr)


def _elt(index: pl.Expr, *values: pl.Expr) -> pl.Expr:
    chosen: Any = pl
    for i, value in enumerate(values, 1):
        chosen = chosen.when(index == i).then(value)
    result: pl.Expr = chosen.otherwise(None)
    return result


def _reverse(text: pl.Expr) -> pl.Expr:
    return text.str.extract_all("(?s).").list.reverse().list.join("")


def _ascii(text: pl.Expr) -> pl.Expr:
    """The first byte of UTF-8, as a signed number."""
    first = text.cast(pl.Binary).bin.slice(0, 1).bin.reinterpret(dtype=pl.Int8)
    return pl.when(text.is_not_null()).then(first.cast(pl.Int32).fill_null(0))


def _chr(code: pl.Expr) -> pl.Expr:
    low = code.cast(pl.Int64) % 256
    character = low.replace_strict(list(range(256)), [chr(i) for i in range(256)], return_dtype=pl.String)
    return pl.when(code < 0).then(pl.lit("")).when(code.is_not_null()).then(character)


# -- the table ---------------------------------------------------------------------------------------


_LETTERS = takes(CHARACTER, gives=like(0))
_TRIMMED = takes(CHARACTER, CHARACTER, optional=1, gives=as_varchar())
_PADDED = takes(CHARACTER, INTEGER, CHARACTER, gives=always(t.STRING))


FUNCTIONS = (
    define(
        "||",
        "string",
        "a || b",
        "Two texts joined. NULL if one is NULL.",
        takes(CHARACTER, CHARACTER, gives=_joined_type),
        columnwise(lambda a, b: a + b),
        ("'a' || 'bc'", "abc"),
        ("'a' || CAST(NULL AS STRING)", None),
    ),
    define(
        "CONCAT",
        "string",
        "CONCAT(a, ...)",
        "The texts joined. NULL if one is NULL.",
        takes(CHARACTER, variadic=CHARACTER, gives=always(t.STRING)),
        columnwise(pl.concat_str),
        ("CONCAT('a', 'b', 'c')", "abc"),
        ("CONCAT('a', CAST(NULL AS STRING))", None),
    ),
    define(
        "CONCAT_WS",
        "string",
        "CONCAT_WS(separator, a, ...)",
        "The texts that are not NULL, joined with a separator between them. NULL if the separator is NULL.",
        takes(CHARACTER, variadic=CHARACTER, gives=always(t.STRING)),
        _concat_ws,
        ("CONCAT_WS(',', 'a', 'b')", "a,b"),
        ("CONCAT_WS(',', 'a', CAST(NULL AS STRING), 'b')", "a,b"),
        ("CONCAT_WS(CAST(NULL AS STRING), 'a')", None),
        ("CONCAT_WS(',')", ""),
    ),
    define(
        "CHAR_LENGTH",
        "string",
        "CHAR_LENGTH(text)",
        "The number of characters (code points).",
        takes(CHARACTER, gives=always(t.INT)),
        columnwise(lambda x: x.str.len_chars().cast(pl.Int32)),
        ("CHAR_LENGTH('aé')", 2),
        ("CHAR_LENGTH('')", 0),
        aliases=("CHARACTER_LENGTH",),
    ),
    define(
        "UPPER",
        "string",
        "UPPER(text)",
        "In capital letters.",
        _LETTERS,
        columnwise(lambda x: x.str.to_uppercase()),
        ("UPPER('aBc')", "ABC"),
    ),
    define(
        "LOWER",
        "string",
        "LOWER(text)",
        "In small letters.",
        _LETTERS,
        columnwise(lambda x: x.str.to_lowercase()),
        ("LOWER('aBc')", "abc"),
    ),
    define(
        "INITCAP",
        "string",
        "INITCAP(text)",
        "Each word's first letter a capital, the others small; words are runs of ASCII letters and digits.",
        _LETTERS,
        columnwise(_initcap),
        ("INITCAP('hELLO wORLD-foo_bar 1a éa')", "Hello World-Foo_Bar 1a éA"),
    ),
    define(
        "TRIM",
        "string",
        "TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)",
        "Without the given characters, or spaces, at its ends.",
        _TRIMMED,
        _trim,
        ("TRIM('  a b  ')", "a b"),
        ("TRIM(LEADING 'x' FROM 'xxax')", "ax"),
        ("TRIM(TRAILING 'x' FROM 'xxax')", "xxa"),
        ("TRIM(BOTH 'xy' FROM 'xyaxy')", "a"),
    ),
    define(
        "LTRIM",
        "string",
        "LTRIM(text [, characters])",
        "Without the given characters, or spaces, at its start.",
        _TRIMMED,
        columnwise(_leading),
        ("LTRIM('  abc ')", "abc "),
        ("LTRIM('xxyabc', 'xy')", "abc"),
    ),
    define(
        "RTRIM",
        "string",
        "RTRIM(text [, characters])",
        "Without the given characters, or spaces, at its end.",
        _TRIMMED,
        columnwise(_trailing),
        ("RTRIM(' abc  ')", " abc"),
        ("RTRIM('abcxyx', 'xy')", "abc"),
    ),
    define(
        "BTRIM",
        "string",
        "BTRIM(text [, characters])",
        "Without the given characters, or spaces, at both ends.",
        takes(CHARACTER, CHARACTER, optional=1, gives=always(t.STRING)),
        columnwise(_both),
        ("BTRIM('  abc ')", "abc"),
        ("BTRIM('xyabcyx', 'xy')", "abc"),
    ),
    define(
        "LPAD",
        "string",
        "LPAD(text, length, filling)",
        "Filled at the start to a length, or cut to it. No result for a negative length or an empty filling.",
        _PADDED,
        _pad(left=True),
        ("LPAD('hi', 5, 'xyz')", "xyzhi"),
        ("LPAD('hi', 1, '??')", "h"),
        ("LPAD('hi', CAST(NULL AS INT), '?')", None),
    ),
    define(
        "RPAD",
        "string",
        "RPAD(text, length, filling)",
        "Filled at the end to a length, or cut to it. No result for a negative length or an empty filling.",
        _PADDED,
        _pad(left=False),
        ("RPAD('hi', 5, 'xyz')", "hixyz"),
        ("RPAD('hi', 1, '??')", "h"),
        ("RPAD('hi', 0, '?')", ""),
    ),
    define(
        "REPEAT",
        "string",
        "REPEAT(text, times)",
        "The text so many times; the empty text for 0 and less.",
        takes(CHARACTER, INTEGER, gives=always(t.STRING)),
        _repeat,
        ("REPEAT('ab', 3)", "ababab"),
        ("REPEAT('ab', -1)", ""),
    ),
    define(
        "REVERSE",
        "string",
        "REVERSE(text)",
        "The characters from last to first.",
        takes(CHARACTER, gives=nullable(t.STRING)),
        columnwise(_reverse),
        ("REVERSE('a😀b')", "b😀a"),
    ),
    define(
        "ELT",
        "string",
        "ELT(index, a, ...)",
        "The value at a place, counted from 1; NULL if there is none.",
        _bind_elt,
        columnwise(_elt),
        ("ELT(2, 'a', 'bcd')", "bcd"),
        ("ELT(3, 'a', 'b')", None),
        ("ELT(2, x'01', x'02')", "0x02"),
    ),
    define(
        "ASCII",
        "string",
        "ASCII(text)",
        "The first byte of the text in UTF-8, as a number from -128 to 127; 0 for the empty text.",
        takes(CHARACTER, gives=always(t.INT)),
        columnwise(_ascii),
        ("ASCII('abc')", 97),
        ("ASCII('é')", -61),
        ("ASCII('')", 0),
    ),
    define(
        "CHR",
        "string",
        "CHR(code)",
        "The character of a code, modulo 256; the empty text for a negative one.",
        takes(LONG, gives=nullable(t.STRING)),
        columnwise(_chr),
        ("CHR(353)", "a"),
        ("CHR(-1)", ""),
    ),
)
