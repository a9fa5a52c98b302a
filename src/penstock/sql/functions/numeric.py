"""Arithmetic and the functions of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, common_type, is_numeric
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Failure, Function, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]


def _bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    left, right = (a.type for a in args)
    nullable = left.nullable or right.nullable
    match left, right:
        case (t.Timestamp() | t.TimestampLtz() | t.Date() | t.Time(), t.IntervalDay()):
            return args, left.with_nullable(nullable)
        case (t.IntervalDay(), t.Timestamp() | t.TimestampLtz() | t.Date() | t.Time()):
            return args, right.with_nullable(nullable)
    common = common_type((left, right))
    if common is None or not is_numeric(common):
        raise ArgumentError(f"takes two numbers, got ({left}, {right})")
    return tuple(cast_to(a, common) for a in args), common


def _plus(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr + args[1].expr


def _minus(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr - args[1].expr


def _times(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr * args[1].expr


def _divide(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr | Value:
    left, right = args
    if isinstance(result, t.Integer):
        failure = Failure((right.expr == 0) & left.expr.is_not_null(), "division-by-zero", "/ by zero")
        return Value(left.expr.truncdiv(right.expr), result, (failure,))
    return left.expr / right.expr


FUNCTIONS = (
    Function("+", "arithmetic", "a + b", "Sum.", _bind, _plus, (Example("1 + 2", 3),)),
    Function("-", "arithmetic", "a - b", "Difference.", _bind, _minus, (Example("1 - 2", -1),)),
    Function("*", "arithmetic", "a * b", "Product.", _bind, _times, (Example("3 * 2", 6),)),
    Function("/", "arithmetic", "a / b", "Quotient; of integers the whole part.", _bind, _divide, (Example("-7 / 2", -3),)),
)
