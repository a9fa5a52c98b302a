"""AND, OR, NOT, and the IS predicates: three-valued logic, evaluated from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import ANY, BOOLEAN, always, takes
from penstock.sql.functions.spec import Example, Function, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Build, Context

__all__ = ["FUNCTIONS"]

_CERTAIN = t.BOOLEAN.with_nullable(False)


def _and(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> Value:
    left, right = args
    # the right side is not evaluated where the left is FALSE
    evaluated = left.expr.is_null() | left.expr
    return Value(
        left.expr & right.expr, result, left.failures + tuple(f.guarded(evaluated) for f in right.failures)
    )


def _or(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> Value:
    left, right = args
    evaluated = left.expr.is_null() | ~left.expr
    return Value(
        left.expr | right.expr, result, left.failures + tuple(f.guarded(evaluated) for f in right.failures)
    )


def _unary(expression: Callable[[pl.Expr], pl.Expr]) -> Build:
    def build(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
        return expression(args[0].expr)

    return build


def _predicate(name: str, text: str, expression: Callable[[pl.Expr], pl.Expr], *examples: Example) -> Function:
    family = ANY if name.endswith(" NULL") else BOOLEAN
    return Function(
        name, "logical", f"x {name}", text, takes(family, gives=lambda _: _CERTAIN), _unary(expression), examples
    )


FUNCTIONS = (
    Function(
        name="AND",
        kind="logical",
        syntax="a AND b",
        text="Both hold. FALSE AND NULL is FALSE; TRUE AND NULL is NULL.",
        bind=takes(BOOLEAN, BOOLEAN, gives=always(t.BOOLEAN)),
        build=_and,
        examples=(Example("TRUE AND CAST(NULL AS BOOLEAN)", None), Example("FALSE AND 1 / 0 = 1", False)),
        lazy=True,
    ),
    Function(
        name="OR",
        kind="logical",
        syntax="a OR b",
        text="One holds. TRUE OR NULL is TRUE; FALSE OR NULL is NULL.",
        bind=takes(BOOLEAN, BOOLEAN, gives=always(t.BOOLEAN)),
        build=_or,
        examples=(Example("TRUE OR CAST(NULL AS BOOLEAN)", True), Example("FALSE OR CAST(NULL AS BOOLEAN)", None)),
        lazy=True,
    ),
    Function(
        name="NOT",
        kind="logical",
        syntax="NOT a",
        text="The opposite; NULL stays NULL.",
        bind=takes(BOOLEAN, gives=always(t.BOOLEAN)),
        build=_unary(lambda x: ~x),
        examples=(Example("NOT TRUE", False),),
    ),
    _predicate("IS NULL", "There is no value.", lambda x: x.is_null(), Example("CAST(NULL AS INT) IS NULL", True)),
    _predicate("IS NOT NULL", "There is a value.", lambda x: x.is_not_null(), Example("1 IS NOT NULL", True)),
    _predicate("IS TRUE", "TRUE, not NULL.", lambda x: x.fill_null(False), Example("(1 = 1) IS TRUE", True)),
    _predicate("IS NOT TRUE", "FALSE or NULL.", lambda x: ~x.fill_null(False), Example("(1 = 1) IS NOT TRUE", False)),
    _predicate("IS FALSE", "FALSE, not NULL.", lambda x: ~x.fill_null(True), Example("(1 = 2) IS FALSE", True)),
    _predicate("IS NOT FALSE", "TRUE or NULL.", lambda x: x.fill_null(True), Example("(1 = 2) IS NOT FALSE", False)),
)
