"""COALESCE, IF, NULLIF, GREATEST and LEAST; what a text consists of. CASE is grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.to_text import text_of
from penstock.sql.coercion import cast_to, common_type, is_character, is_numeric, merged_type
from penstock.sql.functions.building import any_null, columnwise, define
from penstock.sql.functions.comparison import bind_equality, equal
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Build, Context, Function

__all__ = ["FUNCTIONS"]

_NO_ORDER = (t.Array, t.Map, t.Multiset, t.Row, t.Binary, t.Varbinary)


def _types(args: Sequence[Expr]) -> str:
    return f"({', '.join(str(a.type) for a in args)})"


# -- the first that is there -------------------------------------------------------------------------


def _bind_coalesce(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    common = merged_type([a.type for a in args]) if args else None
    if common is None or isinstance(common, t.Null):
        raise ArgumentError(f"takes values of one type, got {_types(args)}")
    # nothing behind a value that is never NULL is evaluated; all before it is
    needed = next((i + 1 for i, a in enumerate(args) if not a.type.nullable), len(args))
    nullable = all(a.type.nullable for a in args)
    return tuple(cast_to(a, common) for a in args[:needed]), common.with_nullable(nullable)


def _bind_ifnull(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    common = merged_type([a.type for a in args]) if len(args) == 2 else None
    if common is None or isinstance(common, t.Null):
        raise ArgumentError(f"takes two values of one type, got {_types(args)}")
    if is_character(args[0].type) and not args[0].type.nullable:
        return args, args[0].type  # Flink takes `a` alone then, as long as it is
    return tuple(cast_to(a, common) for a in args), common.with_nullable(all(a.type.nullable for a in args))


def _coalesce(*values: pl.Expr) -> pl.Expr:
    return pl.coalesce(*values)


# -- one of two --------------------------------------------------------------------------------------


def _bind_if(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    wanted = "(condition, value, value), the values both numbers, texts, bytes, booleans, dates, times or timestamps"
    if len(args) != 3 or not isinstance(args[0].type, t.Boolean):
        raise ArgumentError(f"takes {wanted}, got {_types(args)}")
    if any(isinstance(a.type, t.Null) for a in args):
        raise ArgumentError("takes no bare NULL: write CAST(NULL AS type), or CASE WHEN ... END")
    condition, *values = args
    common = common_type([v.type for v in values])
    if common is None or isinstance(common, (t.Array, t.Map, t.Multiset, t.Row, t.IntervalDay, t.IntervalYear)):
        raise ArgumentError(f"takes {wanted}, got {_types(args)}; CASE WHEN ... END takes more")
    if isinstance(common, (t.Time, t.Timestamp, t.TimestampLtz)):
        common = values[0].type  # the precision and kind of the first
    nullable = any(a.type.nullable for a in args)
    return (condition, *(cast_to(v, common) for v in values)), common.with_nullable(nullable)


def _if(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    condition, then, otherwise = args
    holds = condition.expr.fill_null(False)
    failures = (
        *condition.failures,
        *(f.guarded(holds) for f in then.failures),
        *(f.guarded(~holds) for f in otherwise.failures),
    )
    return Value(pl.when(holds).then(then.expr).otherwise(otherwise.expr), result, failures)


def _bind_nullif(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 2:
        raise ArgumentError(f"takes two values, got {len(args)}")
    if isinstance(args[0].type, t.Null):
        raise ArgumentError("takes no bare NULL first: write CAST(NULL AS type)")
    return (args[0], *bind_equality(args)), args[0].type.with_nullable()


def _nullif(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    value, left, right = args
    return pl.when(~equal(left, right).fill_null(False)).then(value.expr)


# -- the greatest, the least -------------------------------------------------------------------------


def _bind_extreme(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    common = merged_type([a.type for a in args]) if args else None
    kinds = {type(a.type) for a in args}
    mixed = (t.Date in kinds and len(kinds) > 1) or (t.Time in kinds and len(kinds) > 1)
    if common is None or mixed or isinstance(common, (*_NO_ORDER, t.Null)):
        raise ArgumentError(f"takes values of one type that has an order, got {_types(args)}")
    if any(isinstance(a.type, t.Null) for a in args):
        raise ArgumentError("takes no bare NULL: write CAST(NULL AS type)")
    return tuple(cast_to(a, common) for a in args), common


def _extreme(*, greatest: bool) -> Build:
    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        values = [a.expr for a in args]
        found = pl.max_horizontal(*values) if greatest else pl.min_horizontal(*values)
        if isinstance(args[0].type, (t.Float, t.Double)) and greatest:
            # NaN is the greatest number
            has_nan = pl.any_horizontal(v.is_nan() for v in values)
            found = pl.when(has_nan).then(pl.lit(float("nan"), args[0].type.polars)).otherwise(found)
        return pl.when(~any_null(*values)).then(found)

    return build


# -- what a text consists of -------------------------------------------------------------------------


def _bind_text(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or not (is_character(args[0].type) or is_numeric(args[0].type)):
        raise ArgumentError(f"takes a text or a number, got {_types(args)}")
    return args, t.Boolean(nullable=False)


def _consists(
    name: str, text: str, pattern: str, numbers: Callable[[DataType], bool], *examples: tuple[str, Any]
) -> Function:
    def build(context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        (value,) = args
        if is_numeric(value.type):
            return pl.lit(numbers(value.type))
        return text_of(value.expr, value.type, context.zone).str.contains(pattern).fill_null(False)

    return define(name, "conditional", f"{name}(x)", text, _bind_text, build, *examples)


_KIND = "conditional"

FUNCTIONS = (
    define(
        "COALESCE",
        _KIND,
        "COALESCE(a, ...)",
        "The first value that is not NULL. All are evaluated, up to one whose type is NOT NULL.",
        _bind_coalesce,
        columnwise(_coalesce),
        ("COALESCE(CAST(NULL AS INT), 5)", 5),
        ("COALESCE('a', 'bcd')", "a"),
        ("COALESCE(CAST(NULL AS INT), CAST(NULL AS INT))", None),
    ),
    define(
        "IFNULL",
        _KIND,
        "IFNULL(a, b)",
        "`a`, or `b` where `a` is NULL.",
        _bind_ifnull,
        columnwise(_coalesce),
        ("IFNULL(CAST(NULL AS INT), 5)", 5),
        ("IFNULL('a', 'bcd')", "a"),
    ),
    define(
        "IF",
        _KIND,
        "IF(condition, a, b)",
        "`a` where the condition holds, else `b`; the other one is not evaluated.",
        _bind_if,
        _if,
        ("IF(1 < 2, 'yes', 'no')", "yes"),
        ("IF(CAST(NULL AS BOOLEAN), 1, 2.5)", "2.5"),
        ("IF(TRUE, 1, 1 / 0)", 1),
        lazy=True,
    ),
    define(
        "NULLIF",
        _KIND,
        "NULLIF(a, b)",
        "NULL where the two are equal, else `a`.",
        _bind_nullif,
        _nullif,
        ("NULLIF(1, 1)", None),
        ("NULLIF(1, 2)", 1),
        ("NULLIF('a', CAST(NULL AS STRING))", "a"),
    ),
    define(
        "GREATEST",
        _KIND,
        "GREATEST(a, ...)",
        "The greatest of the values; NULL if one is NULL.",
        _bind_extreme,
        _extreme(greatest=True),
        ("GREATEST(1, 3, 2)", 3),
        ("GREATEST('a', 'b')", "b"),
        ("GREATEST(1, 2.5)", "2.5"),
        ("GREATEST(1, CAST(NULL AS INT))", None),
    ),
    define(
        "LEAST",
        _KIND,
        "LEAST(a, ...)",
        "The least of the values; NULL if one is NULL.",
        _bind_extreme,
        _extreme(greatest=False),
        ("LEAST(2, 1, 3)", 1),
        ("LEAST(DATE '2024-01-02', DATE '2024-01-01')", "2024-01-01"),
    ),
    _consists(
        "IS_ALPHA",
        "Whether a text is letters alone; FALSE of NULL, of the empty text and of any number.",
        r"^\p{L}+$",
        lambda _: False,
        ("IS_ALPHA('abc')", True),
        ("IS_ALPHA('a1')", False),
        ("IS_ALPHA(CAST(NULL AS STRING))", False),
    ),
    _consists(
        "IS_DIGIT",
        "Whether a text is digits alone; FALSE of a NULL text. Of a number it is whether its type has whole ones.",
        r"^\p{Nd}+$",
        lambda kind: isinstance(kind, t.Integer),
        ("IS_DIGIT('123')", True),
        ("IS_DIGIT('-1')", False),
        ("IS_DIGIT(-1)", True),
    ),
    _consists(
        "IS_DECIMAL",
        "Whether a text is a number as CAST AS DOUBLE reads it; FALSE of a NULL text, TRUE of any number.",
        r"^[\x00-\x20]*[+-]?(?:NaN|Infinity|(?:\p{Nd}+\.?\p{Nd}*|\.\p{Nd}+)(?:[eE][+-]?\p{Nd}+)?[fFdD]?)[\x00-\x20]*$",
        lambda _: True,
        ("IS_DECIMAL('-1.5e3')", True),
        ("IS_DECIMAL('abc')", False),
        ("IS_DECIMAL(1)", True),
    ),
)
