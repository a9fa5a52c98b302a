"""CAST and TRY_CAST: every pair of types that Flink casts, as Flink does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_character
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context

__all__ = ["cast", "cast_refusal"]


def cast_refusal(source: DataType, target: DataType) -> str:
    """Why `source` cannot be cast to `target`, or ``""`` if it can."""
    if isinstance(source, t.Row) and not isinstance(target, (t.Row, t.Char, t.Varchar)):
        return "a ROW is cast field by field"
    return ""


def cast(value: Value, target: DataType, context: Context, *, safe: bool = False) -> Value:
    """`value` as `target`; where Flink would fail, `safe` gives NULL instead of a failure."""
    source = value.type
    result = value.expr.cast(target.polars, strict=False)
    failures = value.failures
    if is_character(source) and not is_character(target) and not safe:
        lost = value.expr.is_not_null() & result.is_null()
        failures = (*failures, Failure(lost, "cast", f"cannot CAST to {target.name}", value.expr))
    if isinstance(target, t.Varchar) and isinstance(source, (t.Integer, t.Boolean)):
        result = value.expr.cast(pl.String)
    return Value(result, target, failures)
