"""Which types meet in one: Flink's common type, and what may be cast without being asked."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.sql.expr import Cast, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["cast_to", "common_type", "is_character", "is_numeric", "may_cast_implicitly"]

MAX_PRECISION = 38


def is_numeric(data_type: DataType) -> bool:
    """Whether arithmetic is defined on it."""
    return isinstance(data_type, (t.Integer, t.Float, t.Double, t.Decimal))


def is_character(data_type: DataType) -> bool:
    """CHAR, VARCHAR or STRING."""
    return isinstance(data_type, (t.Char, t.Varchar))


def cast_to(expr: Expr, data_type: DataType) -> Expr:
    """`expr` as `data_type`; nothing is done where only NULL-ability differs."""
    target = data_type.with_nullable(expr.type.nullable)
    if expr.type == target:
        return expr
    if isinstance(expr, Literal) and expr.value is None:
        return Literal(data_type.with_nullable(), None)
    return Cast(target, expr)


def common_type(types: Sequence[DataType]) -> DataType | None:
    """The type that all of `types` become in CASE, COALESCE, UNION, ARRAY[...]; None if there is none.

    NULL-able if one of them is. The rules are those of Flink's LogicalTypeMerging.
    """
    nullable = any(x.nullable or isinstance(x, t.Null) for x in types)
    merged = reduce(lambda a, b: a if a is None else b if isinstance(a, t.Null) else _pair(a, b), types)
    return merged.with_nullable(nullable) if merged else None


def _pair(left: DataType, right: DataType) -> DataType | None:
    if isinstance(right, t.Null) or left.with_nullable() == right.with_nullable():
        return left
    if is_numeric(left) and is_numeric(right):
        return _numeric(left, right)
    match left, right:
        case (t.Char() | t.Varchar(), t.Char() | t.Varchar()):
            length = max(left.length, right.length)
            fixed = isinstance(left, t.Char) and isinstance(right, t.Char)
            return t.Char(length) if fixed and left.length == right.length else t.Varchar(length)
        case (t.Binary() | t.Varbinary(), t.Binary() | t.Varbinary()):
            length = max(left.length, right.length)
            fixed = isinstance(left, t.Binary) and isinstance(right, t.Binary)
            return t.Binary(length) if fixed and left.length == right.length else t.Varbinary(length)
        case (t.Timestamp(p), t.Timestamp(q)):
            return t.Timestamp(max(p, q))
        case (t.TimestampLtz(p), t.TimestampLtz(q) | t.Timestamp(q)) | (t.Timestamp(p), t.TimestampLtz(q)):
            return t.TimestampLtz(max(p, q))
        case (t.Date(), t.Timestamp() | t.TimestampLtz()):
            return right
        case (t.Timestamp() | t.TimestampLtz(), t.Date()):
            return left
        case (t.Time(p), t.Time(q)):
            return t.Time(max(p, q))
        case (t.IntervalDay(), t.IntervalDay()) | (t.IntervalYear(), t.IntervalYear()):
            return left
        case (t.Array(a), t.Array(b)):
            element = common_type((a, b))
            return t.Array(element) if element else None
        case (t.Multiset(a), t.Multiset(b)):
            element = common_type((a, b))
            return t.Multiset(element) if element else None
        case (t.Map(a, x), t.Map(b, y)):
            key, value = common_type((a, b)), common_type((x, y))
            return t.Map(key, value) if key and value else None
        case (t.Row(fields), t.Row(others)) if len(fields) == len(others):
            merged = [common_type((f.type, o.type)) for f, o in zip(fields, others, strict=True)]
            if all(merged):
                return t.Row(tuple(t.Field(f.name, m) for f, m in zip(fields, merged, strict=True) if m))
    return None


def _numeric(left: DataType, right: DataType) -> DataType:
    approximate = (t.Float, t.Double)
    if isinstance(left, approximate) or isinstance(right, approximate):
        both_float = isinstance(left, t.Float) and isinstance(right, t.Float)
        return t.FLOAT if both_float else t.DOUBLE
    if isinstance(left, t.Integer) and isinstance(right, t.Integer):
        return t.Integer(max(left.bits, right.bits))
    a, b = as_decimal(left), as_decimal(right)
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    return t.Decimal(min(whole + scale, MAX_PRECISION), min(scale, MAX_PRECISION))


def as_decimal(data_type: DataType) -> t.Decimal:
    """The DECIMAL that holds every value of an exact number's type."""
    if isinstance(data_type, t.Integer):
        return t.Decimal(data_type.digits, 0)
    assert isinstance(data_type, t.Decimal)
    return data_type


def may_cast_implicitly(source: DataType, target: DataType) -> bool:
    """Whether INSERT and function arguments cast `source` to `target` unasked (Flink: implicit cast)."""
    if isinstance(source, t.Null):
        return True
    match source, target:
        case (t.Char() | t.Varchar(), t.Char() | t.Varchar()):
            return True
        case (t.Binary() | t.Varbinary(), t.Binary() | t.Varbinary()):
            return True
        case (t.Integer(a), t.Integer(b)):
            return a <= b
        case (t.Integer(), t.Decimal() | t.Float() | t.Double()):
            return True
        case (t.Decimal(), t.Decimal() | t.Float() | t.Double()):
            return True
        case (t.Decimal(), t.Integer()):
            return True
        case (t.Float(), t.Float() | t.Double()) | (t.Double(), t.Double()):
            return True
        case (t.Date(), t.Timestamp() | t.TimestampLtz() | t.Date()):
            return True
        case (t.Time(), t.Time()):
            return True
        case (t.Timestamp() | t.TimestampLtz(), t.Timestamp() | t.TimestampLtz()):
            return True
        case (t.IntervalDay(), t.IntervalDay()) | (t.IntervalYear(), t.IntervalYear()):
            return True
        case (t.Array(a), t.Array(b)) | (t.Multiset(a), t.Multiset(b)):
            return may_cast_implicitly(a, b)
        case (t.Map(a, x), t.Map(b, y)):
            return may_cast_implicitly(a, b) and may_cast_implicitly(x, y)
        case (t.Row(fields), t.Row(others)):
            return len(fields) == len(others) and all(
                may_cast_implicitly(f.type, o.type) for f, o in zip(fields, others, strict=True)
            )
    return source.with_nullable() == target.with_nullable()
