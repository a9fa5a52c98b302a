"""Which types meet in one: Flink's common types, and what may be cast without being asked.

Flink has two ways to a common type. Operators (CASE, UNION, VALUES, ARRAY[...], comparisons, arithmetic) take
`common_type`; functions with arguments of one type (COALESCE, IFNULL, GREATEST) take `merged_type`. They differ
where types only resemble each other, and both depend on the order there.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.sql.expr import Cast, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = [
    "as_decimal",
    "cast_to",
    "common_type",
    "is_character",
    "is_interval",
    "is_numeric",
    "is_time",
    "may_cast_implicitly",
    "merged_type",
]

MAX_PRECISION = 38

_APPROXIMATE = (t.Float, t.Double)
_MOMENT = (t.Timestamp, t.TimestampLtz)


def is_numeric(data_type: DataType) -> bool:
    """Whether arithmetic is defined on it."""
    return isinstance(data_type, (t.Integer, t.Float, t.Double, t.Decimal))


def is_character(data_type: DataType) -> bool:
    """CHAR, VARCHAR or STRING."""
    return isinstance(data_type, (t.Char, t.Varchar))


def is_time(data_type: DataType) -> bool:
    """DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ."""
    return isinstance(data_type, (t.Date, t.Time, *_MOMENT))


def is_interval(data_type: DataType) -> bool:
    """An INTERVAL of months or of milliseconds."""
    return isinstance(data_type, (t.IntervalYear, t.IntervalDay))


def cast_to(expr: Expr, data_type: DataType) -> Expr:
    """`expr` as `data_type`; nothing is done where only NULL-ability differs, a literal stays one if it can."""
    target = data_type.with_nullable(expr.type.nullable)
    if expr.type == target:
        return expr
    if isinstance(expr, Literal):
        if expr.value is None:
            return Literal(data_type.with_nullable(), None)
        known, value = _literal_as(expr.value, expr.type, target)
        if known:
            return Literal(target, value)
    return Cast(target, expr)


def _literal_as(value: Any, source: DataType, target: DataType) -> tuple[bool, Any]:
    """Whether a constant is the same in a wider type, and how it is written there."""
    match source, target:
        case t.Integer(a), t.Integer(b) if a <= b:
            return True, value
        case t.Integer(), t.Decimal(p, s) if abs(value) < 10 ** (p - s):
            return True, Decimal(value)
        case t.Decimal(p, s), t.Decimal(q, r) if r >= s and q - r >= p - s:
            return True, value
        case ((t.Integer() | t.Decimal()), t.Double()):
            return True, float(value)
        case (t.Char(), t.Varchar(n)) if len(value) <= n:
            return True, value
    return False, None


# -- common types ------------------------------------------------------------------------------------


def common_type(types: Sequence[DataType]) -> DataType | None:
    """The type that values of `types` become in CASE, UNION, VALUES and ARRAY[...]; None if there is none.

    NULL-able if one of them is.
    """
    return _reduced(types, _pair)


def merged_type(types: Sequence[DataType]) -> DataType | None:
    """The type that arguments of `types` become in COALESCE and its like; None if there is none.

    NULL-able if one of them is.
    """
    return _reduced(types, _merged)


def _reduced(types: Sequence[DataType], pair: Callable[[DataType, DataType], DataType | None]) -> DataType | None:
    nullable = any(x.nullable or isinstance(x, t.Null) for x in types)
    present = [x for x in types if not isinstance(x, t.Null)] or [t.NULL]
    first: DataType | None = present[0]
    merged = reduce(lambda a, b: a if a is None else pair(a, b), present[1:], first)
    return merged.with_nullable(nullable) if merged else None


def _pair(left: DataType, right: DataType) -> DataType | None:
    if left.with_nullable() == right.with_nullable():
        return left
    match left, right:
        case _ if is_numeric(left) and is_numeric(right):
            return _numeric(left, right)
        case (t.Timestamp(p) | t.TimestampLtz(p), t.Timestamp(q) | t.TimestampLtz(q)):
            # the kind is the right one's, unless the precisions are equal
            kind = type(left if p == q else right)
            return kind(max(p, q))
    return _alike(left, right, common_type)


def _merged(left: DataType, right: DataType) -> DataType | None:
    if left.with_nullable() == right.with_nullable():
        return left
    match left, right:
        case (t.Float() | t.Double(), t.Float() | t.Double()):
            return t.DOUBLE
        case t.Decimal(), t.Float():
            return t.FLOAT
        case _ if is_numeric(left) and is_numeric(right):
            return _numeric(left, right)
        case t.Timestamp(p), t.Timestamp(q):
            return t.Timestamp(max(p, q))
        case (t.Timestamp(p) | t.TimestampLtz(p), t.Timestamp(q) | t.TimestampLtz(q)):
            return t.TimestampLtz(max(p, q))
        case (t.Timestamp(), t.Date() | t.Time()):
            return right
        case (t.Date() | t.Time(), t.Timestamp()):
            return left
    return _alike(left, right, merged_type)


def _alike(left: DataType, right: DataType, merge: Callable[[Sequence[DataType]], DataType | None]) -> DataType | None:
    """The common type of two that differ in length, precision or in their parts, which `merge` brings together."""
    match left, right:
        case (t.Char() | t.Varchar(), t.Char() | t.Varchar()):
            length = max(left.length, right.length)
            fixed = isinstance(left, t.Char) and isinstance(right, t.Char)
            return t.Char(length) if fixed and left.length == right.length else t.Varchar(length)
        case (t.Binary() | t.Varbinary(), t.Binary() | t.Varbinary()):
            length = max(left.length, right.length)
            fixed = isinstance(left, t.Binary) and isinstance(right, t.Binary)
            return t.Binary(length) if fixed and left.length == right.length else t.Varbinary(length)
        case (t.Time(p), t.Time(q)):
            return t.Time(max(p, q))
        case (t.IntervalDay(), t.IntervalDay()) | (t.IntervalYear(), t.IntervalYear()):
            return left
        case (t.Array(a), t.Array(b)):
            element = merge((a, b))
            return t.Array(element) if element else None
        case (t.Multiset(a), t.Multiset(b)):
            element = merge((a, b))
            return t.Multiset(element) if element else None
        case (t.Map(a, x), t.Map(b, y)):
            key, value = merge((a, b)), merge((x, y))
            return t.Map(key, value) if key and value else None
        case (t.Row(fields), t.Row(others)) if len(fields) == len(others):
            merged = [merge((f.type, o.type)) for f, o in zip(fields, others, strict=True)]
            if all(merged):
                return t.Row(tuple(t.Field(f.name, m) for f, m in zip(fields, merged, strict=True) if m))
    return None


def _numeric(left: DataType, right: DataType) -> DataType:
    match left, right:
        case (t.Float() | t.Double(), t.Float() | t.Double()):
            return left
        case (t.Float() | t.Double(), t.Decimal()) | (t.Decimal(), t.Float() | t.Double()):
            return t.DOUBLE
        case (t.Float() | t.Double(), _):
            return left
        case (_, t.Float() | t.Double()):
            return right
        case t.Integer(a), t.Integer(b):
            return t.Integer(max(a, b))
    one, other = as_decimal(left), as_decimal(right)
    scale = max(one.scale, other.scale)
    whole = max(one.precision - one.scale, other.precision - other.scale)
    return t.Decimal(min(whole + scale, MAX_PRECISION), min(scale, MAX_PRECISION))


def as_decimal(data_type: DataType) -> t.Decimal:
    """The DECIMAL that holds every value of an exact number's type."""
    if isinstance(data_type, t.Integer):
        return t.Decimal(data_type.digits, 0)
    assert isinstance(data_type, t.Decimal)
    return data_type


# -- implicit casts ----------------------------------------------------------------------------------


def may_cast_implicitly(source: DataType, target: DataType) -> bool:
    """Whether INSERT and function arguments cast `source` to `target` unasked (Flink: implicit cast)."""
    if isinstance(source, t.Null):
        return True
    match source, target:
        case (t.Char(), t.Char()) | (t.Binary(), t.Binary()):
            return True
        case (t.Char() | t.Varchar(), t.Varchar()) | (t.Binary() | t.Varbinary(), t.Varbinary()):
            return True
        case (t.Integer(a), t.Integer(b)):
            return a <= b
        case (t.Integer() | t.Float() | t.Double(), t.Decimal() | t.Double()):
            return True
        case (t.Integer() | t.Float(), t.Float()):
            return True
        case (t.Decimal(), t.Decimal() | t.Float() | t.Double()):
            return True
        case (t.Timestamp(), t.Date() | t.Time() | t.Timestamp() | t.TimestampLtz()):
            return True
        case (t.TimestampLtz(), t.Timestamp() | t.TimestampLtz()):
            return True
        case (t.Time(), t.Time()) | (t.IntervalDay(), t.IntervalDay()) | (t.IntervalYear(), t.IntervalYear()):
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
