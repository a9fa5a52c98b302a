"""What aggregate functions have in common: the arguments they take, and results that must not be NULL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_numeric
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Failure, Value
from penstock.sql.functions.temporal.arguments import no_bare_null, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind

__all__ = ["any_value", "counted", "never_null", "number", "one_argument"]


def one_argument(args: tuple[Expr, ...], clauses: Mapping[str, Any], what: str) -> Expr:
    """The only argument. Raises ArgumentError if there are none or more, or for ``*``."""
    if len(args) != 1 or clauses.get("star"):
        got = "*" if clauses.get("star") else f"{len(args)} arguments"
        raise ArgumentError(f"takes {what}, got {got}")
    no_bare_null(args)
    return args[0]


def number(gives: Callable[[DataType], DataType]) -> Bind:
    """One number; `gives` is the type of the result, NULL-able as the argument is."""

    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        arg = one_argument(args, clauses, "a number")
        if not is_numeric(arg.type):
            raise ArgumentError(f"takes a number, got {shown(args)}")
        return args, gives(arg.type).with_nullable(arg.type.nullable)

    return bind


def any_value(gives: Callable[[DataType], DataType], refuse: Callable[[DataType], str] = lambda _: "") -> Bind:
    """One value of any type that `refuse` has nothing against; the result's type is `gives` of it."""

    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        arg = one_argument(args, clauses, "one value")
        reason = refuse(arg.type)
        if reason:
            raise ArgumentError(f"{reason}, got {shown(args)}")
        return args, gives(arg.type)

    return bind


def counted(expr: pl.Expr) -> pl.Expr:
    """How many values there are that are not NULL, as state."""
    return expr.count().cast(pl.Int64)


def never_null(expr: pl.Expr, result: DataType, name: str) -> pl.Expr | Value:
    """`expr`; where its type is NOT NULL and it is NULL after all: -1 for numbers, as in Flink, else a failure."""
    if result.nullable:
        return expr
    if isinstance(result, (t.Integer, t.Float, t.Double)):
        return expr.fill_null(-1)
    failure = Failure(expr.is_null(), "not-null", f"{name} has no value here, and its type is NOT NULL")
    return Value(expr, result, (failure,))
