"""Days since 1970 and their years, months and days, as whole columns.

Flink counts in three ways. Values of DATE and TIMESTAMP are in the Gregorian calendar, for all time. What goes
through Java's old classes (texts with a pattern) is in the calendar that people used: Julian before
1582-10-15. FLOOR and CEIL read days before that one in the Julian calendar, and write them as if they were
Gregorian.
"""

from __future__ import annotations

import polars as pl

__all__ = ["FIRST_GREGORIAN", "civil", "days_of", "days_of_used", "month_length", "used_civil"]

FIRST_GREGORIAN = -141_427
"""1582-10-15."""

_CIVIL = ("year", "month", "day")


def days_of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Days since 1970 of a Gregorian date; `month` is 1 to 13, `day` any number. Int64."""
    y, rest = _from_march(year, month, day)
    return rest + 365 * y + y // 4 - y // 100 + y // 400 - 719_469


def days_of_used(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Days since 1970 of a date in the calendar that was used then; months and days may be any number."""
    carried = year.cast(pl.Int64) + (month - 1) // 12
    month = (month - 1) % 12 + 1
    gregorian = days_of(carried, month, day)
    y, rest = _from_march(carried, month, day)
    julian = rest + 365 * y + y // 4 - 719_471
    return pl.when(gregorian >= FIRST_GREGORIAN).then(gregorian).otherwise(julian)


def _from_march(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The year that begins in March, so that the leap day is its last, and the days since it began."""
    year, month, day = year.cast(pl.Int64), month.cast(pl.Int64), day.cast(pl.Int64)
    return year - (month <= 2), (153 * ((month + 9) % 12) + 2) // 5 + day


def civil(days: pl.Series) -> pl.DataFrame:
    """Gregorian `year`, `month`, `day` (Int64) of days since 1970."""
    date = pl.col("days").cast(pl.Int32, strict=False).cast(pl.Date)
    parts = (date.dt.year(), date.dt.month(), date.dt.day())
    return days.to_frame("days").select(p.cast(pl.Int64).alias(n) for p, n in zip(parts, _CIVIL, strict=True))


def used_civil(days: pl.Series) -> pl.DataFrame:
    """`year`, `month`, `day` (Int64) of days since 1970 in the calendar that was used then."""
    is_julian = days < FIRST_GREGORIAN
    if not is_julian.any():
        return civil(days)
    c = pl.col("c")
    steps = (
        days.to_frame("days")
        .with_columns(c=pl.col("days") + 719_470)
        .with_columns(y=(4 * c + 3) // 1461)
        .with_columns(e=c - pl.col("y") * 1461 // 4)
        .with_columns(m=(5 * pl.col("e") + 2) // 153)
    )
    julian = steps.select(
        year=pl.col("y") + pl.col("m") // 10,
        month=pl.col("m") + 3 - pl.col("m") // 10 * 12,
        day=pl.col("e") - (153 * pl.col("m") + 2) // 5 + 1,
    )
    modern = civil(days)
    return pl.DataFrame([julian[n].zip_with(is_julian, modern[n]) for n in _CIVIL])


def month_length(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    """Days of a Gregorian month; `month` is 1 to 12."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return (
        pl.when(month == 2)
        .then(pl.when(leap).then(pl.lit(29)).otherwise(pl.lit(28)))
        .when(month.is_in([4, 6, 9, 11]))
        .then(pl.lit(30))
        .otherwise(pl.lit(31))
        .cast(pl.Int64)
    )
