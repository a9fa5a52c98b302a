"""COUNT, SUM and AVG.

Sums of integers overflow as Java's do, in the bits of the type; AVG adds in 64 bits, but beside a variance Flink
makes it a SUM divided by a COUNT. Where a DECIMAL sum exceeds 38 digits on the way, Flink forgets it and begins again
at the next value: which one depends on how rows are grouped on the way, so such a SUM is refused.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import MAX_PRECISION, fit, unscaled
from penstock.sql.functions.aggregates.shapes import counted, number
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Aggregate, Example, Failure, Value
from penstock.sql.functions.temporal.arguments import no_bare_null, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["AGGREGATES", "added", "average_of_sums", "summed"]

_State = dict[str, pl.Expr]

_SAFE_PRECISION = 26
"""Up to this precision a million million values do not overflow a sum of 38 digits."""

_NEAR_OVERFLOW = 1.2e38
"""Beyond, a DOUBLE sum tells the overflow; below, the digits of a 128-bit integer do."""

_SAFE = 1e38 * (1 - 1e-9)
"""Magnitudes that add up to less, as a DOUBLE sum tells, overflow in no order."""

_AVERAGE_SCALE = 6


def _bind_count(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not clauses.get("star"):
        if len(args) != 1:
            raise ArgumentError(f"takes * or one value, got {shown(args)}")
        no_bare_null(args)
    return args, t.BIGINT.with_nullable(False)


def _count(args: Sequence[Value], _result: DataType) -> _State:
    return {"n": counted(args[0].expr) if args else pl.len().cast(pl.Int64)}


def _sum(args: Sequence[Value], _result: DataType) -> _State:
    value = args[0].expr
    match args[0].type:
        case t.Integer():
            state = {"s": value.cast(pl.Int64).sum()}
        case t.Decimal(precision, scale):
            state = {"s": value.cast(pl.Decimal(MAX_PRECISION, scale)).sum()}
            if precision > _SAFE_PRECISION:
                state["about"] = value.cast(pl.Float64).sum()
                state["size"] = value.cast(pl.Float64).abs().sum()
        case _:
            state = {"s": value.cast(pl.Float64).sum()}
    return {**state, "n": counted(value)}


def _coming(value: Value, sign: pl.Expr) -> pl.Expr:
    """How many values that are not NULL come, less those that go."""
    return pl.when(value.expr.is_not_null()).then(sign).otherwise(0).cast(pl.Int64).sum()


def _signed_count(args: Sequence[Value], sign: pl.Expr, _result: DataType) -> _State:
    return {"n": _coming(args[0], sign) if args else sign.cast(pl.Int64).sum()}


def _signed_sum(args: Sequence[Value], sign: pl.Expr, result: DataType) -> _State:
    wide = args[0].expr.cast(pl.Int64) if isinstance(args[0].type, t.Integer) else args[0].expr
    signed = replace(args[0], expr=pl.when(sign < 0).then(-wide).otherwise(wide))
    return {**_sum((signed,), result), "n": _coming(args[0], sign)}


def _added(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {name: part.sum() for name, part in state.items()}


def added(left: Mapping[str, pl.Expr], right: Mapping[str, pl.Expr], _result: DataType) -> _State:
    """Two states whose parts are sums."""
    return {name: part + right[name] for name, part in left.items()}


def summed(state: Mapping[str, pl.Expr], first: pl.Expr, result: DataType) -> _State | None:
    """The sums up to each row, where the parts are integers."""
    if not isinstance(result, t.Integer):
        return None
    totals = {name: (part.cum_sum(), part) for name, part in state.items()}
    return {name: total - (total - part).gather(first) for name, (total, part) in totals.items()}


def _total(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr:
    """The sum of decimals as `result`, NULL where it has too many digits; its scale is the state's or larger."""
    assert isinstance(result, t.Decimal)
    total = fit(unscaled(state["s"].cast(result.polars, strict=False)), result)
    if "about" not in state:
        return total
    return pl.when(state["about"].abs() * 10.0**result.scale < _NEAR_OVERFLOW).then(total)


def _overflows(state: Mapping[str, pl.Expr], result: t.Decimal, unknown: pl.Expr) -> tuple[Failure, ...]:
    """The failure of groups that may have overflowed on the way, where the result is `unknown` then."""
    if "size" not in state:
        return ()
    message = f"a sum of {result.name} may have more than {MAX_PRECISION} digits on the way"
    return (Failure((state["size"] * 10.0**result.scale >= _SAFE) & unknown, "decimal-overflow", message),)


def _too_large(state: Mapping[str, pl.Expr], result: t.Decimal, of_sums: bool) -> pl.Expr:
    """Whether an average is NULL for certain: once its sum is NULL it stays so, except where it is a SUM."""
    if of_sums or "about" not in state:
        return pl.lit(False)
    return (state["about"] / state["n"]).abs() * 10.0**result.scale >= 2e38 - _SAFE


def _finish_sum(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    some = state["n"] > 0
    match result:
        case t.Integer():
            return pl.when(some).then(state["s"].cast(result.polars, wrap_numerical=True))
        case t.Decimal():
            total = pl.when(some).then(_total(state, result))
            return Value(total, result, _overflows(state, result, pl.lit(True)))
    return pl.when(some).then(state["s"].cast(result.polars))


def _finish_average(of_sums: bool, state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    # NULL for a group without values, instead of a division by zero
    count = pl.when(state["n"] > 0).then(state["n"])
    match result:
        case t.Integer():
            total = state["s"]
            if of_sums:
                total = total.cast(result.polars, wrap_numerical=True).cast(pl.Int64)
            return total.truncdiv(count).cast(result.polars, wrap_numerical=True)
        case t.Decimal():
            average = fit(_half_up(unscaled(_total(state, result)), count.cast(pl.Int128)), result)
            return Value(average, result, _overflows(state, result, ~_too_large(state, result, of_sums)))
    total = state["s"].cast(result.polars) if of_sums else state["s"]
    return (total / count).cast(result.polars)


def _half_up(number: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """An Int128 divided by a positive one, rounded away from zero at a half."""
    whole = number.truncdiv(divisor)
    rest = number - whole * divisor
    return whole + pl.when(rest.abs() * 2 >= divisor).then(rest.sign()).otherwise(0)


def _sum_type(data_type: DataType) -> DataType:
    return t.Decimal(MAX_PRECISION, data_type.scale) if isinstance(data_type, t.Decimal) else data_type


def _average_type(data_type: DataType) -> DataType:
    if isinstance(data_type, t.Decimal):
        return t.Decimal(MAX_PRECISION, max(_AVERAGE_SCALE, data_type.scale))
    return data_type


AGGREGATES = (
    Aggregate(
        "COUNT",
        "COUNT(*) | COUNT([DISTINCT] x)",
        "How many rows; with x, how many values that are not NULL.",
        _bind_count,
        _count,
        _added,
        lambda state, _: state["n"],
        (
            Example("SELECT COUNT(*) FROM (VALUES (1), (CAST(NULL AS INT)), (1)) AS t(x)", 3),
            Example("SELECT COUNT(x) FROM (VALUES (1), (CAST(NULL AS INT)), (1)) AS t(x)", 2),
            Example("SELECT COUNT(DISTINCT x) FROM (VALUES (1), (CAST(NULL AS INT)), (1)) AS t(x)", 1),
        ),
        distinct=lambda args, _: {"n": args[0].expr.drop_nulls().n_unique().cast(pl.Int64)},
        signed=_signed_count,
        null_if_empty=False,
        joined=added,
        running=summed,
    ),
    Aggregate(
        "SUM",
        "SUM([DISTINCT] x)",
        "The sum of the values that are not NULL, in the type of x; NULL if there is none.",
        number(_sum_type),
        _sum,
        _added,
        _finish_sum,
        (
            Example("SELECT SUM(x) FROM (VALUES (1), (CAST(NULL AS INT)), (2)) AS t(x)", 3),
            Example("SELECT SUM(x) FROM (VALUES (2147483647), (1)) AS t(x)", -2147483648),
            Example("SELECT SUM(x) FROM (VALUES (1.25), (2.50)) AS t(x)", "3.75"),
            Example("SELECT SUM(x) FROM (VALUES (CAST(NULL AS INT))) AS t(x)", None),
        ),
        joined=added,
        running=summed,
        signed=_signed_sum,
    ),
    Aggregate(
        "AVG",
        "AVG([DISTINCT] x)",
        "The mean of the values that are not NULL, in the type of x: of integers without its fraction.",
        number(_average_type),
        _sum,
        _added,
        partial(_finish_average, False),
        (
            Example("SELECT AVG(x) FROM (VALUES (1), (CAST(NULL AS INT)), (4)) AS t(x)", 2),
            Example("SELECT AVG(x) FROM (VALUES (-1), (-4)) AS t(x)", -2),
            Example("SELECT AVG(x) FROM (VALUES (1.0), (1.0), (3.0)) AS t(x)", "1.666667"),
            Example("SELECT AVG(x) FROM (VALUES (1e0), (2e0)) AS t(x)", 1.5),
        ),
        joined=added,
        running=summed,
        signed=_signed_sum,
    ),
)


_AVERAGE = next(a for a in AGGREGATES if a.name == "AVG")
_AVERAGE_OF_SUMS = replace(_AVERAGE, finish=partial(_finish_average, True))


def average_of_sums(function: Aggregate) -> Aggregate:
    """What Flink computes for `function` where `averages_are_sums`."""
    return _AVERAGE_OF_SUMS if function is _AVERAGE else function
