"""AND, OR, NOT, and the IS predicates: three-valued logic, evaluated from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.sql.functions.building import columnwise, define
from penstock.sql.functions.signatures import ANY, BOOLEAN, always, takes
from penstock.sql.functions.spec import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Function

__all__ = ["FUNCTIONS"]

_KIND = "logical"
_CERTAIN = t.BOOLEAN.with_nullable(False)


def _and(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    left, right = args
    # the right side is not evaluated where the left is FALSE
    evaluated = left.expr.is_null() | left.expr
    guarded = tuple(f.guarded(evaluated) for f in right.failures)
    return Value(left.expr & right.expr, result, left.failures + guarded)


def _or(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    left, right = args
    # the right side is not evaluated where the left is TRUE
    evaluated = left.expr.is_null() | ~left.expr
    guarded = tuple(f.guarded(evaluated) for f in right.failures)
    return Value(left.expr | right.expr, result, left.failures + guarded)


def _predicate(name: str, text: str, expression: Callable[[pl.Expr], pl.Expr], *examples: tuple[str, Any]) -> Function:
    family = ANY if name.endswith(" NULL") else BOOLEAN
    bind = takes(family, gives=lambda _: _CERTAIN)
    return define(name, _KIND, f"x {name}", text, bind, columnwise(expression), *examples)


FUNCTIONS = (
    define(
        "AND",
        _KIND,
        "a AND b",
        "Both hold. FALSE AND NULL is FALSE; TRUE AND NULL is NULL. `b` is not evaluated where `a` is FALSE.",
        takes(BOOLEAN, BOOLEAN, gives=always(t.BOOLEAN)),
        _and,
        ("TRUE AND CAST(NULL AS BOOLEAN)", None),
        ("FALSE AND 1 / 0 = 1", False),
        lazy=True,
    ),
    define(
        "OR",
        _KIND,
        "a OR b",
        "One holds. TRUE OR NULL is TRUE; FALSE OR NULL is NULL. `b` is not evaluated where `a` is TRUE.",
        takes(BOOLEAN, BOOLEAN, gives=always(t.BOOLEAN)),
        _or,
        ("TRUE OR CAST(NULL AS BOOLEAN)", True),
        ("FALSE OR CAST(NULL AS BOOLEAN)", None),
        lazy=True,
    ),
    define(
        "NOT",
        _KIND,
        "NOT a",
        "The opposite; NULL stays NULL.",
        takes(BOOLEAN, gives=always(t.BOOLEAN)),
        columnwise(lambda x: ~x),
        ("NOT TRUE", False),
        ("NOT CAST(NULL AS BOOLEAN)", None),
    ),
    _predicate("IS NULL", "There is no value.", lambda x: x.is_null(), ("CAST(NULL AS INT) IS NULL", True)),
    _predicate("IS NOT NULL", "There is a value.", lambda x: x.is_not_null(), ("1 IS NOT NULL", True)),
    _predicate("IS TRUE", "TRUE, not NULL.", lambda x: x.fill_null(False), ("(1 = 1) IS TRUE", True)),
    _predicate("IS NOT TRUE", "FALSE or NULL.", lambda x: ~x.fill_null(False), ("(1 = 1) IS NOT TRUE", False)),
    _predicate("IS FALSE", "FALSE, not NULL.", lambda x: ~x.fill_null(True), ("(1 = 2) IS FALSE", True)),
    _predicate("IS NOT FALSE", "TRUE or NULL.", lambda x: x.fill_null(True), ("(1 = 2) IS NOT FALSE", False)),
)
