"""Texts to dates, times and timestamps, with the forms that Flink accepts; NULL where a text is not one of them.

The usual ISO form is read by Polars, all others field by field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from penstock.core import types as t

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["date_of", "time_of", "timestamp_of"]

_BLANK = r"[\x00-\x20]*"
"""What Java's String.trim takes away."""

_ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATE = rf"^{_BLANK}(?<year>[0-9]+){_BLANK}(?:-{_BLANK}(?<month>[0-9]+){_BLANK}(?:-{_BLANK}(?<day>[0-9]+){_BLANK})?)?$"
_ISO_TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?$"
_TIMESTAMP = (
    r"^(?<year>[0-9]{4}|\+[0-9]{5,6})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})"
    r"(?: (?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2}):(?<second>[0-9]{1,2})(?:\.(?<fraction>[0-9]{0,9}))?)?$"
)
_ISO_TIME = r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,3})?$"
_TIME = (
    rf"^{_BLANK}(?<hour>[0-9]+){_BLANK}(?::{_BLANK}(?<minute>[0-9]+){_BLANK}(?::{_BLANK}(?<second>[0-9]+){_BLANK}"
    rf"(?:\.(?<fraction>[^+-]*))?)?)?(?:(?<sign>[+-]){_BLANK}(?<hours>[0-9]+){_BLANK}(?::{_BLANK}(?<minutes>[0-9]+){_BLANK})?)?$"
)
_Unit: TypeAlias = Literal["ms", "us", "ns"]
_UNITS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_MAX_SECONDS = (2**63 - 1) // 1_000_000_000
"""Seconds around 1970 that nanoseconds in 64 bits reach."""


def date_of(text: pl.Expr) -> pl.Expr:
    """``yyyy[-MM[-dd]]``, and anything after a space is ignored."""
    return text.map_batches(
        lambda s: _read(s, _ISO_DATE, lambda iso: iso.str.to_date("%Y-%m-%d", strict=False), _read_dates),
        return_dtype=pl.Date,
        is_elementwise=True,
    )


def time_of(text: pl.Expr, target: t.Time) -> pl.Expr:
    """``HH[:mm[:ss[.fraction]]]`` with an optional offset that is added, rounded to milliseconds."""
    step = 10 ** max(0, 3 - target.precision)

    def cut(times: pl.Series) -> pl.Series:
        nanos = times.cast(pl.Int64)
        whole: pl.Series = nanos - nanos % (step * 1_000_000)
        return whole.cast(pl.Time)

    def iso(texts: pl.Series) -> pl.Series:
        return cut(texts.str.to_time("%H:%M:%S%.f", strict=False))

    return text.map_batches(
        lambda s: _read(s, _ISO_TIME, iso, lambda rest: cut(_read_times(rest))),
        return_dtype=pl.Time,
        is_elementwise=True,
    )


def timestamp_of(text: pl.Expr, precision: int) -> pl.Expr:
    """``yyyy-MM-dd[ HH:mm:ss[.fraction]]``, cut to `precision` digits of a second, without a zone."""
    data_type = t.Timestamp(precision).polars
    unit: _Unit = "ms" if precision <= 3 else "us" if precision <= 6 else "ns"
    step = {0: "1s", 1: "100ms", 2: "10ms", 4: "100us", 5: "10us", 7: "100ns", 8: "10ns"}.get(precision)

    def iso(texts: pl.Series) -> pl.Series:
        moments = texts.str.to_datetime(_chrono(texts), time_unit=unit, strict=False, cache=False)
        return moments if step is None else moments.dt.truncate(step)

    return text.map_batches(
        lambda s: _read(s, _ISO_TIMESTAMP, iso, lambda rest: _read_timestamps(rest, precision, unit)),
        return_dtype=data_type,
        is_elementwise=True,
    )


def _chrono(texts: pl.Series) -> str:
    """The format for ISO timestamps; where all have the same digits of a second one that is read 5 times faster."""
    lengths = texts.str.len_bytes()
    length = lengths.min()
    fractions = {19: "", 23: ".%3f", 26: ".%6f", 29: ".%9f"}
    if not isinstance(length, int) or length != lengths.max():
        return "%Y-%m-%d %H:%M:%S%.f"
    return "%Y-%m-%d %H:%M:%S" + fractions.get(length, "%.f")


def _read(
    texts: pl.Series, form: str, iso: Callable[[pl.Series], pl.Series], other: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """What `iso` reads of the texts that have its `form`, and `other` of those left over."""
    is_iso = texts.str.contains(form) & ~texts.str.starts_with("0000")
    result = iso(texts.set(~is_iso, None))
    left = result.is_null() & texts.is_not_null()
    if not left.any():
        return result
    return result.zip_with(~left, other(texts.set(~left, None)))


def _fields(texts: pl.Series, form: str, *text_fields: str) -> pl.DataFrame:
    """The named groups of `form`, as Int64 but for `text_fields`."""
    frame = texts.to_frame("text").select(pl.col("text").str.extract_groups(form)).unnest("text")
    return frame.with_columns(pl.exclude(text_fields).cast(pl.Int64, strict=False))


def _read_dates(texts: pl.Series) -> pl.Series:
    fields = _fields(texts.str.replace("(?s)^([^ ]+) .*$", "$1"), _DATE)
    year, month, day = pl.col("year"), pl.col("month").fill_null(1), pl.col("day").fill_null(1)
    fields = fields.with_columns(month, day)
    valid = year.is_between(0, 9999) & month.is_between(1, 12) & day.is_between(1, _month_length())
    return fields.select(pl.when(valid).then(_days()).cast(pl.Int32).cast(pl.Date)).to_series()


def _read_timestamps(texts: pl.Series, precision: int, unit: _Unit) -> pl.Series:
    fields = _fields(texts, _TIMESTAMP, "fraction").with_columns(
        pl.col("hour", "minute", "second").fill_null(0), pl.col("fraction").fill_null("")
    )
    clock = pl.col("hour") * 3600 + pl.col("minute") * 60 + pl.col("second")
    nanos = pl.col("fraction").str.head(precision).str.pad_end(9, "0").cast(pl.Int64)
    valid = (
        (pl.col("year") >= 1)
        & pl.col("month").is_between(1, 12)
        & pl.col("day").is_between(1, 31)
        & (pl.col("minute") <= 59)
        & (pl.col("second") <= 59)
        & ((pl.col("hour") <= 23) | ((clock == 86_400) & (nanos == 0)))
    )
    # a day beyond the end of the month is its last one
    fields = fields.with_columns(pl.min_horizontal("day", _month_length()).alias("day"), valid=valid)
    seconds = _days() * 86_400 + clock
    in_reach = (seconds.abs() < _MAX_SECONDS) if unit == "ns" else True
    scale = _UNITS[unit]
    number = seconds * scale + nanos // (1_000_000_000 // scale)
    return fields.select(pl.when(pl.col("valid") & in_reach).then(number).cast(pl.Datetime(unit))).to_series()


def _read_times(texts: pl.Series) -> pl.Series:
    blanks = "".join(map(chr, range(33)))
    fields = _fields(texts, _TIME, "fraction", "sign").with_columns(
        pl.col("minute", "second", "minutes", "hours").fill_null(0),
        pl.col("fraction").fill_null("").str.strip_chars(blanks),
    )
    sign = pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    digits = pl.col("fraction").str.head(3).str.replace_all("[^0-9]", "0").str.pad_end(3, "0").cast(pl.Int64)
    # the fourth character rounds, whatever it is
    millis = digits + (pl.col("fraction").str.slice(3, 1) >= "5").cast(pl.Int64)
    valid = pl.col("hour").is_between(0, 23) & (pl.col("minute") <= 59) & (pl.col("second") <= 59)
    minutes = (pl.col("hour") + sign * pl.col("hours")) * 60 + pl.col("minute") + sign * pl.col("minutes")
    number = (minutes * 60 + pl.col("second")) * 1000 + millis
    valid &= number.is_between(0, 86_399_999)
    return fields.select(pl.when(valid).then(number * 1_000_000).cast(pl.Time)).to_series()


def _days() -> pl.Expr:
    """Days from 1970-01-01 to `year`, `month`, `day` of the Gregorian calendar, years 0 and later."""
    before_march = (14 - pl.col("month")) // 12
    year, month = pl.col("year") + 4800 - before_march, pl.col("month") + 12 * before_march - 3
    leaps = year // 4 - year // 100 + year // 400
    return pl.col("day") + (153 * month + 2) // 5 + 365 * year + leaps - 32_045 - 2_440_588


def _month_length() -> pl.Expr:
    year, month = pl.col("year"), pl.col("month")
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    short = pl.when(month == 2).then(28 + leap.cast(pl.Int64))
    return short.when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
