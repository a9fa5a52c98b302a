"""Arrays as sets: whether and where a value is in them, and what several of them have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.building import checked, define, staged
from penstock.sql.functions.collections import bind_common, bind_item
from penstock.sql.functions.collections_rows import as_lists, as_rows, codes
from penstock.sql.functions.signatures import ARRAY, ArgumentError, like, takes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Build, Context, Value

__all__ = ["FUNCTIONS"]


def _check_two(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    if len(args) != 2:
        raise ArgumentError(f"takes (ARRAY, ARRAY), got {len(args)} argument{'s' if len(args) != 1 else ''}")


def _check_comparable(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    if any(_has_map(a.type) for a in args):
        raise ArgumentError(f"compares no maps, got ({', '.join(str(a.type) for a in args)})")


def _has_map(data_type: DataType) -> bool:
    match data_type:
        case t.Map() | t.Multiset():
            return True
        case t.Array(element):
            return _has_map(element)
        case t.Row(fields):
            return any(_has_map(field.type) for field in fields)
    return False


def _comparing(bind: Bind) -> Bind:
    return checked(bind, _check_comparable)


def _rowwise(function: Callable[[pl.DataFrame], pl.Series]) -> Build:
    """`function` of the arguments' columns "0", "1", ...; NULL where one of them is."""

    def build(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        return staged(function, result.polars, *(a.expr for a in args))

    return build


def _known(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()


def _equal_to_item(frame: pl.DataFrame) -> pl.DataFrame:
    """The elements of column "0" as rows, with `same`: whether they equal the value in column "1"."""
    rows = as_rows(frame["0"])
    items = frame["1"].gather(rows["row"])
    both = codes(pl.concat([rows["value"], items]))
    return rows.with_columns((both.head(rows.height) == both.tail(rows.height)).alias("same"))


def _contains(frame: pl.DataFrame) -> pl.Series:
    hits = _equal_to_item(frame).filter("same")["row"]
    found = pl.Series(range(frame.height), dtype=pl.Int64).is_in(hits.implode())
    return frame.select(pl.when(pl.col("0").is_not_null()).then(pl.lit(found))).to_series()


def _position(frame: pl.DataFrame) -> pl.Series:
    first = _equal_to_item(frame).filter("same").group_by("row").agg((pl.col("place").min() + 1).alias("at"))
    rows = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    joined = rows.join(first, on="row", how="left", maintain_order="left")
    at = pl.col("at").fill_null(0).cast(pl.Int32)
    return joined.select(pl.when(pl.col("0").is_not_null() & pl.col("1").is_not_null()).then(at)).to_series()


def _remove(frame: pl.DataFrame) -> pl.Series:
    return as_lists(_equal_to_item(frame).filter(~pl.col("same")), frame["0"].is_not_null())


def _coded(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The elements of both columns as rows, with `code`, which is equal where values are."""
    left, right = as_rows(frame["0"]), as_rows(frame["1"])
    code = codes(pl.concat([left["value"], right["value"]]))
    return (
        left.with_columns(code.head(left.height).alias("code")),
        right.with_columns(code.tail(right.height).alias("code")),
    )


def _except(frame: pl.DataFrame) -> pl.Series:
    left, right = _coded(frame)
    kept = left.join(right, on=["row", "code"], how="anti", maintain_order="left")
    return as_lists(kept.unique(["row", "code"], keep="first", maintain_order=True), _known(frame))


def _intersect(frame: pl.DataFrame) -> pl.Series:
    left, right = _coded(frame)
    kept = left.join(right, on=["row", "code"], how="semi", maintain_order="left")
    return as_lists(kept.unique(["row", "code"], keep="first", maintain_order=True), _known(frame))


def _union(frame: pl.DataFrame) -> pl.Series:
    both = pl.concat(_coded(frame))
    return as_lists(both.unique(["row", "code"], keep="first", maintain_order=True), _known(frame))


def _distinct(frame: pl.DataFrame) -> pl.Series:
    rows = as_rows(frame["0"])
    rows = rows.with_columns(codes(rows["value"]).alias("code"))
    return as_lists(rows.unique(["row", "code"], keep="first", maintain_order=True), _known(frame))


_PAIR = _comparing(checked(bind_common, _check_two))

FUNCTIONS = (
    define(
        "ARRAY_CONTAINS",
        "collection",
        "ARRAY_CONTAINS(array, value)",
        "Whether a value, or NULL, is among the elements.",
        _comparing(bind_item(lambda array, _: t.Boolean(nullable=array.nullable))),
        _rowwise(_contains),
        ("ARRAY_CONTAINS(ARRAY[1, 2], 2)", True),
        ("ARRAY_CONTAINS(ARRAY[1, 2], CAST(NULL AS INT))", False),
    ),
    define(
        "ARRAY_POSITION",
        "collection",
        "ARRAY_POSITION(array, value)",
        "The first place of a value, counted from 1; 0 if it is not there.",
        _comparing(bind_item(lambda array, item: t.Integer(32, nullable=array.nullable or item.nullable))),
        _rowwise(_position),
        ("ARRAY_POSITION(ARRAY[3, 2, 1], 2)", 2),
        ("ARRAY_POSITION(ARRAY[3, 2, 1], 5)", 0),
    ),
    define(
        "ARRAY_REMOVE",
        "collection",
        "ARRAY_REMOVE(array, value)",
        "The array without a value, or without its NULLs.",
        _comparing(bind_item(lambda array, _: array)),
        _rowwise(_remove),
        ("ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", [2]),
        ("ARRAY_REMOVE(ARRAY[1, CAST(NULL AS INT)], CAST(NULL AS INT))", [1]),
    ),
    define(
        "ARRAY_DISTINCT",
        "collection",
        "ARRAY_DISTINCT(array)",
        "Each value once, at its first place.",
        _comparing(takes(ARRAY, gives=like(0))),
        _rowwise(_distinct),
        ("ARRAY_DISTINCT(ARRAY[1, 2, 1])", [1, 2]),
    ),
    define(
        "ARRAY_UNION",
        "collection",
        "ARRAY_UNION(array, array)",
        "The values of both arrays, each once.",
        _PAIR,
        _rowwise(_union),
        ("ARRAY_UNION(ARRAY[1, 1, 2], ARRAY[3, 2])", [1, 2, 3]),
    ),
    define(
        "ARRAY_INTERSECT",
        "collection",
        "ARRAY_INTERSECT(array, array)",
        "The values that stand in both arrays, each once, in the order of the first.",
        _PAIR,
        _rowwise(_intersect),
        ("ARRAY_INTERSECT(ARRAY[3, 1, 1, 2], ARRAY[1, 3])", [3, 1]),
    ),
    define(
        "ARRAY_EXCEPT",
        "collection",
        "ARRAY_EXCEPT(array, array)",
        "The values of the first array that are not in the second, each once.",
        _PAIR,
        _rowwise(_except),
        ("ARRAY_EXCEPT(ARRAY[1, 1, 2, 3], ARRAY[1])", [2, 3]),
    ),
)
