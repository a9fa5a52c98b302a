"""Maps: their construction, keys and values, and reaching into maps and arrays. A map is a list of entries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, common_type
from penstock.sql.expr import Literal
from penstock.sql.functions.building import any_null, columnwise, define, staged
from penstock.sql.functions.collections import absent
from penstock.sql.functions.collections_rows import as_lists, as_rows, codes, last_of_each_key
from penstock.sql.functions.signatures import ARRAY, MAP, ArgumentError, takes
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]


# -- types -------------------------------------------------------------------------------------------


def _shown(args: Sequence[Expr]) -> str:
    return ", ".join(str(a.type) for a in args)


def _bind_map(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not args or len(args) % 2:
        raise ArgumentError(f"takes pairs of a key and a value, got ({_shown(args)})")
    key, value = common_type([a.type for a in args[::2]]), common_type([a.type for a in args[1::2]])
    if key is None or value is None or isinstance(key, t.Null) or isinstance(value, t.Null):
        raise ArgumentError(f"takes keys of one type and values of one type, got ({_shown(args)})")
    bound = tuple(cast_to(a, value if i % 2 else key) for i, a in enumerate(args))
    return bound, t.Map(key, value, nullable=False)


def _bind_maps(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not args or not all(isinstance(a.type, t.Map) for a in args):
        raise ArgumentError(f"takes (MAP, ...), got ({_shown(args)})")
    common = common_type([a.type for a in args])
    if common is None:
        raise ArgumentError(f"takes maps with a common type, got ({_shown(args)})")
    return tuple(cast_to(a, common) for a in args), common


def _bind_at(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 2:
        raise ArgumentError(f"takes one place or key in brackets, got {len(args) - 1}")
    container, at = args
    match container.type:
        case t.Array(element) if isinstance(at.type, t.Null) or at.type.with_nullable() == t.INT:
            if isinstance(at, Literal) and at.value is not None and at.value < 1:
                raise ArgumentError(f"takes a place from 1, got {at.value}")
            return (container, cast_to(at, t.INT)), element.with_nullable()
        case t.Map(key, value):
            if isinstance(at.type, t.Null):
                return (container, cast_to(at, key)), value.with_nullable()
            exact = isinstance(key, t.Integer) and not isinstance(at.type, t.Integer)
            if common_type((key, at.type)) is not None and not exact:
                return args, value.with_nullable()
    raise ArgumentError(f"takes ARRAY[INT] or MAP[key], got ({_shown(args)})")


def _keys_type(types: tuple[DataType, ...]) -> DataType:
    assert isinstance(types[0], t.Map)
    return t.Array(types[0].key, nullable=types[0].nullable)


def _values_type(types: tuple[DataType, ...]) -> DataType:
    assert isinstance(types[0], t.Map)
    return t.Array(types[0].value, nullable=types[0].nullable)


def _entries_type(types: tuple[DataType, ...]) -> DataType:
    assert isinstance(types[0], t.Map)
    row = t.Row((t.Field("key", types[0].key), t.Field("value", types[0].value)))
    return t.Array(row, nullable=types[0].nullable)


def _zipped_type(types: tuple[DataType, ...]) -> DataType:
    keys, values = types
    assert isinstance(keys, t.Array)
    assert isinstance(values, t.Array)
    return t.Map(keys.element, values.element, nullable=keys.nullable or values.nullable)


# -- builds ------------------------------------------------------------------------------------------


def _map(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    entries = pl.concat_list(
        pl.struct(key.expr.alias("key"), value.expr.alias("value"))
        for key, value in zip(args[::2], args[1::2], strict=True)
    )
    keys = [repr(key.constant) for key in args[::2] if key.is_constant]
    if len(keys) == len(args) // 2 and len(set(keys)) < len(keys):
        # Flink makes a map of literals itself, and then a key stands in it once; other keys it does not compare
        return staged(lambda frame: last_of_each_key(frame["0"]), result.polars, entries)
    return entries


def _union(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    entries = pl.concat_list(a.expr for a in args)
    return staged(lambda frame: last_of_each_key(frame["0"]), result.polars, entries)


def _from_arrays(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    keys, values = (a.expr for a in args)
    unlike = keys.list.len() != values.list.len()

    def zipped(frame: pl.DataFrame) -> pl.Series:
        known = frame.select(pl.col("0").list.len() == pl.col("1").list.len()).to_series().fill_null(False)
        rows = as_rows(frame["0"].zip_with(known, frame["0"].clear().extend_constant(None, 1)))
        other = as_rows(frame["1"].zip_with(known, frame["1"].clear().extend_constant(None, 1)))
        entries = pl.DataFrame({"key": rows["value"], "value": other["value"]}).to_struct("value")
        return as_lists(rows.select("row").with_columns(entries), known)

    failure = Failure(unlike, "map", "MAP_FROM_ARRAYS takes as many keys as values")
    return Value(staged(zipped, result.polars, keys, values), result, (failure,))


def _at(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    at = args[1].expr
    container = pl.when(at.is_not_null()).then(args[0].expr)  # as many rows as `at` has
    match args[0].type:
        case t.Array(element):
            place = at.cast(pl.Int64)
            found: pl.Expr = pl.when(place > 0).then(container.list.get(place.clip(1) - 1, null_on_oob=True))
            missing = (place < 1) | (place > container.list.len())
        case t.Map(key, element):
            common = common_type((key, args[1].type))
            assert common is not None
            hit = staged(partial(_entry, common.polars), pl.List(result.polars), container, at)
            found, missing = hit.list.get(0, null_on_oob=True), hit.list.len() == 0
    default = absent(element)
    if default is None:
        return found
    return pl.when(missing & ~any_null(container, at)).then(pl.lit(default, result.polars)).otherwise(found)


def _entry(common: pl.DataType, frame: pl.DataFrame) -> pl.Series:
    """The value of a key, compared as `common`, as a list of one; empty where it is not there."""
    rows = as_rows(frame["0"])
    entries = rows.select("row", pl.col("value").struct.unnest())
    both = codes(pl.concat([entries["key"].cast(common), frame["1"].gather(entries["row"]).cast(common)]))
    hits = entries.filter(both.head(entries.height) == both.tail(entries.height))
    known = frame.select(pl.col("0").is_not_null() & pl.col("1").is_not_null()).to_series()
    return as_lists(hits.unique("row", keep="last", maintain_order=True).select("row", "value"), known)


def _field(name: str, maps: pl.Expr) -> pl.Expr:
    return maps.list.eval(pl.element().struct.field(name))


FUNCTIONS = (
    define(
        "MAP",
        "constructor",
        "MAP[key, value, ...]",
        "A map; of a constant key given twice the last value counts.",
        _bind_map,
        _map,
        ("MAP['a', 1, 'b', 2]", [["a", 1], ["b", 2]]),
    ),
    define(
        "[]",
        "constructor",
        "array[place] | map[key]",
        "The element at a place, counted from 1, or the value of a key. What is not there is NULL, unless the type of "
        "the elements is NOT NULL: then it is -1, FALSE or the empty text, as in Flink.",
        _bind_at,
        _at,
        ("ARRAY[1, 2][2]", 2),
        ("ARRAY[1, CAST(NULL AS INT)][3]", None),
        ("MAP['a', 1, 'b', 2]['b']", 2),
        ("MAP['a', CAST(NULL AS INT)]['z']", None),
    ),
    define(
        "MAP_KEYS",
        "collection",
        "MAP_KEYS(map)",
        "The keys, in the order in which they came.",
        takes(MAP, gives=_keys_type),
        columnwise(lambda x: _field("key", x)),
        ("MAP_KEYS(MAP['a', 1, 'b', 2])", ["a", "b"]),
    ),
    define(
        "MAP_VALUES",
        "collection",
        "MAP_VALUES(map)",
        "The values, in the order in which their keys came.",
        takes(MAP, gives=_values_type),
        columnwise(lambda x: _field("value", x)),
        ("MAP_VALUES(MAP['a', 1, 'b', CAST(NULL AS INT)])", [1, None]),
    ),
    define(
        "MAP_ENTRIES",
        "collection",
        "MAP_ENTRIES(map)",
        "The entries as rows of `key` and `value`.",
        takes(MAP, gives=_entries_type),
        columnwise(lambda x: x),
        ("MAP_ENTRIES(MAP['a', 1])", [{"key": "a", "value": 1}]),
    ),
    define(
        "MAP_FROM_ARRAYS",
        "collection",
        "MAP_FROM_ARRAYS(keys, values)",
        "A map of as many keys as values; a key given twice stays twice.",
        takes(ARRAY, ARRAY, gives=_zipped_type),
        _from_arrays,
        ("MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2])", [["a", 1], ["b", 2]]),
    ),
    define(
        "MAP_UNION",
        "collection",
        "MAP_UNION(map, ...)",
        "The entries of all maps; of a key in several the last value counts.",
        _bind_maps,
        _union,
        ("MAP_UNION(MAP['a', 1, 'b', 2], MAP['b', 3])", [["a", 1], ["b", 3]]),
    ),
)
