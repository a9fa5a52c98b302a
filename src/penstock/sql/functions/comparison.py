"""Comparisons: what is compared with what, and in which type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import MAX_PRECISION, unscaled
from penstock.sql.coercion import as_decimal, cast_to, common_type, is_character, is_numeric, is_time
from penstock.sql.expr import Cast
from penstock.sql.functions.building import define
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Function

__all__ = ["FUNCTIONS", "bind_equality", "equal"]

_APPROXIMATE = (t.Float, t.Double)
_NESTED = (t.Array, t.Map, t.Multiset, t.Row)


# -- the type in which two values meet ---------------------------------------------------------------


def bind_equality(args: tuple[Expr, ...]) -> tuple[Expr, Expr]:
    """Two values as the one type in which ``=`` compares them.

    A text beside a date or time is read as one, as TRY_CAST does.
    """
    left, right = _pair(args)
    kinds = (left.type, right.type)
    if is_character(left.type) and is_time(right.type):
        return Cast(right.type.with_nullable(), left, safe=True), right
    if is_time(left.type) and is_character(right.type):
        return left, Cast(left.type.with_nullable(), right, safe=True)
    common = common_type(kinds)
    if common is None or _holds_map(common):
        raise _incomparable(kinds)
    return cast_to(left, common), cast_to(right, common)


def _bind_order(args: tuple[Expr, ...]) -> tuple[Expr, Expr]:
    """Two values as the one type in which ``<`` compares them; a text beside anything else is CAST to that."""
    left, right = _pair(args)
    kinds = (left.type, right.type)
    common = common_type(kinds)
    if common is None:
        other = kinds[1] if is_character(kinds[0]) else kinds[0]
        if any(map(is_character, kinds)) and (is_numeric(other) or is_time(other) or isinstance(other, t.Boolean)):
            common = _number_of_text(other) if is_numeric(other) else other
    if common is None or isinstance(common, _NESTED):
        raise _incomparable(kinds)
    if isinstance(common, t.Float) and any(isinstance(k, t.Double) for k in kinds):
        common = t.DOUBLE
    if isinstance(common, t.Decimal) and all(isinstance(k, (t.Decimal, t.Integer)) for k in kinds):
        # digits that do not fit one type together still have an order
        return cast_to(left, as_decimal(left.type)), cast_to(right, as_decimal(right.type))
    return cast_to(left, common), cast_to(right, common)


def _pair(args: tuple[Expr, ...]) -> tuple[Expr, Expr]:
    if len(args) != 2:
        raise ArgumentError(f"compares two values, got {len(args)}")
    return args[0], args[1]


def _number_of_text(number: DataType) -> DataType:
    """As what a text is read beside a number: with room for a BIGINT."""
    match number:
        case t.Integer():
            return t.BIGINT
        case t.Decimal():
            return common_type((t.BIGINT, number)) or number
    return number


def _holds_map(kind: DataType) -> bool:
    match kind:
        case t.Map() | t.Multiset():
            return True
        case t.Array(element):
            return isinstance(element, _NESTED)
        case t.Row(fields):
            return any(isinstance(f.type, _NESTED) for f in fields)
    return False


def _incomparable(kinds: Sequence[DataType]) -> ArgumentError:
    text = f"compares values of one type, got {kinds[0]} and {kinds[1]}"
    if any(map(is_character, kinds)) and any(is_numeric(k) or isinstance(k, t.Boolean) for k in kinds):
        return ArgumentError(f"{text}: CAST the text to {next(k for k in kinds if not is_character(k)).name}")
    if any(isinstance(k, t.Date) for k in kinds) and any(isinstance(k, (t.Timestamp, t.TimestampLtz)) for k in kinds):
        return ArgumentError(f"{text}: CAST the DATE to a TIMESTAMP")
    return ArgumentError(text)


# -- how they are compared ---------------------------------------------------------------------------


def equal(left: Value, right: Value) -> pl.Expr:
    """Whether two values of one type are equal; NULL where one is NULL.

    NaN equals nothing; the NULL fields of two rows are equal, the NULL elements of two arrays are not.
    """
    same = left.expr == right.expr
    if left.type.polars != right.type.polars and is_time(left.type):
        finer = _finer(left, right)
        return left.expr.cast(finer, strict=False) == right.expr.cast(finer, strict=False)
    match left.type:
        case t.Float() | t.Double():
            return _unless_nan(same, left, right, nan=False)
        case t.Array():
            has_null = left.expr.list.eval(pl.element().is_null()).list.any()
            return same & ~has_null
    return same


def _finer(left: Value, right: Value) -> pl.DataType:
    """The dtype of the timestamp with more digits: Polars itself would compare in the coarser one."""
    return max((left.type, right.type), key=lambda kind: getattr(kind, "precision", 0)).polars


def _unless_nan(comparison: pl.Expr, left: Value, right: Value, *, nan: bool) -> pl.Expr:
    """`comparison`, and `nan` where one side is NaN, which Polars takes for the greatest number."""
    is_nan = left.expr.is_nan() | right.expr.is_nan()
    return pl.when(comparison.is_not_null()).then(comparison | is_nan if nan else comparison & ~is_nan)


def _ordered(expression: Callable[[pl.Expr, pl.Expr], pl.Expr], left: Value, right: Value) -> pl.Expr:
    match left.type, right.type:
        case ((t.Float() | t.Double()), _):
            return _unless_nan(expression(left.expr, right.expr), left, right, nan=False)
        case t.Decimal(p, s), t.Decimal(q, r) if max(p - s, q - r) + max(s, r) > MAX_PRECISION:
            whole, rest = (_parts(v.expr, scale, max(s, r)) for v, scale in ((left, s), (right, r)))
            strict = pl.when(whole[0] != rest[0])
            return strict.then(expression(whole[0], rest[0])).otherwise(expression(whole[1], rest[1]))
        case t.Decimal(p, s), t.Decimal(q, r):
            scale = max(s, r)
            wide = pl.Decimal(MAX_PRECISION, scale)
            return expression(left.expr.cast(wide), right.expr.cast(wide))
    return expression(left.expr, right.expr)


def _parts(decimal: pl.Expr, scale: int, wanted: int) -> tuple[pl.Expr, pl.Expr]:
    """The digits before and behind the point, the second as if there were `wanted` of them."""
    number, size = unscaled(decimal), pl.lit(10**scale, pl.Int128)
    whole = number.truncdiv(size)
    return whole, (number - whole * size) * pl.lit(10 ** (wanted - scale), pl.Int128)


def _equality(
    name: str, text: str, expression: Callable[[Value, Value], pl.Expr], *examples: tuple[str, Any]
) -> Function:
    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        bound = bind_equality(args)
        certain = name.endswith("FROM")
        if certain and isinstance(bound[0].type, t.Row):
            raise ArgumentError("takes rows for equal in Flink that are not: compare their fields")
        nullable = not certain and any(a.type.nullable for a in (*args, *bound))
        return bound, t.Boolean(nullable=nullable)

    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        return expression(args[0], args[1])

    return define(name, "comparison", f"a {name} b", text, bind, build, *examples)


def _order(
    name: str, text: str, expression: Callable[[pl.Expr, pl.Expr], pl.Expr], *examples: tuple[str, Any]
) -> Function:
    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        bound = _bind_order(args)
        return bound, t.Boolean(nullable=any(a.type.nullable for a in bound))

    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        return _ordered(expression, args[0], args[1])

    return define(name, "comparison", f"a {name} b", text, bind, build, *examples)


def _distinct(left: Value, right: Value) -> pl.Expr:
    one_null = left.expr.is_null() != right.expr.is_null()
    return one_null | ~equal(left, right).fill_null(True)


# -- IN ----------------------------------------------------------------------------------------------


def _bind_in(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    """The items become the type of the value before IN, whatever that costs them: so does Flink."""
    value, *items = args
    if len(items) > 1 and isinstance(value.type, (t.Binary, t.Varbinary)):
        raise ArgumentError("finds no bytes among several values in Flink: write a = x'00' OR a = x'01'")
    if common_type([i.type for i in items]) is None:
        shown = ", ".join(str(i.type) for i in items)
        raise ArgumentError(f"takes values that have a common type, got ({shown})")
    bound = tuple(_item(i, value) for i in items)
    return (value, *bound), t.Boolean(nullable=any(a.type.nullable for a in (value, *bound)))


def _item(item: Expr, value: Expr) -> Expr:
    kinds = (value.type, item.type)
    if isinstance(item.type, t.Null):
        return cast_to(item, value.type)
    if type(value.type) is type(item.type) and isinstance(item.type, (t.Decimal, t.Time, t.Timestamp, t.TimestampLtz)):
        return item
    texts = all(map(is_character, kinds))
    if texts and not (isinstance(value.type, t.Char) and isinstance(item.type, t.Varchar)):
        return item
    number_or_text = all(is_numeric(k) or is_character(k) for k in kinds)
    text_or_time = any(map(is_character, kinds)) and any(is_time(k) or isinstance(k, t.Boolean) for k in kinds)
    common = common_type(kinds)
    if number_or_text or text_or_time or (common is not None and not _holds_map(common)):
        return cast_to(item, value.type)
    raise _incomparable(kinds)


def _in(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    """The items are evaluated one after the other, up to the first that is equal."""
    value, *items = args
    plain = isinstance(value.type, (t.Integer, t.Char, t.Varchar)) and all(i.constant is not None for i in items)
    if plain and all(i.is_constant and i.type.with_nullable() == value.type.with_nullable() for i in items):
        constants = [i.constant for i in items]
        return Value(value.expr.is_in(pl.lit(constants, dtype=pl.List(value.type.polars))), result, value.failures)
    found: list[pl.Expr] = []
    failures = list(value.failures)
    for item in items:
        missed = ~pl.any_horizontal(*found).fill_null(False) if found else pl.lit(True)
        failures += [f.guarded(missed) for f in item.failures]
        same = _ordered(lambda a, b: a == b, value, item) if _decimals(value, item) else equal(value, item)
        found.append(same)
    return Value(pl.any_horizontal(*found), result, tuple(failures))


def _decimals(value: Value, item: Value) -> bool:
    return isinstance(value.type, t.Decimal) and isinstance(item.type, t.Decimal)


FUNCTIONS = (
    _equality(
        "=",
        "Equal. NaN equals nothing.",
        equal,
        ("1 = 1.0", True),
        ("'a' = 'b'", False),
        ("CAST(NULL AS DATE) = '2024-1-2'", None),
        ("1 = CAST(NULL AS INT)", None),
    ),
    _equality("<>", "Not equal.", lambda a, b: ~equal(a, b), ("'a' <> 'b'", True), ("1 <> 1", False)),
    _order("<", "Less. Texts compare by code points.", lambda a, b: a < b, ("1 < 2", True), ("'10' < 9", False)),
    _order("<=", "Less or equal.", lambda a, b: a <= b, ("2 <= 2", True), ("'b' <= 'a'", False)),
    _order(
        ">",
        "Greater. Beside a number a text is read as one.",
        lambda a, b: a > b,
        ("DATE '2024-01-02' > DATE '2024-01-01'", True),
        ("TRUE > FALSE", True),
    ),
    _order(">=", "Greater or equal.", lambda a, b: a >= b, ("CAST(NULL AS INT) >= 1", None), ("1.5 >= 1", True)),
    _equality(
        "IS DISTINCT FROM",
        "Not equal, where NULL equals NULL.",
        _distinct,
        ("CAST(NULL AS INT) IS DISTINCT FROM 1", True),
        ("1 IS DISTINCT FROM 1", False),
    ),
    _equality(
        "IS NOT DISTINCT FROM",
        "Equal, where NULL equals NULL.",
        lambda a, b: ~_distinct(a, b),
        ("CAST(NULL AS INT) IS NOT DISTINCT FROM CAST(NULL AS INT)", True),
        ("1 IS NOT DISTINCT FROM 2", False),
    ),
    define(
        "IN",
        "comparison",
        "a IN (b, ...)",
        "Equal to one of the values, each of which first becomes the type of `a`. NULL if it is not, and one is NULL.",
        _bind_in,
        _in,
        ("2 IN (1, 2, 3)", True),
        ("4 IN (1, CAST(NULL AS INT))", None),
        ("1 IN (1, CAST(NULL AS INT))", True),
        ("'a' IN ('b', 'c')", False),
        lazy=True,
    ),
)
