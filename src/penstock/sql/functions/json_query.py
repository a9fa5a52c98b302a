"""IS JSON, JSON_EXISTS, JSON_VALUE, JSON_QUERY: what stands in a JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Expr as Expression
from penstock.sql.expr import Literal
from penstock.sql.functions.building import define, staged
from penstock.sql.functions.json_index import ARRAY, OBJECT, Index
from penstock.sql.functions.json_native import native_path, scalars
from penstock.sql.functions.json_outcomes import EMPTY, ERROR, MISFIT, OK, array, exists, json, scalar
from penstock.sql.functions.json_paths import parse_path
from penstock.sql.functions.signatures import CHARACTER, ArgumentError, literal, nullable, takes
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.json_paths import Path
    from penstock.sql.functions.spec import Bind, Context

__all__ = ["FUNCTIONS"]

_PIECE = 1000
_PLAIN = (t.Char, t.Varchar, t.Integer, t.Decimal, t.Boolean)
_CERTAIN = t.BOOLEAN.with_nullable(False)
_CALL = takes(CHARACTER, literal(CHARACTER), gives=nullable(t.STRING))


def _in_pieces(function: Callable[[pl.DataFrame], pl.Series]) -> Callable[[pl.DataFrame], pl.Series]:
    """`function` of as many rows at a time as the processor's cache holds the tokens of."""

    def whole(frame: pl.DataFrame) -> pl.Series:
        if frame.height <= _PIECE:
            return function(frame)
        return pl.concat([function(piece) for piece in frame.iter_slices(_PIECE)])

    return whole


# -- IS JSON -----------------------------------------------------------------------------------------


def _is_json(_context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    kind = clauses["kind"]

    def answer(index: Index) -> pl.Series:
        if not index.kind.size:
            return pl.Series([False]).new_from_index(0, index.size)
        kinds = index.kind[index.root]
        fits = {
            "VALUE": np.ones(index.size, dtype=np.bool_),
            "OBJECT": kinds == OBJECT,
            "ARRAY": kinds == ARRAY,
            "SCALAR": (kinds != OBJECT) & (kinds != ARRAY),
        }
        return pl.Series(index.valid & fits[kind])

    return staged(_in_pieces(lambda frame: answer(Index(frame["0"]))), pl.Boolean(), args[0].expr)


# -- behaviours ----------------------------------------------------------------------------------------


def _path(args: Sequence[Value]) -> Path | None:
    return None if args[1].constant is None else parse_path(str(args[1].constant))


def _answer(
    outcome: Callable[[Index], pl.Series],
    shown: Callable[[pl.Expr], pl.Expr],
    text: pl.Expr,
    result: DataType,
    behaviours: Mapping[int, tuple[str, pl.Expr]],
    misfit: str = "",
) -> Value:
    """The value of each text, with what ON EMPTY and ON ERROR say; `misfit` is the message for a wrong kind."""

    def compute(frame: pl.DataFrame) -> pl.Series:
        rows = outcome(Index(frame["0"])).struct.unnest().hstack(frame)
        value: pl.Expr = pl.when(pl.col("status") == OK).then(shown(pl.col("value")))
        for i, status in enumerate(behaviours, 1):
            value = pl.when(pl.col("status") == status).then(pl.col(str(i))).otherwise(value)
        known = pl.col("0").is_not_null()
        return rows.select(pl.when(known).then(value.cast(result.polars))).to_series()

    def failing(frame: pl.DataFrame) -> pl.Series:
        status = outcome(Index(frame["0"])).struct.field("status")
        return frame.select(pl.when(pl.col("0").is_not_null()).then(pl.lit(status))).to_series()

    value = staged(_in_pieces(compute), result.polars, text, *(default for _, default in behaviours.values()))
    messages = {status: message for status, (message, _) in behaviours.items() if message}
    if misfit:
        messages[MISFIT] = misfit
    if not messages:
        return Value(value, result)
    status = staged(_in_pieces(failing), pl.Int8(), text)
    return Value(value, result, tuple(Failure(status == s, "json", m, text) for s, m in messages.items()))


def _exists_of(
    _context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    path = _path(args)
    if path is None:
        return pl.lit(None, pl.Boolean)
    on_error = clauses.get("on_error") or "FALSE"
    default = pl.lit({"TRUE": True, "FALSE": False}.get(on_error), pl.Boolean)
    message = "JSON_EXISTS finds nothing at its path" if on_error == "ERROR" else ""
    behaviours = {EMPTY: ("", pl.lit(False)), ERROR: (message, default)}
    return _answer(lambda index: exists(index, path), lambda x: x, args[0].expr, result, behaviours)


def _value_of(
    _context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    path = _path(args)
    if path is None:
        return pl.lit(None, result.polars)
    behaviours = {}
    for status, clause in ((EMPTY, "on_empty"), (ERROR, "on_error")):
        behaviour = clauses.get(clause) or "NULL"
        failing = behaviour == "ERROR"
        message = f"JSON_VALUE finds {'nothing' if status == EMPTY else 'no scalar'} at its path" if failing else ""
        default = behaviour.value if isinstance(behaviour, Literal) else None
        behaviours[status] = message, pl.lit(_default(default, result), result.polars)

    def shown(text: pl.Expr) -> pl.Expr:
        match result:
            case t.Boolean():
                return text == "true"
        return text.cast(result.polars, strict=False)

    if isinstance(result, t.Varchar) and not clauses.get("on_empty") and not clauses.get("on_error"):
        native = native_path(path)
        if native is not None:
            return staged(lambda frame: _quick(frame["0"], path, native), pl.String(), args[0].expr)
    kind = "" if isinstance(result, t.Varchar) else f"JSON_VALUE finds a value that is no {result.name}"
    return _answer(lambda index: scalar(index, path, result), shown, args[0].expr, result, behaviours, kind)


def _quick(texts: pl.Series, path: Path, native: str) -> pl.Series:
    """The scalar or NULL; the index is made only of the texts of which Polars gives no sure answer."""
    found, sure = scalars(texts, native)
    if not sure.all():
        unsure = ~sure
        rest = scalar(Index(texts.filter(unsure)), path, t.STRING).struct.field("value")
        found = found.scatter(unsure.arg_true(), rest)
    return found


def _default(value: Any, result: DataType) -> Any:
    if not isinstance(result, t.Varchar) or value is None:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _query_of(
    _context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    path = _path(args)
    if path is None:
        return pl.lit(None, result.polars)
    wrapper = clauses.get("wrapper") or "WITHOUT"
    behaviours = {}
    for status, clause in ((EMPTY, "on_empty"), (ERROR, "on_error")):
        behaviour = clauses.get(clause) or "NULL"
        failing = behaviour == "ERROR"
        message = f"JSON_QUERY finds {'nothing' if status == EMPTY else 'no object or array'} at its path"
        empty = {"EMPTY ARRAY": "[]", "EMPTY OBJECT": "{}"}.get(behaviour)
        if isinstance(result, t.Array):
            default = pl.lit([] if empty else None, result.polars)
        else:
            default = pl.lit(empty, pl.String)
        behaviours[status] = message if failing else "", default
    if isinstance(result, t.Array):
        return _answer(lambda index: array(index, path, wrapper), lambda x: x, args[0].expr, result, behaviours)
    return _answer(lambda index: json(index, path, wrapper), lambda x: x, args[0].expr, result, behaviours)


# -- binding -------------------------------------------------------------------------------------------


def _bind_call(gives: Callable[[Mapping[str, Any]], DataType]) -> Bind:
    """A text and a path, which is checked; `gives` checks the clauses."""

    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        bound, _ = _CALL(args, clauses)
        path = bound[1]
        assert isinstance(path, Literal)
        if path.value is not None:
            parse_path(str(path.value))
        return bound, gives(clauses)

    return bind


def _exists_type(clauses: Mapping[str, Any]) -> DataType:
    if clauses.get("on_empty"):
        raise ArgumentError("takes no ON EMPTY: what is not there does not exist")
    _check_behaviour(clauses, "on_error", ("TRUE", "FALSE", "UNKNOWN", "ERROR"))
    return t.BOOLEAN


def _value_type(clauses: Mapping[str, Any]) -> DataType:
    returning = clauses.get("returning") or t.STRING
    if not (isinstance(returning, (t.Boolean, t.Double, t.Varchar)) or returning.with_nullable() == t.INT):
        raise ArgumentError(f"returns STRING, VARCHAR, BOOLEAN, INT or DOUBLE, not {returning}: CAST its text instead")
    for clause in ("on_empty", "on_error"):
        behaviour = clauses.get(clause)
        if not isinstance(behaviour, Expression):
            _check_behaviour(clauses, clause, ("NULL", "ERROR", "DEFAULT"))
            continue
        if not isinstance(behaviour, Literal):
            raise ArgumentError("takes a constant as its DEFAULT: write it as a literal")
        text = isinstance(returning, t.Varchar) and not isinstance(behaviour.value, float)
        plain = behaviour.value is None or (text and isinstance(behaviour.type, _PLAIN))
        if not plain and not (type(behaviour.type) is type(returning) and behaviour.type.name == returning.name):
            raise ArgumentError(f"takes a DEFAULT of the type it returns, {returning}, not {behaviour.type}")
    return returning.with_nullable()


def _query_type(clauses: Mapping[str, Any]) -> DataType:
    returning = clauses.get("returning") or t.STRING
    is_list = isinstance(returning, t.Array) and isinstance(returning.element, t.Varchar)
    if not (is_list or isinstance(returning, t.Varchar)):
        raise ArgumentError(f"returns STRING, VARCHAR or ARRAY<STRING>, not {returning}")
    allowed = ("NULL", "ERROR", "EMPTY ARRAY") if is_list else ("NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT")
    for clause in ("on_empty", "on_error"):
        _check_behaviour(clauses, clause, allowed)
    return returning.with_nullable()


def _check_behaviour(clauses: Mapping[str, Any], clause: str, allowed: Sequence[str]) -> None:
    behaviour = clauses.get(clause)
    if behaviour is None or behaviour in allowed:
        return
    shown = "DEFAULT" if isinstance(behaviour, Expression) else behaviour
    words = clause.replace("_", " ").upper()
    raise ArgumentError(f"takes {' or '.join(f'{a} {words}' for a in allowed)}, not {shown} {words}")


FUNCTIONS = (
    define(
        "IS_JSON",
        "json",
        "text IS [NOT] JSON [VALUE | OBJECT | ARRAY | SCALAR]",
        "Whether a text begins with JSON, of a kind; NULL is none.",
        takes(CHARACTER, gives=lambda _: _CERTAIN),
        _is_json,
        ("'{\"a\": 1}' IS JSON", True),
        ("'[1]' IS JSON OBJECT", False),
        ("'abc' IS NOT JSON", True),
        ("CAST(NULL AS STRING) IS JSON", False),
    ),
    define(
        "JSON_EXISTS",
        "json",
        "JSON_EXISTS(text, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])",
        "Whether there is something but null at a path.",
        _bind_call(_exists_type),
        _exists_of,
        ("JSON_EXISTS('{\"a\": 1}', '$.a')", True),
        ("JSON_EXISTS('{\"a\": 1}', 'lax $.b')", False),
        ("JSON_EXISTS('{\"a\": 1}', 'strict $.b' TRUE ON ERROR)", True),
    ),
    define(
        "JSON_VALUE",
        "json",
        "JSON_VALUE(text, path [RETURNING type] [{NULL | ERROR | DEFAULT x} ON EMPTY] [... ON ERROR])",
        "The scalar at a path. A path is strict unless it begins with lax: then what is not there is empty, no error.",
        _bind_call(_value_type),
        _value_of,
        ("JSON_VALUE('{\"a\": {\"b\": 1.50}}', '$.a.b')", "1.50"),
        ("JSON_VALUE('{\"a\": 5}', '$.a' RETURNING INT)", 5),
        ("JSON_VALUE('{\"a\": [1]}', 'lax $.b' DEFAULT 'none' ON EMPTY)", "none"),
        ("JSON_VALUE('no JSON', '$.a' DEFAULT 'wrong' ON ERROR)", "wrong"),
    ),
    define(
        "JSON_QUERY",
        "json",
        "JSON_QUERY(text, path [RETURNING type] [WITH[OUT] [CONDITIONAL] WRAPPER] [... ON EMPTY] [... ON ERROR])",
        "The object or array at a path, its keys sorted; a wrapper makes an array of what is none.",
        _bind_call(_query_type),
        _query_of,
        ("JSON_QUERY('{\"z\": 1, \"a\": [1, 2]}', '$')", '{"a":[1,2],"z":1}'),
        ("JSON_QUERY('{\"a\": 1}', '$.a' WITH WRAPPER)", "[1]"),
        ("JSON_QUERY('[{\"a\": 1}, {\"a\": 2}]', '$[*].a')", "[1,2]"),
        ("JSON_QUERY('[\"x\", 1]', '$' RETURNING ARRAY<STRING>)", ["x", "1"]),
    ),
)
