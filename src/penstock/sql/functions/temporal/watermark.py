"""CURRENT_WATERMARK: what the stream has promised just before a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Ref
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Function
from penstock.sql.functions.temporal.arguments import count, shown
from penstock.sql.functions.temporal.values import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS", "WATERMARK"]

WATERMARK = "$wm"
"""The column that CURRENT_WATERMARK reads: Int64, the watermark before the row in ms since 1970, NULL before the
first. The engine adds it to the rows of a projection or filter that calls CURRENT_WATERMARK."""


def _bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 1, 1, "an event time")
    if not isinstance(args[0], Ref) or not isinstance(args[0].type, (t.Timestamp, t.TimestampLtz)):
        raise ArgumentError(f"takes an event time: the column of the table's WATERMARK, got {shown(args)}")
    kind = t.TimestampLtz if isinstance(args[0].type, t.TimestampLtz) else t.Timestamp
    return args, kind(args[0].type.precision)


def _build(_context: Context, _args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return timestamp(pl.col(WATERMARK), result)


FUNCTIONS = (
    Function(
        "CURRENT_WATERMARK",
        "temporal",
        "CURRENT_WATERMARK(rowtime)",
        "The watermark just before a row, as the type of its event time; NULL before the first one.",
        _bind,
        _build,
    ),
)
