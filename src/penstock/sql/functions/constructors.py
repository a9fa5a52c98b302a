"""ROW, ARRAY, MAP, and reaching into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import ANY, ArgumentError, same, takes
from penstock.sql.functions.spec import Example, Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]


def _row_type(types: tuple[DataType, ...]) -> DataType:
    return t.Row(tuple(t.Field(f"EXPR${i}", x) for i, x in enumerate(types)), nullable=False)


def _row(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return pl.struct(*(a.expr.alias(f"EXPR${i}") for i, a in enumerate(args)))


def _field(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr.struct.field(clauses["field"])


def _array(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return pl.concat_list(*(a.expr for a in args))


def _bind_index(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    container, index = args
    match container.type:
        case t.Array(element) if isinstance(index.type, t.Integer):
            return args, element.with_nullable()
    raise ArgumentError(f"takes ARRAY[INT], got ({', '.join(str(a.type) for a in args)})")


def _index(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr.list.get(args[1].expr - 1, null_on_oob=True)


FUNCTIONS = (
    Function(
        "ROW",
        "constructor",
        "ROW(a, ...)",
        "A row of values.",
        takes(variadic=ANY, gives=_row_type),
        _row,
        (Example("ROW(1, 'a')", {"EXPR$0": 1, "EXPR$1": "a"}),),
    ),
    Function(".", "constructor", "row.field", "A field of a row.", takes(ANY, gives=lambda x: x[0]), _field),
    Function(
        "ARRAY",
        "constructor",
        "ARRAY[a, ...]",
        "An array of values of one type.",
        same(gives=lambda x: t.Array(x, nullable=False)),
        _array,
        (Example("ARRAY[1, 2]", [1, 2]),),
    ),
    Function(
        "[]",
        "constructor",
        "array[i]",
        "The element at a place, counted from 1; NULL beyond the end.",
        _bind_index,
        _index,
        (Example("ARRAY[1, 2][2]", 2),),
    ),
)
