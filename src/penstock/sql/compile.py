"""Typed expressions to Polars expressions, with the rows on which Flink would fail."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.expr import AggregateCall, Call, Case, Cast, Literal, Ref
from penstock.sql.functions.spec import Value
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Failure

__all__ = ["compile_expr", "constant"]


def compile_expr(expr: Expr, context: Context) -> Value:
    """`expr` over a frame whose columns have the names that it refers to."""
    match expr:
        case Ref(type=data_type, name=name):
            return Value(pl.col(name), data_type)
        case Literal(type=data_type, value=value):
            return Value(constant(value, data_type), data_type, (), value)
        case Cast(type=data_type, arg=arg, safe=safe):
            return _named(cast(compile_expr(arg, context), data_type, context, safe=safe), expr)
        case Case():
            return _case(expr, context)
        case Call():
            return _call(expr, context)
        case AggregateCall():
            raise TypeError("an aggregate has no value in a single row")
    raise TypeError(f"unknown expression {expr!r}")


def constant(value: Any, data_type: DataType) -> pl.Expr:
    """A literal of Python's as a Polars expression of `data_type`."""
    if value is None:
        return pl.lit(None, dtype=data_type.polars)
    match data_type:
        case t.Decimal():
            return pl.lit(Decimal(value), dtype=data_type.polars)
        case t.Timestamp() if isinstance(value, np.datetime64):
            return pl.lit(int(value.astype(np.int64)), pl.Int64).cast(pl.Datetime("ns"))
        case t.IntervalDay():
            return pl.lit(dt.timedelta(milliseconds=value), dtype=pl.Duration("ms"))
    return pl.lit(value, dtype=data_type.polars)


def _call(expr: Call, context: Context) -> Value:
    args = [compile_expr(a, context) for a in expr.args]
    built = expr.function.build(context, args, expr.type, dict(expr.clauses))
    value = built if isinstance(built, Value) else Value(built, expr.type)
    inherited = () if expr.function.lazy else tuple(f for a in args for f in a.failures)
    return _named(Value(value.expr, expr.type, inherited + value.failures), expr)


def _named(value: Value, expr: Expr) -> Value:
    """`value` with the failures that are its own, not those of its parts, named after `expr`."""
    if all(f.expression for f in value.failures):
        return value
    name = spelled(expr)
    return replace(value, failures=tuple(f if f.expression else replace(f, expression=name) for f in value.failures))


def _case(expr: Case, context: Context) -> Value:
    """The branches in order; a branch's failures count only where it is taken."""
    failures: list[Failure] = []
    untaken = pl.lit(True)
    result: Any = pl
    for condition, branch in expr.branches:
        test, value = compile_expr(condition, context), compile_expr(branch, context)
        holds = test.expr.fill_null(False)
        failures += [f.guarded(untaken) for f in test.failures]
        failures += [f.guarded(untaken & holds) for f in value.failures]
        result = result.when(holds).then(value.expr)
        untaken = untaken & ~holds
    last = compile_expr(expr.otherwise, context)
    failures += [f.guarded(untaken) for f in last.failures]
    return Value(result.otherwise(last.expr), expr.type, tuple(failures))
