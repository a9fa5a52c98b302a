"""The values of a column out of its texts: NULL where a text is not written as its schema says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.warehouse.cleaning.locales import in_english

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.warehouse.schema import Column

__all__ = ["DATES", "MOMENTS", "TIMES", "read_values"]

DATES = ("%Y-%m-%d",)
TIMES = ("%H:%M:%S", "%H:%M:%S%.f", "%H:%M")
MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%#z", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f",
           "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d")  # fmt: skip
"""How times are written where a schema says nothing."""


def read_values(texts: pl.Series, column: Column) -> pl.Series:
    """`texts` (String) as values of the column's type."""
    match column.type:
        case t.Integer():
            return _numbers(texts, column, lambda plain: plain.cast(column.polars, strict=False))
        case t.Float() | t.Double():
            return _numbers(texts, column, lambda plain: _finite(plain.cast(column.polars, strict=False)))
        case t.Decimal(_, scale):
            return _numbers(texts, column, lambda plain: _decimals(plain, column.polars, scale))
        case t.Boolean():
            return _truth(texts, column)
        case t.Date():
            return _times(texts, column, DATES, lambda s, f: s.str.to_date(f, strict=False))
        case t.Time():
            return _times(texts, column, TIMES, lambda s, f: s.str.to_time(f, strict=False))
        case t.Timestamp():
            return _times(texts, column, MOMENTS, _wall)
        case t.TimestampLtz():
            return _times(texts, column, MOMENTS, lambda s, f: _moment(s, f, column.zone))
        case _:
            return texts


def _tried(texts: pl.Series, ways: Sequence[Callable[[pl.Series], pl.Series]]) -> pl.Series:
    """The first way that reads a text counts; the later ones are asked for what is left alone."""
    found = ways[0](texts)
    for way in ways[1:]:
        left = (found.is_null() & texts.is_not_null()).arg_true()
        if not len(left):
            break
        found = found.scatter(left, way(texts.gather(left)))
    return found


def _numbers(texts: pl.Series, column: Column, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    if not column.numbers:
        return read(texts)
    return _tried(texts, [lambda s, one=one: read(one.plain(s)) for one in column.numbers])  # type: ignore[misc]


def _finite(values: pl.Series) -> pl.Series:
    """A number that is too large, and what is none, reads as no number."""
    return values.set(~values.is_finite(), None)


def _decimals(plain: pl.Series, kind: pl.DataType, scale: int) -> pl.Series:
    """A number with more decimals than there is room for does not fit: nothing is rounded."""
    longer = plain.str.contains(rf"\.[0-9]{{{scale}}}0*[1-9]|[eE]")
    return plain.set(longer, None).cast(kind, strict=False)


def _truth(texts: pl.Series, column: Column) -> pl.Series:
    words = {word.lower(): True for word in column.true} | {word.lower(): False for word in column.false}
    return texts.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)


def _times(
    texts: pl.Series, column: Column, usual: Sequence[str], read: Callable[[pl.Series, str], pl.Series]
) -> pl.Series:
    if column.locale != "en":
        texts = in_english(texts, column.locale)
    ways = [lambda s, f=f: read(s, f).cast(column.polars) for f in column.formats or usual]
    return _tried(texts, ways)


def _zoned(form: str) -> bool:
    return "%z" in form or "%#z" in form or "%:z" in form


def _with_time(texts: pl.Series, form: str) -> pl.Series:
    """Wall times; a date alone is its midnight."""
    if "%H" in form or "%I" in form or "%T" in form or "%R" in form:
        return texts.str.to_datetime(form, time_unit="us", strict=False)
    return texts.str.to_date(form, strict=False).cast(pl.Datetime("us"))


def _wall(texts: pl.Series, form: str) -> pl.Series:
    if _zoned(form):
        return texts.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False).dt.replace_time_zone(None)
    return _with_time(texts, form)


def _moment(texts: pl.Series, form: str, zone: str) -> pl.Series:
    """Of an hour that there is twice it is the first one; one that there is not is no time."""
    if _zoned(form):
        return texts.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
    local = _with_time(texts, form)
    if zone == "UTC":
        return local.dt.replace_time_zone("UTC")
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
