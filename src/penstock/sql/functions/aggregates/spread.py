"""Variances and standard deviations: counted in DOUBLE by count, mean and squared distances, whatever the type.

The result has the type of the argument, so that of integers is cut off. Flink adds row by row in floating point:
where the exact result of integers is whole, it may come out one less.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.casts.decimals import MAX_PRECISION
from penstock.sql.functions.aggregates.shapes import counted, never_null, number
from penstock.sql.functions.aggregates.sums import added
from penstock.sql.functions.spec import Aggregate, Context, Example, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType

__all__ = ["AGGREGATES"]

_State = dict[str, pl.Expr]

_EXACT = 2.0**52
"""Whole numbers below are exact in a DOUBLE."""


def _partial(args: Sequence[Value], _result: DataType) -> _State:
    value = args[0].expr.cast(pl.Float64)
    count = counted(value)
    return {"n": count, "mean": value.mean(), "m2": value.var(ddof=0) * count}


def _merge(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    n, mean = state["n"], state["mean"]
    middle = (n * mean).sum() / pl.when(n.sum() > 0).then(n.sum())
    return {"n": n.sum(), "mean": middle, "m2": state["m2"].sum() + (n * (mean - middle).pow(2)).sum()}


def _finish(name: str, state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    n = state["n"]
    divisor = n - 1 if name.endswith("SAMP") else n
    defined = pl.when(divisor > 0)
    if isinstance(result, t.Integer):
        # n times the squared distances of whole numbers is whole: take away what floating point added
        times = state["m2"] * n
        exact = pl.when(times < _EXACT).then(times.round()).otherwise(times)
        variance = defined.then(exact / (n * divisor))
    else:
        variance = defined.then(state["m2"] / divisor)
    spread = Value(variance.sqrt() if name.startswith("STDDEV") else variance, t.DOUBLE)
    return never_null(cast(spread, result.with_nullable(), Context()).expr, result, name)


def _type(data_type: DataType) -> DataType:
    if isinstance(data_type, t.Decimal):
        return t.Decimal(MAX_PRECISION, max(6, data_type.scale))
    return data_type


_WHAT = {
    "VAR_POP": ("variance of a population", 1.171875, 2),
    "VAR_SAMP": ("variance of a sample, NULL for a single value", 1.5625, 4),
    "STDDEV_POP": ("standard deviation of a population", 1.0825317547305484, 1),
    "STDDEV_SAMP": ("standard deviation of a sample, NULL for a single value", 1.25, 2),
}
_ALIASES = {"VAR_SAMP": ("VARIANCE",), "STDDEV_SAMP": ("STDDEV",)}

AGGREGATES = tuple(
    Aggregate(
        name,
        f"{name}([DISTINCT] x)",
        f"The {what}, in the type of x: of integers without its fraction.",
        number(_type),
        _partial,
        _merge,
        partial(_finish, name),
        (
            Example(
                f"SELECT {name}(x) FROM (VALUES (1e0), (2e0), (2.5e0), (4e0), (CAST(NULL AS DOUBLE))) AS t(x)",
                of_doubles,
            ),
            Example(f"SELECT {name}(x) FROM (VALUES (1), (2), (5)) AS t(x)", of_integers),
        ),
        aliases=_ALIASES.get(name, ()),
    )
    for name, (what, of_doubles, of_integers) in _WHAT.items()
)


def _summed(args: Sequence[Value], result: DataType) -> _State:
    value = args[0].expr
    if isinstance(result, t.Integer):
        value = value.cast(pl.Int64)
        square = (value * value).cast(result.polars, wrap_numerical=True).cast(pl.Int64)
    else:
        value = value.cast(pl.Float64)
        square = value * value
    return {"s": value.sum(), "squares": square.sum(), "n": counted(value)}


def _finish_sums(name: str, state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    n, total, squares = state["n"], state["s"], state["squares"]
    divisor = n - 1 if name.endswith("SAMP") else n
    defined = pl.when(divisor > 0)
    variance: pl.Expr
    if isinstance(result, t.Integer):
        total, squares = (e.cast(result.polars, wrap_numerical=True).cast(pl.Int64) for e in (total, squares))
        squared = (total * total).cast(result.polars, wrap_numerical=True).cast(pl.Int64)
        variance = defined.then((squares - squared.truncdiv(pl.when(n > 0).then(n))).truncdiv(divisor))
        if name.startswith("VAR"):
            return never_null(variance.cast(result.polars, wrap_numerical=True), result, name)
        variance = variance.cast(pl.Float64)
    else:
        variance = defined.then((squares - total * total / n) / divisor)
    spread = Value(variance.sqrt() if name.startswith("STDDEV") else variance, t.DOUBLE)
    return never_null(cast(spread, result.with_nullable(), Context()).expr, result, name)


SPREAD_OF_SUMS = {
    a.name: replace(
        a,
        partial=_summed,
        merge=lambda state, _: {part: e.sum() for part, e in state.items()},
        finish=partial(_finish_sums, a.name),
        joined=added,
    )
    for a in AGGREGATES
}
"""What Flink makes of variances with OVER: sums of the values and of their squares, in the type of the values."""
