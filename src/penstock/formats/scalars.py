"""One text as one value, by the rules of the Java methods that Flink's formats call.

Only odd spellings come here (see `cells`). Values are physical: days, milliseconds, unscaled decimals and so on;
each function raises ValueError where Java would throw.
"""

from __future__ import annotations

import re
from decimal import Decimal as Exact
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.types import Timestamp, TimestampLtz

if TYPE_CHECKING:
    from penstock.core.types import Decimal, Integer

__all__ = [
    "date_value",
    "decimal_value",
    "float_value",
    "in_range",
    "integer_value",
    "iso_time_value",
    "sql_date_value",
    "time_value",
    "timestamp_value",
    "trim",
]

_BLANKS = "".join(map(chr, range(33)))
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_WIDE_DIGITS = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"([+-]?)(?:(NaN|Infinity)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?)")
_HEX_FLOAT = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?")
_MAX_EXPONENT = 100
"""Beyond it a decimal is zero or too large for any DECIMAL, so its digits need not be counted."""
_JAVA_EXPONENT = 600_000_000
"""About where BigDecimal gives up."""

_DATE = r"(-(?!0+-)\d{4,10}|\+\d{5,10}|\d{4})-(\d\d)-(\d\d)"
_SECONDS = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{0,9}))?"
_ISO_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?"
_ONLY_DATE = re.compile(_DATE, re.ASCII)
_ISO_ONLY_TIME = re.compile(_ISO_TIME, re.ASCII)
_SQL_DATE = re.compile(r"(\d{4}|\+\d{3})-(\d{1,2}|\+\d)-(\d{1,2}|\+\d)", re.ASCII)
_ONLY_TIME = re.compile(_SECONDS, re.ASCII)
_TIMESTAMP = {
    (" ", False): re.compile(f"{_DATE} {_SECONDS}", re.ASCII),
    (" ", True): re.compile(f"{_DATE} {_SECONDS}Z", re.ASCII),
    ("T", False): re.compile(f"{_DATE}[Tt]{_ISO_TIME}", re.ASCII),
    ("T", True): re.compile(f"{_DATE}T{_ISO_TIME}Z", re.ASCII),
}
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NANOS = {"ms": 1_000_000, "us": 1_000, "ns": 1}


def trim(text: str) -> str:
    """Java's String.trim."""
    return text.strip(_BLANKS)


def integer_value(text: str, type_: Integer) -> int:
    """Long.parseLong and its like: no blanks; decimal digits of any script."""
    if not (_INTEGER.fullmatch(text) or (_WIDE_DIGITS.fullmatch(text) and all(ord(c) < 1 << 16 for c in text))):
        raise ValueError(text)
    return in_range(int(text), type_)


def in_range(value: int, type_: Integer) -> int:
    if not -(1 << (type_.bits - 1)) <= value < 1 << (type_.bits - 1):
        raise ValueError(value)
    return value


def float_value(text: str, *, single: bool) -> float:
    """Double.parseDouble, or Float.parseFloat where `single`: blanks around, NaN, Infinity, hexadecimal, f and d."""
    text = trim(text)
    found = _FLOAT.fullmatch(text)
    if found:
        sign, word, number = found.groups()
        if word:
            return float(sign + word)
        return _rounded_once(sign + number) if single else float(sign + number)
    hexadecimal = _HEX_FLOAT.fullmatch(text)
    if not hexadecimal:
        raise ValueError(text)
    try:
        return float.fromhex(hexadecimal[1])
    except OverflowError:
        return float("-inf" if text.startswith("-") else "inf")


def _rounded_once(number: str) -> float:
    """A FLOAT's value; going through a double would round twice."""
    return float(pl.Series([number]).cast(pl.Float32)[0])


def decimal_value(text: str, type_: Decimal) -> int | None:
    """``new BigDecimal(text)`` rounded half up to the scale, unscaled; None where it has too many digits."""
    found = _DECIMAL.fullmatch(text)
    if not found or abs(int(found[1] or 0)) > _JAVA_EXPONENT:
        raise ValueError(text)
    exact = Exact(text)
    if exact == 0 or exact.adjusted() < -_MAX_EXPONENT:
        return 0
    if exact.adjusted() > _MAX_EXPONENT:
        return None
    sign, figures, exponent = exact.as_tuple()
    value: int = int("".join(map(str, figures)))
    shift = int(exponent) + type_.scale
    if shift >= 0:
        value *= 10**shift
    else:
        value, rest = divmod(value, 10**-shift)
        value += 2 * rest >= 10**-shift
    if value >= 10**type_.precision:
        return None
    return -value if sign else value


def _last_day(year: int, month: int, *, julian: bool) -> int:
    leap = year % 4 == 0 and (julian or year % 100 != 0 or year % 400 == 0)
    return _MONTH_DAYS[month - 1] + (month == 2 and leap)


def _days(year: str, month: str, day: str, *, lenient: bool) -> int:
    """Days since 1970; `lenient` takes a day up to 31 for the month's last (Java's SMART)."""
    y, m, d = int(year), int(month), int(day)
    if not (1 <= m <= 12 and 1 <= d <= 31):
        raise ValueError(day)
    last = _last_day(y, m, julian=False)
    if d > last:
        if not lenient:
            raise ValueError(day)
        d = last
    if m <= 2:
        y -= 1
    era = y // 400
    year_of_era = y - era * 400
    day_of_year = (153 * (m - 3 if m > 2 else m + 9) + 2) // 5 + d - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def _nanos(hour: str, minute: str, second: str | None, fraction: str | None, *, lenient: bool) -> int:
    """Nanoseconds of the day; `lenient` takes 24:00:00."""
    h, m, s, f = int(hour), int(minute), int(second or 0), int((fraction or "").ljust(9, "0"))
    if m > 59 or s > 59 or h > 24 or (h == 24 and (not lenient or m or s or f)):
        raise ValueError(hour)
    return ((h * 60 + m) * 60 + s) * 1_000_000_000 + f


def date_value(text: str) -> int:
    """ISO_LOCAL_DATE: days since 1970."""
    found = _ONLY_DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    days = _days(found[1], found[2], found[3], lenient=False)
    if not -(2**31) <= days < 2**31:
        raise ValueError(text)
    return days


def time_value(text: str) -> int:
    """``HH:mm:ss`` and a fraction: milliseconds of the day; 24:00:00 is 0."""
    found = _ONLY_TIME.fullmatch(text)
    if not found:
        raise ValueError(text)
    return _nanos(found[1], found[2], found[3], found[4], lenient=True) // 1_000_000 % 86_400_000


def iso_time_value(text: str) -> int:
    """LocalTime.parse: milliseconds of the day; the seconds may be missing."""
    found = _ISO_ONLY_TIME.fullmatch(text)
    if not found:
        raise ValueError(text)
    return _nanos(found[1], found[2], found[3], found[4], lenient=False) // 1_000_000


def sql_date_value(text: str) -> int:
    """java.sql.Date.valueOf and toLocalDate: days since 1970.

    A day beyond the month's last goes on into the next month; before 15 October 1582 Java's calendar is the Julian,
    of which year, month and day are then taken as they are.
    """
    found = _SQL_DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    year, month, day = max(int(found[1]), 1), int(found[2]), int(found[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(text)
    gregorian = (year, month, day) >= (1582, 10, 5)
    last = _last_day(year, month, julian=not gregorian)
    if day > last:
        year, month, day = (year + month // 12, month % 12 + 1, day - last)
    if (1582, 10, 5) <= (year, month, day) < (1582, 10, 15):
        day += 10
    if day > _last_day(year, month, julian=False):
        raise ValueError(text)
    return _days(str(year), str(month), str(day), lenient=False)


def timestamp_value(text: str, type_: Timestamp | TimestampLtz, sep: str) -> int:
    """The SQL standard (`sep` is a blank) or ISO-8601 (``T``), in the units of the type's Polars type.

    Raises ValueError too where 64 bits of that unit do not reach.
    """
    zulu = isinstance(type_, TimestampLtz)
    found = _TIMESTAMP[sep, zulu].fullmatch(text)
    if not found:
        raise ValueError(text)
    lenient = zulu or sep == " "  # Java's ISO_LOCAL_DATE_TIME alone is strict
    day = _days(found[1], found[2], found[3], lenient=lenient)
    nanos = day * 86_400_000_000_000 + _nanos(found[4], found[5], found[6], found[7], lenient=lenient)
    value = nanos // _NANOS[time_unit(type_)]
    if not -(2**63) < value < 2**63:
        raise ValueError(text)
    return value


def time_unit(type_: Timestamp | TimestampLtz) -> str:
    """``ms``, ``us`` or ``ns``: what the type's Polars type counts."""
    return type_.polars.time_unit  # type: ignore[attr-defined,no-any-return]
