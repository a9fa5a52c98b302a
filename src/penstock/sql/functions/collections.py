"""Arrays: their elements, compared, added, sorted, cut out. An array is a Polars list; equal means what Java says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, common_type, is_character, may_cast_implicitly
from penstock.sql.functions.building import any_null, checked, columnwise, define, staged
from penstock.sql.functions.collections_rows import as_lists, as_rows
from penstock.sql.functions.signatures import (
    ARRAY,
    BOOLEAN,
    CHARACTER,
    INTEGER,
    ArgumentError,
    Family,
    always,
    like,
    takes,
)
from penstock.sql.functions.spec import NOT_CONSTANT, Failure, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Build, Context

__all__ = ["FUNCTIONS", "absent", "bind_common", "bind_item", "list_of"]


# -- types -------------------------------------------------------------------------------------------


def element_type(array: DataType) -> DataType:
    assert isinstance(array, t.Array)
    return array.element


def bind_item(gives: Callable[[DataType, DataType], DataType]) -> Bind:
    """An array and a value, which is cast to the array's element."""

    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        shown = ", ".join(str(a.type) for a in args)
        if len(args) != 2 or not isinstance(args[0].type, t.Array):
            raise ArgumentError(f"takes (ARRAY, element), got ({shown})")
        array, item = args
        element = element_type(array.type)
        narrowed = isinstance(item.type, t.Decimal) and isinstance(element, t.Integer)
        cut = isinstance(item.type, t.Varchar) and isinstance(element, t.Char)
        if narrowed or cut or not may_cast_implicitly(item.type, element):
            raise ArgumentError(f"takes (ARRAY, element), got ({shown}): CAST the value to {element.with_nullable()}")
        bound = array, cast_to(item, element)
        return bound, gives(array.type, bound[1].type)

    return bind


def _with_item(array: DataType, item: DataType) -> DataType:
    """The array's type, which takes NULLs if the value may be one; then Flink calls the array NULL-able, too."""
    element = element_type(array)
    if not item.nullable:
        return array
    return t.Array(element.with_nullable(), nullable=True)


def bind_common(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    """Arrays of one type, or of types with a common one."""
    shown = ", ".join(str(a.type) for a in args)
    if not args or not all(isinstance(a.type, t.Array) for a in args):
        raise ArgumentError(f"takes (ARRAY, ...), got ({shown})")
    common = common_type([a.type for a in args])
    if common is None:
        raise ArgumentError(f"takes arrays with a common type, got ({shown})")
    return tuple(cast_to(a, common) for a in args), common


def _check_ordered(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    element = element_type(args[0].type)
    if isinstance(element, (t.Boolean, t.Array, t.Map, t.Multiset, t.Row)):
        raise ArgumentError(f"takes an array whose elements have an order, got {args[0].type}")


def _check_texts(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    if not is_character(element_type(args[0].type)):
        raise ArgumentError(f"takes an array of texts, got {args[0].type}: CAST it to ARRAY<STRING>")


def _element(types: tuple[DataType, ...]) -> DataType:
    return element_type(types[0]).with_nullable()


# -- building ----------------------------------------------------------------------------------------


def list_of(*values: pl.Expr) -> pl.Expr:
    """A list of one value of each expression; lists stay elements."""
    wrapped = pl.concat_list(pl.struct(v.alias("value")) for v in values)
    return wrapped.list.eval(pl.element().struct.field("value"))


def absent(element: DataType) -> Any:
    """What Flink gives for an element that is not there: NULL, unless its type is NOT NULL and Java has a default."""
    if element.nullable:
        return None
    match element:
        case t.Integer() | t.Float() | t.Double():
            return -1
        case t.Boolean():
            return False
        case t.Char() | t.Varchar():
            return ""
        case t.IntervalYear():
            return -1
        case t.IntervalDay():
            return dt.timedelta(milliseconds=-1)
        case t.Date():
            return dt.date(1969, 12, 31)
    return None


def _append(array: pl.Expr, item: pl.Expr) -> pl.Expr:
    return pl.concat_list(array, list_of(item))


def _prepend(array: pl.Expr, item: pl.Expr) -> pl.Expr:
    return pl.concat_list(list_of(item), array)


def _element_of(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    array, element = args[0].expr, element_type(args[0].type)
    size = array.list.len()
    only = array.list.get(0, null_on_oob=True)
    missing = pl.lit(absent(element), result.polars)
    value = pl.when(size == 0).then(missing).when(size == 1).then(only)
    return Value(value, result, (Failure(size > 1, "element", "ELEMENT takes an array of one element"),))


def _join(array: pl.Expr, separator: pl.Expr, null: pl.Expr | None = None) -> pl.Expr:
    array = pl.when(separator.is_not_null()).then(array)  # as many rows as the separator has
    if null is None:
        return array.list.drop_nulls().list.join(separator)
    filled = staged(_without_nulls, pl.List(pl.String()), array, null)
    return pl.when(null.is_not_null()).then(filled.list.join(separator))


def _without_nulls(frame: pl.DataFrame) -> pl.Series:
    rows = as_rows(frame["0"])
    filled = rows.with_columns(rows["value"].zip_with(rows["value"].is_not_null(), frame["1"].gather(rows["row"])))
    return as_lists(filled, frame["0"].is_not_null())


def _extreme(*, highest: bool) -> Build:
    """The greatest or least element; a NaN counts only as the first one, for nothing is greater or less than it."""

    def build(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        present = args[0].expr.list.drop_nulls()
        if not isinstance(result, (t.Float, t.Double)):
            ordered = present.list.sort(descending=highest)
            return ordered.list.get(0, null_on_oob=True)
        first = present.list.get(0, null_on_oob=True)
        numbers = present.list.eval(pl.element().filter(pl.element().is_not_nan()))
        extreme = numbers.list.max() if highest else numbers.list.min()
        return pl.when(first.is_nan()).then(first).otherwise(extreme)

    return build


def _slice(array: pl.Expr, start: pl.Expr, stop: pl.Expr | None = None) -> pl.Expr:
    """Both ends count, from 1, or from the end where negative; 0 is the first place."""
    size = array.list.len().cast(pl.Int64)
    start = start.cast(pl.Int64)
    stop = size if stop is None else stop.cast(pl.Int64)
    first = pl.when(start < 0).then(start + size + 1).otherwise(start).clip(1)
    last = pl.when(stop < 0).then(stop + size + 1).otherwise(stop)
    last = pl.when(last == 0).then(1).otherwise(last)
    cut = array.list.slice(first - 1, (last - first + 1).clip(0))
    return pl.when(~any_null(array, start, stop)).then(cut)


def _sort(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    array, *flags = args
    ascending = flags[0] if flags else Value(pl.lit(True), t.BOOLEAN, (), True)
    nulls_first = flags[1] if len(flags) > 1 else ascending
    chosen: Any = pl
    for up in (True, False):
        for first in (True, False):
            if ascending.constant in (up, NOT_CONSTANT) and nulls_first.constant in (first, NOT_CONSTANT):
                ordered = array.expr.list.sort(descending=not up, nulls_last=not first)
                chosen = chosen.when((ascending.expr == up) & (nulls_first.expr == first)).then(ordered)
    if chosen is pl:  # a flag is NULL
        return pl.lit(None, array.type.polars)
    result: pl.Expr = chosen.otherwise(None)
    return result


_SORTED = takes(ARRAY, BOOLEAN, BOOLEAN, optional=2, gives=like(0))

_COUNTED = Family("ARRAY or MAP", lambda x: isinstance(x, (t.Array, t.Map)))  # Flink binds a MULTISET, and fails


def _only(types: tuple[DataType, ...]) -> DataType:
    element = element_type(types[0])
    return element.with_nullable(element.nullable or types[0].nullable)


FUNCTIONS = (
    define(
        "CARDINALITY",
        "collection",
        "CARDINALITY(array | map)",
        "The number of elements or entries.",
        takes(_COUNTED, gives=always(t.INT)),
        columnwise(lambda x: x.list.len().cast(pl.Int32)),
        ("CARDINALITY(ARRAY[1, 2])", 2),
        ("CARDINALITY(MAP['a', 1])", 1),
        ("CARDINALITY(CAST(NULL AS ARRAY<INT>))", None),
    ),
    define(
        "ELEMENT",
        "collection",
        "ELEMENT(array)",
        "The only element; fails if there are more.",
        takes(ARRAY, gives=_only),
        _element_of,
        ("ELEMENT(ARRAY['a'])", "a"),
        ("ELEMENT(CAST(NULL AS ARRAY<INT>))", None),
    ),
    define(
        "ARRAY_APPEND",
        "collection",
        "ARRAY_APPEND(array, value)",
        "The array with a value more at its end.",
        bind_item(_with_item),
        columnwise(_append),
        ("ARRAY_APPEND(ARRAY[1, 2], 3)", [1, 2, 3]),
        ("ARRAY_APPEND(ARRAY[1], CAST(NULL AS INT))", [1, None]),
    ),
    define(
        "ARRAY_PREPEND",
        "collection",
        "ARRAY_PREPEND(array, value)",
        "The array with a value more at its start.",
        bind_item(_with_item),
        columnwise(_prepend),
        ("ARRAY_PREPEND(ARRAY[1, 2], 0)", [0, 1, 2]),
        ("ARRAY_PREPEND(ARRAY[ARRAY[1]], ARRAY[2, 3])", [[2, 3], [1]]),
    ),
    define(
        "ARRAY_CONCAT",
        "collection",
        "ARRAY_CONCAT(array, ...)",
        "The elements of all arrays, one after the other.",
        bind_common,
        columnwise(pl.concat_list),
        ("ARRAY_CONCAT(ARRAY[1, 2], ARRAY[3])", [1, 2, 3]),
        ("ARRAY_CONCAT(ARRAY[1], CAST(NULL AS ARRAY<INT>))", None),
    ),
    define(
        "ARRAY_JOIN",
        "collection",
        "ARRAY_JOIN(array, separator [, null])",
        "The texts with a separator between them; NULLs are left out, or written as `null` says.",
        checked(takes(ARRAY, CHARACTER, CHARACTER, optional=1, gives=always(t.STRING)), _check_texts),
        columnwise(_join),
        ("ARRAY_JOIN(ARRAY['a', CAST(NULL AS STRING), 'b'], ',')", "a,b"),
        ("ARRAY_JOIN(ARRAY['a', CAST(NULL AS STRING), 'b'], ',', '?')", "a,?,b"),
    ),
    define(
        "ARRAY_MAX",
        "collection",
        "ARRAY_MAX(array)",
        "The greatest element; NULLs do not count.",
        checked(takes(ARRAY, gives=_element), _check_ordered),
        _extreme(highest=True),
        ("ARRAY_MAX(ARRAY[1, 3, CAST(NULL AS INT)])", 3),
        ("ARRAY_MAX(ARRAY['b', 'a'])", "b"),
    ),
    define(
        "ARRAY_MIN",
        "collection",
        "ARRAY_MIN(array)",
        "The least element; NULLs do not count.",
        checked(takes(ARRAY, gives=_element), _check_ordered),
        _extreme(highest=False),
        ("ARRAY_MIN(ARRAY[3, 1, CAST(NULL AS INT)])", 1),
    ),
    define(
        "ARRAY_REVERSE",
        "collection",
        "ARRAY_REVERSE(array)",
        "The elements from last to first.",
        takes(ARRAY, gives=like(0)),
        columnwise(lambda x: x.list.reverse()),
        ("ARRAY_REVERSE(ARRAY[1, 2, 3])", [3, 2, 1]),
    ),
    define(
        "ARRAY_SLICE",
        "collection",
        "ARRAY_SLICE(array, start [, end])",
        "The elements from a place to another, both included, counted from 1, or from the end if negative.",
        takes(ARRAY, INTEGER, INTEGER, optional=1, gives=like(0)),
        columnwise(_slice),
        ("ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, 3)", [2, 3]),
        ("ARRAY_SLICE(ARRAY[1, 2, 3, 4], -2)", [3, 4]),
        ("ARRAY_SLICE(ARRAY[1, 2, 3, 4], 3, 2)", []),
    ),
    define(
        "ARRAY_SORT",
        "collection",
        "ARRAY_SORT(array [, ascending [, nulls_first]])",
        "The elements in order, NULLs first if ascending, last if not, unless said otherwise.",
        checked(_SORTED, _check_ordered),
        _sort,
        ("ARRAY_SORT(ARRAY[3, 1, CAST(NULL AS INT)])", [None, 1, 3]),
        ("ARRAY_SORT(ARRAY[3, 1, CAST(NULL AS INT)], FALSE)", [3, 1, None]),
        ("ARRAY_SORT(ARRAY[3, 1, CAST(NULL AS INT)], TRUE, FALSE)", [1, 3, None]),
    ),
)
