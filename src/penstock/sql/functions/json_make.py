"""JSON_STRING, JSON_OBJECT, JSON_ARRAY, JSON, JSON_QUOTE, JSON_UNQUOTE: JSON made of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.coercion import is_character
from penstock.sql.expr import Call, Cast, Literal
from penstock.sql.functions.building import columnwise, define, staged
from penstock.sql.functions.json_index import Index
from penstock.sql.functions.json_text import numbers, quoted, unescaped
from penstock.sql.functions.json_values import as_json
from penstock.sql.functions.signatures import CHARACTER, ArgumentError, always, takes
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS", "as_argument", "json_of", "literal_key"]

_NULL = pl.lit("null")


# -- values as JSON ------------------------------------------------------------------------------------


def _check(data_type: DataType) -> None:
    match data_type:
        case t.Date() | t.Time() | t.IntervalDay() | t.IntervalYear() | t.Null() | t.Multiset():
            raise ArgumentError(f"has no JSON for {data_type.with_nullable()}: CAST it to STRING")
        case t.Array(element):
            _check(element)
        case t.Map(key, value):
            if not is_character(key):
                raise ArgumentError(f"has no JSON for {data_type.with_nullable()}: its keys must be texts")
            _check(value)
        case t.Row(fields):
            for field in fields:
                _check(field.type)


def json_of(value: pl.Expr, data_type: DataType, context: Context) -> pl.Expr:
    """The JSON of values, as Flink writes it; NULL stays NULL."""
    match data_type:
        case t.Char() | t.Varchar():
            return quoted(value)
        case t.Binary() | t.Varbinary():
            return pl.lit('"') + value.bin.encode("base64") + pl.lit('"')
        case t.Float() | t.Double():
            return _approximate(value.cast(pl.Float64), context)
        case t.Decimal():
            return _numbers(value.cast(pl.String))
        case t.Timestamp() | t.TimestampLtz():
            moment = value.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f").str.replace(r"\.?0+$", "")
            return pl.lit('"') + moment + pl.lit('Z"' if isinstance(data_type, t.TimestampLtz) else '"')
        case t.Array(element):
            written = value.list.eval(_within(pl.element(), element, context))
            return pl.lit("[") + written.list.join(",") + pl.lit("]")
        case t.Map(_, item):
            entry = pl.element().struct
            member = quoted(entry.field("key")) + pl.lit(":") + _within(entry.field("value"), item, context)
            written = value.list.eval(member.sort_by(entry.field("key")))
            return pl.lit("{") + written.list.join(",") + pl.lit("}")
        case t.Row(fields):
            parts = [
                pl.lit(("," if i else "") + _key(f.name)) + _within(value.struct.field(f.name), f.type, context)
                for i, f in enumerate(sorted(fields, key=lambda f: f.name))
            ]
            written = pl.concat_str(pl.lit("{"), *parts, pl.lit("}"))
            return pl.when(value.is_not_null()).then(written)
    return value.cast(pl.String)


def _within(value: pl.Expr, data_type: DataType, context: Context) -> pl.Expr:
    return json_of(value, data_type, context).fill_null("null")


def _key(name: str) -> str:
    return str(pl.select(quoted(pl.lit(name))).item()) + ":"


def _numbers(written: pl.Expr) -> pl.Expr:
    return staged(lambda frame: numbers(frame["0"]), pl.String(), written)


def _approximate(value: pl.Expr, context: Context) -> pl.Expr:
    """A DOUBLE as the decimal number that Java's text of it is."""
    finite = pl.when(value.is_finite()).then(value)
    shown = _numbers(cast(Value(finite, t.DOUBLE), t.STRING, context).expr)
    endless = pl.when(value > 0).then(pl.lit('"Infinity"')).otherwise(pl.lit('"-Infinity"'))
    return pl.when(value.is_nan()).then(pl.lit('"NaN"')).when(value.is_infinite()).then(endless).otherwise(shown)


# -- arguments -----------------------------------------------------------------------------------------


def _to_json(context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return json_of(args[0].expr, args[0].type, context)


def _bind_string(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1:
        raise ArgumentError(f"takes one value, got {len(args)} arguments")
    _check(args[0].type)
    return args, t.Varchar(nullable=args[0].type.nullable)


def as_argument(arg: Expr) -> Expr:
    """The JSON of an argument: what is JSON by its function goes in as it is, all else as JSON_STRING has it."""
    plain = arg
    while isinstance(plain, Cast) and plain.type.with_nullable() == plain.arg.type.with_nullable() == t.STRING:
        plain = plain.arg
    if isinstance(plain, Call) and plain.function.name in _RAW:
        return plain
    (bound,), result = _bind_string((arg,), {})
    return Call(result, _JSON_STRING, (bound,))


def literal_key(key: Expr) -> Expr:
    if not isinstance(key, Literal) or not is_character(key.type):
        raise ArgumentError(f"takes constant texts as its keys, got {key.type}: write them as literals")
    if key.value is None:
        raise ArgumentError("takes keys that are not NULL")
    return key


def _bind_object(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    bound = tuple(as_argument(a) if i % 2 else literal_key(a) for i, a in enumerate(args))
    return bound, t.STRING.with_nullable(False)


def _bind_array(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    return tuple(as_argument(a) for a in args), t.STRING.with_nullable(False)


# -- builds --------------------------------------------------------------------------------------------


def _joined(members: Sequence[pl.Expr], brackets: str) -> pl.Expr:
    """The members that are not NULL, between brackets."""
    if not members:
        return pl.lit(brackets)
    inside = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.concat_str(pl.lit(brackets[0]), inside, pl.lit(brackets[1]))


def _object(_context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    absent = clauses.get("null") == "ABSENT"
    values = {str(key.constant): value.expr for key, value in zip(args[::2], args[1::2], strict=True)}
    members = [
        pl.lit(_key(name)) + (values[name] if absent else values[name].fill_null(_NULL)) for name in sorted(values)
    ]
    return _joined(members, "{}")


def _array(_context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    shown = clauses.get("null") == "NULL"
    return _joined([a.expr.fill_null(_NULL) if shown else a.expr for a in args], "[]")


def _raw(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    text = args[0].expr

    def whole(frame: pl.DataFrame) -> pl.Series:
        index = Index(frame["0"])
        found = pl.Series([None], dtype=pl.String).new_from_index(0, index.size)
        valid = index.valid
        return found.scatter(valid.nonzero()[0], as_json(index, index.root[valid])) if valid.any() else found

    def wrong(frame: pl.DataFrame) -> pl.Series:
        # nothing but white space is null, not an error
        filled = frame["0"].str.strip_chars(" \t\r\n") != ""
        return filled & ~pl.Series(Index(frame["0"]).valid)

    failure = Failure(staged(wrong, pl.Boolean(), text), "json", "JSON takes a text that is JSON", text)
    return Value(staged(whole, pl.String(), text), result, (failure,))


_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _quote(frame: pl.DataFrame) -> pl.Series:
    text = frame["0"]
    others = text.str.extract_all(r"[^\x00-\x7f]").explode().drop_nulls().unique().to_list()
    by = _SHORT | {character: _code(character) for character in others}
    written = pl.col("0").str.replace_many(list(by), list(by.values()))
    return frame.select(pl.lit('"') + written + pl.lit('"')).to_series()


def _code(character: str) -> str:
    """Beyond U+FFFF Flink writes the character's number and then the second half of its pair."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\u{code:04x}\\u{0xDC00 + (code & 0x3FF):04x}"


_PROTECTED = {"\\\\": "\\\\", '\\"': '\\"', '"': '\\"'} | {chr(i): f"\\u{i:04x}" for i in range(32)}


def _unquote(frame: pl.DataFrame) -> pl.Series:
    """The text of a JSON string; what is none stays as it is."""
    text = frame["0"]
    framed = (text.str.len_chars() > 1) & text.str.starts_with('"') & text.str.ends_with('"')
    strings = text.zip_with(framed & pl.Series(Index(text).valid), pl.Series([None], dtype=pl.String))
    inside = strings.str.slice(1).str.head(-1).str.replace_many(_PROTECTED, leftmost=True)
    return pl.select(pl.coalesce(pl.lit(unescaped(inside)), pl.lit(text))).to_series()


_JSON_STRING = define(
    "JSON_STRING",
    "json",
    "JSON_STRING(value)",
    "A value as JSON; NULL stays NULL.",
    _bind_string,
    _to_json,
    ("JSON_STRING('a\"b')", '"a\\"b"'),
    ("JSON_STRING(ARRAY[1, CAST(NULL AS INT)])", "[1,null]"),
    ("JSON_STRING(MAP['b', 1.50, 'a', 2])", '{"a":2.00,"b":1.50}'),
    ("JSON_STRING(TIMESTAMP '2024-01-01 10:00:00.12')", '"2024-01-01T10:00:00.12"'),
)
_RAW = ("JSON_OBJECT", "JSON_ARRAY", "JSON")

FUNCTIONS = (
    _JSON_STRING,
    define(
        "JSON_OBJECT",
        "json",
        "JSON_OBJECT([KEY] key VALUE value, ... [{NULL | ABSENT} ON NULL])",
        "An object of constant keys, in their order; NULLs are written unless ABSENT. JSON made by JSON_OBJECT, "
        "JSON_ARRAY and JSON goes in as it is, other texts as strings.",
        _bind_object,
        _object,
        ("JSON_OBJECT('b' VALUE 1, 'a' VALUE 'x')", '{"a":"x","b":1}'),
        ("JSON_OBJECT('a' VALUE CAST(NULL AS INT) ABSENT ON NULL)", "{}"),
        ("JSON_OBJECT('a' VALUE JSON_ARRAY(1, 2))", '{"a":[1,2]}'),
    ),
    define(
        "JSON_ARRAY",
        "json",
        "JSON_ARRAY(value, ... [{NULL | ABSENT} ON NULL])",
        "An array; NULLs are left out unless NULL ON NULL.",
        _bind_array,
        _array,
        ("JSON_ARRAY(1, 'a', TRUE)", '[1,"a",true]'),
        ("JSON_ARRAY(1, CAST(NULL AS INT))", "[1]"),
        ("JSON_ARRAY(1, CAST(NULL AS INT) NULL ON NULL)", "[1,null]"),
    ),
    define(
        "JSON",
        "json",
        "JSON(text)",
        "A text that is JSON, as a value of JSON_OBJECT or JSON_ARRAY; fails if it is none.",
        takes(CHARACTER, gives=lambda _: t.STRING),
        _raw,
        ('JSON_ARRAY(JSON(\'{"z": 1,  "a": 2}\'))', '[{"a":2,"z":1}]'),
    ),
    define(
        "JSON_QUOTE",
        "json",
        "JSON_QUOTE(text)",
        "A text as a JSON string, all that is not ASCII by its code.",
        takes(CHARACTER, gives=always(t.STRING)),
        columnwise(lambda text: staged(_quote, pl.String(), text)),
        ("JSON_QUOTE('a\"é/')", '"a\\"\\u00e9\\/"'),
    ),
    define(
        "JSON_UNQUOTE",
        "json",
        "JSON_UNQUOTE(text)",
        "The text of a JSON string; anything else stays as it is.",
        takes(CHARACTER, gives=always(t.STRING)),
        columnwise(lambda text: staged(_unquote, pl.String(), text)),
        ("JSON_UNQUOTE('\"a\\u00e9\"')", "aé"),
        ("JSON_UNQUOTE('[1]')", "[1]"),
    ),
)
