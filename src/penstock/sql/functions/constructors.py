"""ROW and ARRAY, and the fields of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import common_type
from penstock.sql.functions.building import columnwise, define
from penstock.sql.functions.collections import list_of
from penstock.sql.functions.signatures import ANY, same, takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]


def _row_type(types: tuple[DataType, ...]) -> DataType:
    return t.Row(tuple(t.Field(f"EXPR${i}", x) for i, x in enumerate(types)), nullable=False)


def _row(*parts: pl.Expr) -> pl.Expr:
    return pl.struct(*(part.alias(f"EXPR${i}") for i, part in enumerate(parts)))


def _field(_context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr.struct.field(clauses["field"])


_KIND = "constructor"

FUNCTIONS = (
    define(
        "ROW",
        _KIND,
        "ROW(a, ...)",
        "A row of values.",
        takes(variadic=ANY, gives=_row_type),
        columnwise(_row),
        ("ROW(1, 'a')", {"EXPR$0": 1, "EXPR$1": "a"}),
    ),
    define(
        ".",
        _KIND,
        "row.field",
        "A field of a row.",
        takes(ANY, gives=lambda types: types[0]),
        _field,
        ("CAST(ROW(1, 'a') AS ROW<x INT, y STRING>).x", 1),
    ),
    define(
        "ARRAY",
        _KIND,
        "ARRAY[a, ...]",
        "An array of values, which become one type.",
        same(gives=lambda element: t.Array(element, nullable=False), common_of=common_type),
        columnwise(list_of),
        ("ARRAY[1, 2]", [1, 2]),
        ("ARRAY[1, 2.5]", ["1.0", "2.5"]),
    ),
)
