"""LIKE, SIMILAR TO and the REGEXP family; regular expressions are Java's, and constant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Literal
from penstock.sql.functions.building import any_null, checked, define, utf16_units
from penstock.sql.functions.patterns import NO_LINE_END, escaped, translate
from penstock.sql.functions.signatures import CHARACTER, LONG, ArgumentError, always, literal, nullable, takes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.patterns import Pattern
    from penstock.sql.functions.spec import Build, Context, Value

__all__ = ["FUNCTIONS"]

_CONSTANT = literal(CHARACTER)
_NO_TEXT = pl.lit(None, pl.String)


def _text(arg: Expr) -> str | None:
    assert isinstance(arg, Literal)
    return None if arg.value is None else str(arg.value)


# -- LIKE --------------------------------------------------------------------------------------------


def _escape_character(escape: str | None) -> str:
    if escape and len(escape) > 1:
        raise ArgumentError(f"takes one character after ESCAPE, got '{escape}'")
    return escape or ""


def _like_parts(pattern: str, escape: str) -> list[tuple[str, bool]]:
    """The pattern's characters, each with whether it is a wildcard. Raises ArgumentError for a wrong escape."""
    parts: list[tuple[str, bool]] = []
    i = 0
    while i < len(pattern):
        character = pattern[i]
        if character == escape:
            following = pattern[i + 1 : i + 2]
            if following not in ("_", "%", escape) or not following:
                raise ArgumentError(f"takes %, _ or {escape} after {escape}, not so in '{pattern}' at {i + 1}")
            parts.append((following, False))
            i += 2
        else:
            parts.append((character, character in "%_"))
            i += 1
    return parts


def _check_like(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    pattern = args[1]
    if not isinstance(pattern, Literal):
        if len(args) == 3:
            raise ArgumentError("takes a constant pattern where it has an ESCAPE: write it as a literal")
    elif len(args) == 3 and pattern.value is not None:
        _like_parts(str(pattern.value), _escape_character(_text(args[2])))


def _like(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    text, pattern = args[0].expr, args[1]
    if not pattern.is_constant:
        return _like_column(text, pattern.expr)
    if any(a.constant is None for a in args[1:]):
        return pl.when(text.is_null()).then(pl.lit(None, pl.Boolean))
    parts = _like_parts(str(pattern.constant), _escape_character(args[2].constant if len(args) == 3 else None))
    return _like_constant(text, parts)


def _like_constant(text: pl.Expr, parts: list[tuple[str, bool]]) -> pl.Expr:
    plain = "".join(character for character, wild in parts if not wild)
    shape = "".join(character if wild else "x" for character, wild in parts)
    shape = re.sub("x+", "x", re.sub("%+", "%", shape))
    match shape:
        case "x" | "":
            return text == plain
        case "x%":
            return text.str.starts_with(plain)
        case "%x":
            return text.str.ends_with(plain)
        case "%x%" | "%":
            return text.str.contains(plain, literal=True)
    wildcards = {"%": "(?s:.*)", "_": NO_LINE_END}
    regex = "".join(wildcards[character] if wild else escaped(character) for character, wild in parts)
    return text.str.contains(f"\\A{regex}\\z")


def _like_column(text: pl.Expr, pattern: pl.Expr) -> pl.Expr:
    regex = pattern.str.escape_regex().str.replace_all("%", "(?s:.*)", literal=True)
    regex = regex.str.replace_all("_", NO_LINE_END, literal=True)
    return text.str.contains(pl.concat_str(pl.lit(r"\A"), regex, pl.lit(r"\z")), strict=False)


# -- SIMILAR TO --------------------------------------------------------------------------------------

_SIMILAR_CLASSES = {
    "ALPHA": r"\p{Alpha}",
    "UPPER": r"\p{Upper}",
    "LOWER": r"\p{Lower}",
    "DIGIT": r"\d",
    "ALNUM": r"\p{Alnum}",
    "SPACE": " ",
    "WHITESPACE": r"\s",
}
_SIMILAR_SPECIAL = "[]()|^-+*_%?{}"


def _similar(pattern: str, escape: str) -> Pattern:
    """The pattern of SIMILAR TO as a regular expression. Raises ArgumentError if it is none."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        character = pattern[i]
        i += 1
        if character == escape:
            following = pattern[i : i + 1]
            if not following or following not in _SIMILAR_SPECIAL + escape:
                raise ArgumentError(f"takes a special character after {escape}, not so in '{pattern}' at {i}")
            out.append(escaped(following))
            i += 1
        elif character == "[":
            inside, i = _similar_class(pattern, i, escape)
            out.append(inside)
        elif character == "]":
            raise ArgumentError(f"takes a regular expression of SQL, '{pattern}' is none: unmatched ] at {i}")
        else:
            out.append({"_": ".", "%": "(?s:.*)", "\\": r"\\", "$": r"\$"}.get(character, character))
    return translate("".join(out))


def _similar_class(pattern: str, start: int, escape: str) -> tuple[str, int]:
    """The class that begins at `start`, behind its bracket, and where the rest goes on."""
    out = "["
    i = start
    while i < len(pattern):
        character = pattern[i]
        i += 1
        if character == "]":
            return out + "]", i
        if character == escape:
            out += escaped(pattern[i : i + 1])
            i += 1
        elif character == "[" and (known := re.compile(r"\[:(\w+):\]").match(pattern, i - 1)):
            name = known[1].upper()
            if name not in _SIMILAR_CLASSES or known[1] not in (name, name.lower()):
                break
            out += _SIMILAR_CLASSES[name]
            i = known.end()
        elif character in "_%[":
            break
        else:
            out += character
    raise ArgumentError(f"takes a regular expression of SQL, '{pattern}' is none: a wrong class at {start}")


def _similar_of(args: Sequence[str | None]) -> Pattern | None:
    if any(a is None for a in args):
        return None
    pattern, *escape = (str(a) for a in args)
    if escape and (len(escape[0]) != 1 or escape[0] in _SIMILAR_SPECIAL):
        raise ArgumentError(f"takes one character without a meaning of its own after ESCAPE, got '{escape[0]}'")
    return _similar(pattern, escape[0] if escape else "")


def _check_similar(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    _similar_of([_text(a) for a in args[1:]])


def _similar_to(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    pattern = _similar_of([a.constant for a in args[1:]])
    if pattern is None:
        return pl.when(args[0].expr.is_null()).then(pl.lit(None, pl.Boolean))
    return args[0].expr.str.contains(pattern.whole)


# -- REGEXP_... --------------------------------------------------------------------------------------


def _check_search(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    pattern = _text(args[1])
    if pattern is not None:
        translate(pattern)


def _check_match(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    """For what takes the text of a match out, or replaces it."""
    pattern = _text(args[1])
    if pattern is not None and translate(pattern).inner_end:
        raise ArgumentError(f"cannot use $ inside the regular expression '{pattern}': write \\z, or $ at its end alone")


def _check_every(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    """For what goes through all matches."""
    _check_match(args, _clauses)
    pattern = _text(args[1])
    if pattern is not None and translate(pattern).mixed:
        raise ArgumentError(
            f"cannot use the regular expression '{pattern}', which matches the empty text and longer ones: "
            "engines differ in how they go on after such a match; write + instead of *"
        )


def _check_extract_all(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> None:
    _check_every(args, clauses)
    pattern = _text(args[1])
    if pattern is not None and _group(args) != 0 and translate(pattern).looks:
        raise ArgumentError(
            f"cannot take a group of each match of '{pattern}', which looks at what surrounds it (\\b, ^ or $): "
            "take the whole match with index 0"
        )


def _group(args: Sequence[Expr]) -> int | None:
    index = args[2] if len(args) == 3 else Literal(t.INT, 1)
    assert isinstance(index, Literal)
    return None if index.value is None else int(index.value)


def _on_pattern(expression: Callable[..., pl.Expr], null: pl.Expr) -> Build:
    """`expression` of the text, the pattern and the other arguments; `null` where the pattern is NULL."""

    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        text, pattern, *others = args
        if pattern.constant is None:
            return pl.when(text.expr.is_null()).then(null)
        return expression(text.expr, translate(str(pattern.constant)), *(o.expr for o in others))

    return build


def _regexp(text: pl.Expr, pattern: Pattern) -> pl.Expr:
    if not pattern.body and not pattern.looks:  # Flink's answer for an empty pattern
        return pl.when(text.is_not_null()).then(pl.lit(False))
    return text.str.contains(pattern.search)


def _regexp_replace(text: pl.Expr, pattern: Pattern, new: pl.Expr) -> pl.Expr:
    regex, behind = pattern.replacing
    plain = new.fill_null("").str.replace_all("$", "$$", literal=True)
    replaced = text.str.replace_all(regex, pl.concat_str(plain, pl.lit(behind)))
    return pl.when(~any_null(text, new)).then(replaced)


def _regexp_extract(
    _context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]
) -> pl.Expr:
    text, pattern = args[0].expr, args[1].constant
    index = args[2].constant if len(args) == 3 else 0
    if pattern is None or index is None or not 0 <= index <= translate(pattern).groups:
        return pl.when(text.is_null()).then(_NO_TEXT)
    regex, shift = translate(pattern).bounded
    return text.str.extract(regex, index + shift)


def _regexp_extract_all(
    _context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]
) -> pl.Expr:
    text, pattern = args[0].expr, args[1].constant
    index = args[2].constant if len(args) == 3 else 1
    if pattern is None or index is None or not 0 <= index <= translate(pattern).groups:
        return pl.when(text.is_null()).then(pl.lit(None, pl.List(pl.String)))
    regex, shift = translate(pattern).bounded
    matches = text.str.extract_all(regex)
    if index + shift == 0:
        return matches
    return matches.list.eval(pl.element().str.extract(regex, index + shift))


def _regexp_count(text: pl.Expr, pattern: Pattern) -> pl.Expr:
    return text.str.count_matches(pattern.search).cast(pl.Int32)


def _regexp_instr(text: pl.Expr, pattern: Pattern) -> pl.Expr:
    """Java counts UTF-16 units here."""
    byte = text.str.find(pattern.search)
    before = utf16_units(text.cast(pl.Binary).bin.slice(0, byte.fill_null(0)).cast(pl.String))
    place = pl.when(byte.is_not_null()).then(before.str.len_chars().cast(pl.Int32) + 1).otherwise(0)
    return pl.when(text.is_not_null()).then(place)


def _regexp_substr(text: pl.Expr, pattern: Pattern) -> pl.Expr:
    regex, shift = pattern.bounded
    return text.str.extract(regex, shift)


_ESCAPED = takes(CHARACTER, CHARACTER, _CONSTANT, optional=1, gives=always(t.BOOLEAN))
_MATCHED = takes(CHARACTER, _CONSTANT, gives=nullable(t.STRING))

FUNCTIONS = (
    define(
        "LIKE",
        "string",
        "text LIKE pattern [ESCAPE character]",
        "Whether all of a text fits a pattern: % is any text, _ any character but a line end.",
        checked(_ESCAPED, _check_like),
        _like,
        ("'abc' LIKE 'a%'", True),
        ("'abc' LIKE 'a_c'", True),
        ("'a%c' LIKE 'a!%c' ESCAPE '!'", True),
        ("'abc' LIKE CAST(NULL AS STRING)", None),
    ),
    define(
        "SIMILAR TO",
        "string",
        "text SIMILAR TO pattern [ESCAPE character]",
        "Whether all of a text fits a regular expression of SQL, which is constant.",
        checked(takes(CHARACTER, _CONSTANT, _CONSTANT, optional=1, gives=always(t.BOOLEAN)), _check_similar),
        _similar_to,
        ("'abc' SIMILAR TO 'a(b|d)c'", True),
        ("'123' SIMILAR TO '[[:DIGIT:]]+'", True),
        ("'abc' SIMILAR TO 'b'", False),
    ),
    define(
        "REGEXP",
        "string",
        "REGEXP(text, regex)",
        "Whether a part of a text matches a regular expression; FALSE for an empty one.",
        checked(takes(CHARACTER, _CONSTANT, gives=always(t.BOOLEAN)), _check_search),
        _on_pattern(_regexp, pl.lit(None, pl.Boolean)),
        ("REGEXP('abc', 'b.')", True),
        ("REGEXP('abc', '^b')", False),
        ("REGEXP('abc', '')", False),
    ),
    define(
        "REGEXP_REPLACE",
        "string",
        "REGEXP_REPLACE(text, regex, new)",
        "Each match replaced by a text, which stands for itself ($1 is no reference).",
        checked(takes(CHARACTER, _CONSTANT, CHARACTER, gives=always(t.STRING)), _check_every),
        _on_pattern(_regexp_replace, _NO_TEXT),
        ("REGEXP_REPLACE('foobar', 'oo|ar', 'X')", "fXbX"),
        ("REGEXP_REPLACE('foobar', '(o)(b)', '$2$1')", "fo$2$1ar"),
    ),
    define(
        "REGEXP_EXTRACT",
        "string",
        "REGEXP_EXTRACT(text, regex [, group])",
        "A group of the first match, or all of it for 0, which is the default; NULL if there is none.",
        checked(takes(CHARACTER, _CONSTANT, literal(LONG), optional=1, gives=nullable(t.STRING)), _check_match),
        _regexp_extract,
        ("REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", "bar"),
        ("REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)')", "foothebar"),
        ("REGEXP_EXTRACT('ab', '(x)?ab', 1)", None),
    ),
    define(
        "REGEXP_EXTRACT_ALL",
        "string",
        "REGEXP_EXTRACT_ALL(text, regex [, group])",
        "A group of each match, by default the first, or all of it for 0; NULL if there is no such group.",
        checked(
            takes(CHARACTER, _CONSTANT, literal(LONG), optional=1, gives=nullable(t.Array(t.STRING))),
            _check_extract_all,
        ),
        _regexp_extract_all,
        ("REGEXP_EXTRACT_ALL('100-200, 300-400', '(\\d+)-(\\d+)', 2)", ["200", "400"]),
        ("REGEXP_EXTRACT_ALL('100-200', '\\d+', 0)", ["100", "200"]),
        ("REGEXP_EXTRACT_ALL('aab', '(a)|(b)', 2)", [None, None, "b"]),
    ),
    define(
        "REGEXP_COUNT",
        "string",
        "REGEXP_COUNT(text, regex)",
        "The number of matches.",
        checked(takes(CHARACTER, _CONSTANT, gives=nullable(t.INT)), _check_every),
        _on_pattern(_regexp_count, pl.lit(None, pl.Int32)),
        ("REGEXP_COUNT('abcabc', 'b')", 2),
        ("REGEXP_COUNT('abc', 'z')", 0),
    ),
    define(
        "REGEXP_INSTR",
        "string",
        "REGEXP_INSTR(text, regex)",
        "The place of the first match, counted from 1 in UTF-16 units; 0 if there is none.",
        checked(takes(CHARACTER, _CONSTANT, gives=nullable(t.INT)), _check_search),
        _on_pattern(_regexp_instr, pl.lit(None, pl.Int32)),
        ("REGEXP_INSTR('abcabc', 'c')", 3),
        ("REGEXP_INSTR('a😀bc', 'b')", 4),
    ),
    define(
        "REGEXP_SUBSTR",
        "string",
        "REGEXP_SUBSTR(text, regex)",
        "The first match; NULL if there is none.",
        checked(_MATCHED, _check_match),
        _on_pattern(_regexp_substr, _NO_TEXT),
        ("REGEXP_SUBSTR('abcabc', 'b.')", "bc"),
        ("REGEXP_SUBSTR('abc', 'z')", None),
    ),
)
