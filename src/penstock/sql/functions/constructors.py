"""ROW and ARRAY, and the fields of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.collections import list_of
from penstock.sql.functions.signatures import ANY, same, takes
from penstock.sql.functions.spec import Example, Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]


def _row_type(types: tuple[DataType, ...]) -> DataType:
    return t.Row(tuple(t.Field(f"EXPR${i}", x) for i, x in enumerate(types)), nullable=False)


def _row(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return pl.struct(*(a.expr.alias(f"EXPR${i}") for i, a in enumerate(args)))


def _field(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr.struct.field(clauses["field"])


def _array(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return list_of(*(a.expr for a in args))


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
)
