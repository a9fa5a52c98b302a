"""IS JSON, JSON_EXISTS, JSON_VALUE, JSON_QUERY: what stands in a JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Expr as Expression
from penstock.sql.expr import Literal
from penstock.sql.functions.building import define, staged
from penstock.sql.functions.json_index import ARRAY, LITERAL, NUMBER, OBJECT, Index
from penstock.sql.functions.json_paths import children, follow, parse_path
from penstock.sql.functions.json_values import as_json, as_text, is_null
from penstock.sql.functions.signatures import CHARACTER, ArgumentError, literal, nullable, takes
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.json_paths import Path
    from penstock.sql.functions.spec import Bind, Context

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["FUNCTIONS"]

_OK, _EMPTY, _ERROR, _MISFIT = 0, 1, 2, 3
_WRAPS_ALL = ("WITH", "UNCONDITIONAL")
_PLAIN = (t.Char, t.Varchar, t.Integer, t.Decimal, t.Boolean)
_CERTAIN = t.BOOLEAN.with_nullable(False)
_CALL = takes(CHARACTER, literal(CHARACTER), gives=nullable(t.STRING))


def _of_json(function: Callable[[Index], pl.Series], data_type: pl.DataType, text: pl.Expr) -> pl.Expr:
    return staged(lambda frame: function(Index(frame["0"])), data_type, text)


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

    return _of_json(answer, pl.Boolean(), args[0].expr)


# -- what a path leads to ------------------------------------------------------------------------------


def _path(args: Sequence[Value]) -> Path | None:
    return None if args[1].constant is None else parse_path(str(args[1].constant))


def _status(index: Index, path: Path, broken: Flags) -> NDArray[np.int8]:
    """A text's outcome where nothing was found: an error if strict, else empty."""
    status = np.full(index.size, _ERROR if path.strict else _EMPTY, dtype=np.int8)
    if not path.definite:
        # a list was found, even if there is nothing in it
        status[~broken | (index.valid & (not path.strict))] = _OK
    return status


def _exists(index: Index, path: Path) -> pl.Series:
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    found = np.zeros(index.size, dtype=np.bool_)
    if path.definite:
        docs = index.doc[nodes]
        status[docs] = _OK
        found[docs] = ~is_null(index, nodes)
    else:
        found = status == _OK
    return _outcome(pl.Series(found), status)


def _outcome(value: pl.Series, status: NDArray[np.int8]) -> pl.Series:
    return pl.DataFrame({"value": value, "status": status}).to_struct()


def _scalar(index: Index, path: Path, returning: DataType) -> pl.Series:
    """The text of a scalar of the kind that RETURNING wants."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    value = pl.Series([None], dtype=pl.String).new_from_index(0, index.size)
    status[status == _OK] = _ERROR if path.strict else _EMPTY  # a list is no scalar
    if path.definite:
        kinds = index.kind[nodes]
        scalar = (kinds != OBJECT) & (kinds != ARRAY) & ~is_null(index, nodes)
        nodes = nodes[scalar]
        docs = index.doc[nodes]
        shown = as_text(index, nodes)
        status[docs] = np.where(_fits(index, nodes, shown, returning), _OK, _MISFIT)
        value = value.scatter(docs, shown)
    return _outcome(value, status)


def _fits(index: Index, nodes: Ints, shown: pl.Series, returning: DataType) -> Any:
    kinds = index.kind[nodes]
    match returning:
        case t.Boolean():
            return kinds == LITERAL
        case t.Integer():
            whole = shown.str.contains(r"^-?\d+$").to_numpy()
            return (kinds == NUMBER) & whole & shown.cast(pl.Int32, strict=False).is_not_null().to_numpy()
        case t.Double():
            return (kinds == NUMBER) & index.slices(nodes).str.contains("[.eE]").to_numpy()
    return np.ones(nodes.size, dtype=np.bool_)


def _wraps(wrapper: str, is_array: Flags) -> Flags:
    """Which values become the only element of an array."""
    if wrapper == "CONDITIONAL":
        return ~is_array
    return np.full(is_array.size, wrapper in _WRAPS_ALL)


def _lists(docs: Ints, texts: pl.Series, wanted: Ints) -> pl.Series:
    """The texts that belong to each of the `wanted` documents, as lists."""
    found = pl.DataFrame({"doc": docs, "text": texts}).group_by("doc", maintain_order=True).agg("text")
    rows = pl.DataFrame({"doc": wanted}).join(found, on="doc", how="left", maintain_order="left")
    return rows.select(pl.coalesce("text", pl.lit([], pl.List(pl.String)))).to_series()


def _joined(lists: pl.Series) -> pl.Series:
    return _around(lists.list.join(","))


def _around(json: pl.Series) -> pl.Series:
    return pl.select(pl.lit("[") + pl.lit(json) + pl.lit("]")).to_series()


def _json(index: Index, path: Path, wrapper: str) -> pl.Series:
    """Objects and arrays, or what the wrapper makes of a value."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    if path.definite:
        nodes = nodes[~is_null(index, nodes)]
        docs, text = index.doc[nodes], as_json(index, nodes)
        is_array = index.kind[nodes] == ARRAY
        whole = is_array | (index.kind[nodes] == OBJECT)
    else:
        docs = np.flatnonzero(status == _OK)
        text = _joined(_lists(index.doc[nodes], as_json(index, nodes), docs))
        is_array = whole = np.ones(docs.size, dtype=np.bool_)
    wrapped = _wraps(wrapper, is_array)
    if wrapped.any():
        text = _around(text).zip_with(pl.Series(wrapped), text)
    fits = wrapped | whole
    return _placed(docs[fits], text.filter(pl.Series(fits)), status)


def _array(index: Index, path: Path, wrapper: str) -> pl.Series:
    """The elements of arrays as texts; a wrapper makes a value the only element."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    if path.definite:
        nodes = nodes[~is_null(index, nodes)]
        is_array = index.kind[nodes] == ARRAY
        wrapped = _wraps(wrapper, is_array)
        docs = index.doc[nodes[is_array | wrapped]]
        tokens = np.concatenate((children(index, nodes[is_array & ~wrapped])[0], nodes[wrapped]))
        lists = _lists(index.doc[tokens], as_text(index, tokens), docs)
    else:
        docs = np.flatnonzero(status == _OK)
        if wrapper in _WRAPS_ALL:
            lists = _lists(docs, _joined(_lists(index.doc[nodes], as_json(index, nodes), docs)), docs)
        else:
            lists = _lists(index.doc[nodes], as_text(index, nodes), docs)
    return _placed(docs, lists, status)


def _placed(docs: Ints, values: pl.Series, status: NDArray[np.int8]) -> pl.Series:
    """The outcome of each text, of which `docs` have a value."""
    status[status == _OK] = _ERROR
    status[docs] = _OK
    rows = pl.DataFrame({"doc": np.arange(status.size), "status": status})
    found = pl.DataFrame({"doc": docs, "value": values}, schema={"doc": pl.Int64, "value": values.dtype})
    return rows.join(found, on="doc", how="left", maintain_order="left").select("value", "status").to_struct()


# -- functions -----------------------------------------------------------------------------------------


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
        value: pl.Expr = pl.when(pl.col("status") == _OK).then(shown(pl.col("value")))
        for i, status in enumerate(behaviours, 1):
            value = pl.when(pl.col("status") == status).then(pl.col(str(i))).otherwise(value)
        known = pl.col("0").is_not_null()
        return rows.select(pl.when(known).then(value.cast(result.polars))).to_series()

    def failing(frame: pl.DataFrame) -> pl.Series:
        status = outcome(Index(frame["0"])).struct.field("status")
        return frame.select(pl.when(pl.col("0").is_not_null()).then(pl.lit(status))).to_series()

    value = staged(compute, result.polars, text, *(default for _, default in behaviours.values()))
    messages = {status: message for status, (message, _) in behaviours.items() if message}
    if misfit:
        messages[_MISFIT] = misfit
    if not messages:
        return Value(value, result)
    status = staged(failing, pl.Int8(), text)
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
    behaviours = {_EMPTY: ("", pl.lit(False)), _ERROR: (message, default)}
    return _answer(lambda index: _exists(index, path), lambda x: x, args[0].expr, result, behaviours)


def _value_of(
    _context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    path = _path(args)
    if path is None:
        return pl.lit(None, result.polars)
    behaviours = {}
    for status, clause in ((_EMPTY, "on_empty"), (_ERROR, "on_error")):
        behaviour = clauses.get(clause) or "NULL"
        failing = behaviour == "ERROR"
        message = f"JSON_VALUE finds {'nothing' if status == _EMPTY else 'no scalar'} at its path" if failing else ""
        default = behaviour.value if isinstance(behaviour, Literal) else None
        behaviours[status] = message, pl.lit(_default(default, result), result.polars)

    def shown(text: pl.Expr) -> pl.Expr:
        match result:
            case t.Boolean():
                return text == "true"
            case t.Varchar(length) if length < t.MAX_LENGTH:
                return text.str.slice(0, length)
        return text.cast(result.polars, strict=False)

    kind = "" if isinstance(result, t.Varchar) else f"JSON_VALUE finds a value that is no {result.name}"
    return _answer(lambda index: _scalar(index, path, result), shown, args[0].expr, result, behaviours, kind)


def _default(value: Any, result: DataType) -> Any:
    if not isinstance(result, t.Varchar) or value is None:
        return value
    return (str(value).lower() if isinstance(value, bool) else str(value))[: result.length]


def _query_of(
    _context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    path = _path(args)
    if path is None:
        return pl.lit(None, result.polars)
    wrapper = clauses.get("wrapper") or "WITHOUT"
    behaviours = {}
    for status, clause in ((_EMPTY, "on_empty"), (_ERROR, "on_error")):
        behaviour = clauses.get(clause) or "NULL"
        failing = behaviour == "ERROR"
        message = f"JSON_QUERY finds {'nothing' if status == _EMPTY else 'no object or array'} at its path"
        empty = {"EMPTY ARRAY": "[]", "EMPTY OBJECT": "{}"}.get(behaviour)
        if isinstance(result, t.Array):
            default = pl.lit([] if empty else None, result.polars)
        else:
            default = pl.lit(empty, pl.String)
        behaviours[status] = message if failing else "", default
    if isinstance(result, t.Array):
        return _answer(lambda index: _array(index, path, wrapper), lambda x: x, args[0].expr, result, behaviours)
    assert isinstance(result, t.Varchar)
    length = result.length

    def shown(text: pl.Expr) -> pl.Expr:
        return text if length == t.MAX_LENGTH else text.str.slice(0, length)

    return _answer(lambda index: _json(index, path, wrapper), shown, args[0].expr, result, behaviours)


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
