"""The time of day: outside determinism, read from the context's clock once a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.functions.signatures import takes
from penstock.sql.functions.spec import Example, Function, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS", "now"]

_MOMENT = t.TimestampLtz(3, nullable=False)


def now(context: Context) -> pl.Expr:
    """Milliseconds since 1970 (Int64), at the time when the expression is evaluated."""
    return pl.lit(0, pl.Int64).map_batches(
        lambda _: pl.Series([context.clock.now_ms()], dtype=pl.Int64), return_dtype=pl.Int64, returns_scalar=True
    )


def _build(context: Context, _args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    moment = Value(now(context).cast(_MOMENT.polars), _MOMENT)
    return moment.expr if result == _MOMENT else cast(moment, result, context).expr


def _function(name: str, data_type: DataType, text: str, earlier: str) -> Function:
    call = f"{name}()" if name in ("NOW", "CURRENT_ROW_TIMESTAMP") else name
    return Function(
        name,
        "temporal",
        call,
        text,
        takes(gives=lambda _: data_type.with_nullable(False)),
        _build,
        (Example(f"{call} > {earlier}", True),),
        deterministic=False,
    )


_MOMENT_BEFORE = "TO_TIMESTAMP_LTZ(1000000000000, 3)"

FUNCTIONS = (
    _function("CURRENT_DATE", t.DATE, "Today in the session's time zone.", "DATE '2020-01-01'"),
    _function("CURRENT_TIMESTAMP", _MOMENT, "This moment.", _MOMENT_BEFORE),
    _function("NOW", _MOMENT, "This moment.", _MOMENT_BEFORE),
    _function("CURRENT_ROW_TIMESTAMP", _MOMENT, "This moment.", _MOMENT_BEFORE),
    _function(
        "LOCALTIMESTAMP",
        t.Timestamp(3),
        "The wall time in the session's time zone.",
        "TIMESTAMP '2020-01-01 00:00:00'",
    ),
    *(
        Function(
            name,
            "temporal",
            name,
            "The time of day in the session's time zone.",
            takes(gives=lambda _: t.Time(0, nullable=False)),
            _build,
            (Example(f"{name} >= TIME '00:00:00'", True),),
            deterministic=False,
        )
        for name in ("CURRENT_TIME", "LOCALTIME")
    ),
)
