"""Python values, as the exact readers give them, as a Series; and how wide the storage of each type is."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["series_of"]

_WIDE = Context(prec=60)


def series_of(type_: t.DataType, values: Sequence[Any]) -> pl.Series:
    """Physical values of `type_` as a Series of its Polars type.

    Physical are: days, milliseconds (day-time intervals), nanoseconds of the day, moments in the type's unit, unscaled
    decimals; a ROW is a dict, a MAP a list of {key, value}.
    """
    convert = _spoken(type_)
    spoken = values if convert is None else [None if v is None else convert(v) for v in values]
    return pl.Series("", spoken, dtype=_storage(type_), strict=True).cast(type_.polars)


def _storage(type_: t.DataType) -> pl.DataType:
    """The type that holds the physical values: integers where Polars would want Python's dates."""
    match type_:
        case t.Date():
            return pl.Int32()
        case t.Time() | t.Timestamp() | t.TimestampLtz() | t.IntervalDay():
            return pl.Int64()
        case t.Array(element=element):
            return pl.List(_storage(element))
        case t.Map(key=key, value=value):
            return pl.List(pl.Struct({"key": _storage(key), "value": _storage(value)}))
        case t.Row(fields=fields):
            return pl.Struct({f.name: _storage(f.type) for f in fields})
    return type_.polars


def _spoken(type_: t.DataType) -> Callable[[Any], Any] | None:
    """What to do to a value before Polars takes it: only decimals inside need anything."""
    match type_:
        case t.Decimal(scale=scale):
            return lambda v: Decimal(v).scaleb(-scale, _WIDE)
        case t.Array(element=element):
            each = _spoken(element)
            if each is not None:
                return lambda v: [None if e is None else each(e) for e in v]
        case t.Map(value=value):
            inner = _spoken(value)
            if inner is not None:
                return lambda v: [{**e, "value": None if e["value"] is None else inner(e["value"])} for e in v]
        case t.Row(fields=fields):
            of = {f.name: found for f in fields if (found := _spoken(f.type)) is not None}
            if of:
                return lambda v: {k: of[k](e) if k in of and e is not None else e for k, e in v.items()}
    return None
