"""One value from type to type, as Flink's CAST does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import from_text, time_text
from penstock.sql.casts.converted import Converted
from penstock.sql.casts.decimals import rescaled, unscaled
from penstock.sql.casts.times import convert_time
from penstock.sql.casts.to_text import sized_binary, sized_text, text_of
from penstock.sql.casts.zones import to_moment

if TYPE_CHECKING:
    from penstock.core.types import DataType

__all__ = ["convert"]

_TEXT = (t.Char, t.Varchar)
_LONG = 2.0**63


def convert(value: pl.Expr, source: DataType, target: DataType, zone: str) -> Converted:
    """`value` of type `source` as `target`; `zone` is the session's time zone.

    Only for pairs that `cast_refusal` lets pass.
    """
    if source.with_nullable() == target.with_nullable():
        return Converted(value)
    match target:
        case t.Char() | t.Varchar():
            return Converted(sized_text(text_of(value, source, zone), source, target))
        case t.Binary() | t.Varbinary():
            binary = value.cast(pl.Binary) if isinstance(source, _TEXT) else value
            return Converted(sized_binary(binary, source, target))
        case t.IntervalYear() | t.IntervalDay():
            return Converted(value)  # months or milliseconds, whatever the units
        case t.Array() | t.Map() | t.Multiset() | t.Row():
            return _nested(value, source, target, zone)
    if isinstance(source, _TEXT):
        read = _read(value, target, zone)
        return Converted(read, lost=value.is_not_null() & read.is_null())
    match target:
        case t.Boolean():
            return Converted((unscaled(value) if isinstance(source, t.Decimal) else value) != 0)
        case t.Integer():
            return Converted(_integer(value, source, target))
        case t.Float() | t.Double():
            return Converted(_float(value, source).cast(target.polars))
        case t.Decimal():
            return _decimal(value, source, target)
    return convert_time(value, source, target, zone)


def _read(text: pl.Expr, target: DataType, zone: str) -> pl.Expr:
    match target:
        case t.Boolean():
            return from_text.boolean_of(text)
        case t.Integer():
            return from_text.integer_of(text, target)
        case t.Float() | t.Double():
            return from_text.float_of(text, target)
        case t.Decimal():
            return from_text.decimal_of(text, target)
        case t.Date():
            return time_text.date_of(text)
        case t.Time():
            return time_text.time_of(text, target)
        case t.Timestamp(precision):
            return time_text.timestamp_of(text, precision)
        case t.TimestampLtz(precision):
            return to_moment(time_text.timestamp_of(text, precision), zone)
    raise TypeError(f"no text is read as {target}")


def _integer(value: pl.Expr, source: DataType, target: t.Integer) -> pl.Expr:
    """As Java narrows: the low bits of a whole number; a floating-point one is cut and held within INT or BIGINT."""
    match source:
        case t.Boolean():
            return value.cast(target.polars)
        case t.Decimal(_, scale):
            whole = unscaled(value).truncdiv(pl.lit(10**scale, pl.Int128))
            return whole.cast(target.polars, wrap_numerical=True)
        case t.Float() | t.Double():
            number = value.cast(pl.Float64).fill_nan(0.0)
            if target.bits == 64:
                # the greatest BIGINT is no DOUBLE
                held = number.clip(-_LONG, _LONG).cast(pl.Int64, strict=False)
                return pl.when(number >= _LONG).then(pl.lit(2**63 - 1, pl.Int64)).otherwise(held)
            held = number.clip(-(2.0**31), 2.0**31 - 1).cast(pl.Int32)
            return held.cast(target.polars, wrap_numerical=True)
    return value.cast(target.polars, wrap_numerical=True)


def _float(value: pl.Expr, source: DataType) -> pl.Expr:
    """The nearest DOUBLE, or a FLOAT as it is."""
    match source:
        case t.Decimal(precision, scale) if precision <= 18:
            return unscaled(value).cast(pl.Int64).cast(pl.Float64) / 10.0**scale
        case t.Decimal():
            return value.cast(pl.String).cast(pl.Float64)
        case t.Float() | t.Double():
            return value
    return value.cast(pl.Float64) if isinstance(source, t.Boolean) else value


def _decimal(value: pl.Expr, source: DataType, target: t.Decimal) -> Converted:
    """Half up; NULL where it does not fit, which is no failure in Flink."""
    match source:
        case t.Decimal():
            return Converted(rescaled(value, source, target))
        case t.Float() | t.Double():
            number = value.cast(pl.Float64)
            read = from_text.decimal_of(number.cast(pl.String), target, by_hand=False)
            return Converted(read, fatal=~number.is_finite())
    number = value.cast(pl.Int64)
    return Converted(number.cast(target.polars, strict=False))


def _nested(value: pl.Expr, source: DataType, target: DataType, zone: str) -> Converted:
    """Part by part; one part that is lost loses the whole."""
    match source, target:
        case t.Row(fields), t.Row(others):
            parts = [
                convert(value.struct.field(f.name), f.type, o.type, zone) for f, o in zip(fields, others, strict=True)
            ]
            return _row(value, parts, [o.name for o in others])
        case t.Array(a), t.Array(b):
            return _list(value, convert(pl.element(), a, b, zone))
        case t.Map(a, x), t.Map(b, y):
            pairs = [("key", a, b), ("value", x, y)]
        case t.Multiset(a), t.Multiset(b):
            pairs = [("key", a, b), ("value", t.INT, t.INT)]
        case _:
            raise TypeError(f"{source} is not cast to {target}")
    element = pl.element()
    parts = [convert(element.struct.field(name), have, want, zone) for name, have, want in pairs]
    return _list(value, _row(element, parts, ["key", "value"]))


def _row(value: pl.Expr, parts: list[Converted], names: list[str]) -> Converted:
    made = pl.struct(*(p.expr.alias(name) for p, name in zip(parts, names, strict=True)))
    return Converted(
        pl.when(value.is_not_null()).then(made),
        lost=_any_of([p.lost for p in parts]),
        fatal=_any_of([p.fatal for p in parts]),
    )


def _list(value: pl.Expr, part: Converted) -> Converted:
    def somewhere(condition: pl.Expr | None) -> pl.Expr | None:
        return None if condition is None else value.list.eval(condition.fill_null(False)).list.any()

    return Converted(value.list.eval(part.expr), somewhere(part.lost), somewhere(part.fatal))


def _any_of(conditions: list[pl.Expr | None]) -> pl.Expr | None:
    present = [c.fill_null(False) for c in conditions if c is not None]
    return pl.any_horizontal(*present) if present else None
