"""CAST and TRY_CAST: every pair of types that Flink casts, as Flink does it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.allowed import cast_refusal
from penstock.sql.casts.convert import convert
from penstock.sql.casts.to_text import text_of

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

__all__ = ["cast", "cast_refusal"]


def cast(value: Value, target: DataType, context: Context, *, safe: bool = False) -> Value:
    """`value` as `target`; where Flink would fail, `safe` gives NULL instead of a failure.

    Digits that do not fit a DECIMAL give NULL in both.
    """
    from penstock.sql.functions.spec import Failure, Value

    if isinstance(value.type, t.Null):
        return replace(value, expr=pl.lit(None, dtype=target.polars), type=target)
    converted = convert(value.expr, value.type, target, context.zone)
    result, failures = converted.expr, value.failures
    causes = [converted.fatal, None if safe else converted.lost]
    for cause in causes:
        if cause is not None:
            shown = text_of(value.expr, value.type, context.zone)
            failures = (*failures, Failure(cause, "cast", f"cannot CAST to {target.name}", shown))
    if safe and converted.lost is not None and isinstance(target, (t.Array, t.Map, t.Multiset, t.Row)):
        # one part that is lost makes all of it NULL; a value of one part is so already
        result = pl.when(~converted.lost.fill_null(False)).then(result)
    return Value(result, target, failures)
