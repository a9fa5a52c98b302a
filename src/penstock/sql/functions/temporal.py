"""Dates, times and timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import INTEGER, LONG, nullable, takes
from penstock.sql.functions.spec import Example, Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]


def _to_timestamp_ltz(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    number = args[0].expr.cast(pl.Int64)
    return (number if args[1].constant == 3 else number * 1000).cast(pl.Datetime("ms", "UTC"))


FUNCTIONS = (
    Function(
        "TO_TIMESTAMP_LTZ",
        "temporal",
        "TO_TIMESTAMP_LTZ(number, precision)",
        "The moment that is a number of seconds (precision 0) or milliseconds (3) after 1970.",
        takes(LONG, INTEGER, gives=nullable(t.TimestampLtz(3))),
        _to_timestamp_ltz,
        (Example("TO_TIMESTAMP_LTZ(1500, 3)", "1970-01-01 00:00:01.500Z"),),
    ),
)
