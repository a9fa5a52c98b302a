"""Comparisons; both sides become one type first, as Flink coerces them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, common_type, is_character, is_numeric
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Build, Context, Value

__all__ = ["FUNCTIONS", "comparable"]

_CERTAIN = t.BOOLEAN.with_nullable(False)


def comparable(types: Sequence[DataType]) -> DataType | None:
    """The type in which values of `types` are compared, or None if they are not.

    A text beside a number, date or time is read as one.
    """
    common = common_type(types)
    if common is not None:
        return common
    others = [x for x in types if not is_character(x) and not isinstance(x, t.Null)]
    if len(others) == len(types):
        return None
    other = common_type(others)
    if other is None:
        return None
    nullable = any(x.nullable for x in types)
    if isinstance(other, (t.Date, t.Time, t.Timestamp, t.TimestampLtz, t.Boolean)):
        return other.with_nullable(nullable)
    return t.Double(nullable=nullable) if is_numeric(other) else None


def _pair(*, certain: bool = False) -> Bind:
    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        common = comparable([a.type for a in args])
        if common is None:
            raise ArgumentError(f"compares values of one type, got {' and '.join(str(a.type) for a in args)}")
        nullable = not certain and any(a.type.nullable for a in args)
        return tuple(cast_to(a, common) for a in args), t.Boolean(nullable=nullable)

    return bind


def _build(expression: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Build:
    def build(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
        return expression(args[0].expr, args[1].expr)

    return build


def _in(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    needle, *haystack = args
    found = haystack[0].expr == needle.expr
    for item in haystack[1:]:
        found = found | (needle.expr == item.expr)
    return found


def _comparison(name: str, text: str, expression: Callable[[pl.Expr, pl.Expr], pl.Expr], example: Example) -> Function:
    return Function(name, "comparison", f"a {name} b", text, _pair(), _build(expression), (example,))


FUNCTIONS = (
    _comparison("=", "Equal.", lambda a, b: a == b, Example("1 = 1.0", True)),
    _comparison("<>", "Not equal.", lambda a, b: a != b, Example("'a' <> 'b'", True)),
    _comparison("<", "Less.", lambda a, b: a < b, Example("1 < 2", True)),
    _comparison("<=", "Less or equal.", lambda a, b: a <= b, Example("2 <= 2", True)),
    _comparison(">", "Greater.", lambda a, b: a > b, Example("DATE '2024-01-02' > DATE '2024-01-01'", True)),
    _comparison(">=", "Greater or equal.", lambda a, b: a >= b, Example("CAST(NULL AS INT) >= 1", None)),
    Function(
        "IS DISTINCT FROM",
        "comparison",
        "a IS DISTINCT FROM b",
        "Not equal, where NULL equals NULL.",
        _pair(certain=True),
        _build(lambda a, b: a.ne_missing(b)),
        (Example("CAST(NULL AS INT) IS DISTINCT FROM 1", True),),
    ),
    Function(
        "IS NOT DISTINCT FROM",
        "comparison",
        "a IS NOT DISTINCT FROM b",
        "Equal, where NULL equals NULL.",
        _pair(certain=True),
        _build(lambda a, b: a.eq_missing(b)),
        (Example("CAST(NULL AS INT) IS NOT DISTINCT FROM NULL", True),),
    ),
    Function(
        "IN",
        "comparison",
        "a IN (b, ...)",
        "Equal to one of the values.",
        _pair(),
        _in,
        (Example("2 IN (1, 2, 3)", True), Example("4 IN (1, CAST(NULL AS INT))", None)),
    ),
)
