"""Texts read by a pattern of Java's newer formatter: what TO_TIMESTAMP and TO_TIMESTAMP_LTZ read.

A text that does not fit the pattern gets a second chance as ``yyyy-M-d`` or ``yyyy-M-d h:m:s[.f]``, as in Flink.
Zones in a text must be well-formed and count for nothing: Flink takes the wall time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.temporal.calendar import days_of, days_of_used, month_length, used_civil
from penstock.sql.functions.temporal.exact import CLOCK, SIXTY, Exact, completed, exact
from penstock.sql.functions.temporal.patterns import MONTHS, WEEKDAYS, Part, refuse, split
from penstock.sql.functions.temporal.values import DAY, HOUR, LAST_MILLI, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Reader", "reader"]

_ALLOWED = "u y M L d D E a h H k K m s S n Z X x"

_ZONES = {
    "Z": f"[+-]{CLOCK}{SIXTY}",
    "ZZZZZ": f"(?:Z|[+-]{CLOCK}:{SIXTY}(?::{SIXTY})?)",
    "x": f"[+-]{CLOCK}(?:{SIXTY})?",
    "xx": f"[+-]{CLOCK}{SIXTY}",
    "xxx": f"[+-]{CLOCK}:{SIXTY}",
    "xxxx": f"[+-]{CLOCK}{SIXTY}(?:{SIXTY})?",
    "xxxxx": f"[+-]{CLOCK}:{SIXTY}(?::{SIXTY})?",
}
_ZONES |= {"ZZ": _ZONES["Z"], "ZZZ": _ZONES["Z"]} | {x.upper(): f"(?:Z|{_ZONES[x]})" for x in _ZONES if x[0] == "x"}

_NUMBERS = {
    "d": ("day", 2), "H": ("hour", 2), "k": ("clock_hour", 2), "K": ("half_hour", 2), "h": ("clock_half", 2),
    "m": ("minute", 2), "s": ("second", 2), "M": ("month", 2), "L": ("month", 2), "D": ("day_of_year", 3),
    "n": ("nano", 1),
}  # fmt: skip
"""Letters of numbers: the field they tell, and how often they may stand."""

_RANGES = {
    "year": (-250_000, 250_000), "month": (1, 12), "day": (1, 31), "day_of_year": (1, 366), "hour": (0, 24),
    "clock_hour": (0, 24), "half_hour": (0, 11), "clock_half": (0, 12), "minute": (0, 59), "second": (0, 59),
    "nano": (0, 999_999_999),
}  # fmt: skip
_GROUPS = (*_RANGES, "era_year", "short_year", "fraction", "month_name", "weekday", "half", "zone")

_PLAIN = (
    r"^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})"
    r"(?: (?<hour>[+-]?[0-9]{1,9}):(?<minute>[+-]?[0-9]{1,9}):(?<second>[+-]?[0-9]{1,9})(?:\.(?<nano>[0-9]{1,9}))?)?$"
)
_NANOS_REACH = 9_223_372_036_000
"""Milliseconds around 1970 that can be counted in nanoseconds."""

_BLANK = "".join(map(chr, range(33)))
"""What Java's String.trim takes away."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A pattern that has been checked; it reads texts as wall times."""

    form: str
    fraction: int
    """Digits of a second in the pattern."""
    shortcut: Exact | None

    def read(self, text: pl.Series, per_second: int) -> pl.Series:
        """Wall times in units of `per_second` since 1970 (1_000, 1_000_000 or 1_000_000_000; Int64), else NULL."""
        if self.shortcut is None or per_second > 1_000_000:
            return self._by_fields(text, per_second)
        read = self.shortcut.read(text) // (1_000_000 // per_second)
        return completed(text, read, lambda rest: self._by_fields(rest, per_second))

    def _by_fields(self, text: pl.Series, per_second: int) -> pl.Series:
        frame = (
            text.alias("text")
            .to_frame()
            .select(
                pl.col("text").str.contains(self.form).fill_null(False).alias("valid"),
                pl.col("text").str.extract_groups(self.form).alias("groups"),
            )
            .unnest("groups")
        )
        for step in (_numbers, _time, _date):
            frame = step(frame, self.fraction)
        return completed(text, _total(frame, per_second), lambda rest: _plain(rest, per_second))


def _total(frame: pl.DataFrame, per_second: int) -> pl.Series:
    """`days`, `ms` and `below` (nanoseconds) together, where `valid` and within reach of the unit."""
    ms = pl.col("days") * DAY + pl.col("ms")
    within = ms.abs() <= (LAST_MILLI if per_second < 1_000_000_000 else _NANOS_REACH)
    number = ms * (per_second // 1000) + pl.col("below") // (1_000_000_000 // per_second)
    return frame.select(pl.when(pl.col("valid") & within).then(number)).to_series()


def _numbers(frame: pl.DataFrame, digits: int) -> pl.DataFrame:
    """Texts to numbers, several ways to write one thing to one; fields that are not there are NULL."""
    words = {
        "month_name": {n: i for i, name in enumerate(MONTHS, 1) for n in (name, name[:3])},
        "weekday": {n: i for i, name in enumerate(WEEKDAYS, 1) for n in (name, name[:3])},
        "half": {"AM": 0, "PM": 1},
    }
    fields = {}
    for name in _GROUPS:
        if name not in frame.columns:
            fields[name] = pl.lit(None, pl.Int64)
        elif name == "zone":
            fields[name] = pl.col(name).str.replace_all("[^0-9]", "").str.head(4).str.pad_end(4, "0").cast(pl.Int64)
        elif name in words:
            fields[name] = pl.col(name).replace_strict(words[name], default=None, return_dtype=pl.Int64)
        else:
            fields[name] = pl.col(name).cast(pl.Int64, strict=False)
    found = frame.with_columns(**fields)
    read = [pl.col(n).is_not_null() | frame[n].is_null() for n in _GROUPS if n in frame.columns]
    era_year = pl.col("era_year")
    return found.with_columns(
        year=pl.coalesce("year", era_year, pl.col("short_year") + 2000),
        month=pl.coalesce("month", "month_name"),
        nano=pl.coalesce("nano", pl.col("fraction") * 10 ** (9 - digits)),
    ).with_columns(
        valid=pl.all_horizontal(
            "valid", *read, era_year.is_null() | (era_year > 0), *(_within(n, *r) for n, r in _RANGES.items())
        )
    )


def _within(name: str, least: int, most: int) -> pl.Expr:
    return pl.col(name).is_null() | pl.col(name).is_between(least, most)


def _time(frame: pl.DataFrame, _digits: int) -> pl.DataFrame:
    """`ms` of the day, `below` it, and whether it was 24:00, which belongs to the next day."""
    minute, second, nano = (pl.col(n).fill_null(0) for n in ("minute", "second", "nano"))
    twelve = pl.coalesce("half_hour", pl.col("clock_half") % 12) + pl.col("half") * 12
    # a time with a hole in it is no time, so 24 hours are none
    hole = pl.col("minute").is_null() & (pl.col("second").is_not_null() | pl.col("nano").is_not_null())
    hole = hole | (pl.col("minute").is_not_null() & pl.col("second").is_null() & pl.col("nano").is_not_null())
    late = (pl.col("hour") == 24).fill_null(False)
    hour = pl.coalesce(pl.col("hour") % 24, pl.col("clock_hour") % 24, twelve, pl.lit(0))
    return frame.with_columns(
        valid=pl.col("valid") & (~late | ((minute + second + nano == 0) & ~hole)),
        ms=hour * HOUR + minute * MINUTE + second * SECOND + nano // 1_000_000,
        below=nano % 1_000_000,
        late=late,
        timed=~hole & pl.coalesce("hour", "clock_hour", twelve).is_not_null(),
    )


def _date(frame: pl.DataFrame, _digits: int) -> pl.DataFrame:
    """`days`; the last day of a month stands in for one beyond it, if all of the date is there."""
    whole = pl.all_horizontal(pl.col("year", "month", "day").is_not_null())
    by_day = ~whole & pl.col("year").is_not_null() & pl.col("day_of_year").is_not_null()
    year = pl.when("valid").then("year").fill_null(1970)
    month = pl.when("valid").then("month").fill_null(1)
    day = pl.when("valid").then("day").fill_null(1)
    length = month_length(year, month)
    year_length = 337 + month_length(year, pl.lit(2))
    first = days_of(year, pl.lit(1), pl.lit(1))
    days = (
        pl.when(by_day)
        .then(first + pl.col("day_of_year") - 1)
        .otherwise(days_of(year, month, pl.min_horizontal(day, length)))
    )
    dated = whole | by_day
    return (
        frame.with_columns(days=days)
        .with_columns(
            valid=pl.col("valid")
            & (whole | (day <= length))
            & (~by_day | (pl.col("day_of_year") <= year_length))
            & (~dated | pl.col("weekday").is_null() | (pl.col("weekday") == (pl.col("days") + 3) % 7 + 1))
            # only of a whole moment the zone is looked at: none is further away than 18 hours
            & (~dated | ~pl.col("timed") | pl.col("zone").is_null() | (pl.col("zone") <= 1800))
        )
        .with_columns(days=pl.col("days") + (pl.col("late") & dated))
    )


def _plain(text: pl.Series, per_second: int) -> pl.Series:
    """``yyyy-M-d[ h:m:s[.f]]`` with any hours, minutes and seconds, in the calendar that was used."""
    groups = text.str.strip_chars(_BLANK).str.extract_groups(_PLAIN).struct.unnest()
    nano = pl.col("nano").str.pad_end(9, "0").cast(pl.Int64).fill_null(0)
    number = {n: pl.col(n).cast(pl.Int64) for n in ("year", "month", "day")}
    number |= {
        n: pl.col(n).str.strip_chars_start("+").cast(pl.Int64).fill_null(0) for n in ("hour", "minute", "second")
    }
    ms = pl.col("hour") * HOUR + pl.col("minute") * MINUTE + pl.col("second") * SECOND
    frame = (
        groups.with_columns(**number, nano=nano)
        .with_columns(valid=(pl.col("month").is_between(1, 12) & pl.col("day").is_between(1, 31)).fill_null(False))
        .with_columns(total=days_of_used(pl.col("year"), pl.col("month"), pl.col("day")) * DAY + ms)
        .with_columns(
            days=pl.col("total") // DAY,
            ms=pl.col("total") % DAY + pl.col("nano") // 1_000_000,
            below=pl.col("nano") % 1_000_000,
        )
    )
    # the fields of the date that was used are taken for Gregorian ones, and a year before 1 counts backwards
    civil = used_civil(frame["days"])
    frame = frame.with_columns(
        days=civil.select(
            pl.when(pl.col("day") <= month_length(pl.col("year"), pl.col("month"))).then(
                days_of(pl.max_horizontal("year", 1 - pl.col("year")), pl.col("month"), pl.col("day"))
            )
        ).to_series()
    )
    return _total(frame, per_second)


# -- patterns ----------------------------------------------------------------------------------------


def _number_form(part: Part) -> tuple[str, str, bool] | None:
    """Of a part that is a number: its field, its form, and whether its width is fixed."""
    letter, count = part.text, part.count
    if letter in ("u", "y"):
        if count == 2:
            return "short_year", "[0-9]{2}", True
        signed = "-?" if letter == "u" else ""
        form = f"{signed}[0-9]{{{count},19}}"
        if count > 3:
            negative = f"|-[0-9]{{{count},18}}" if letter == "u" else ""
            form = f"[0-9]{{{count}}}|\\+[0-9]{{{count + 1},18}}{negative}"
        return "year" if letter == "u" else "era_year", form, False
    if letter == "S" and count <= 9:
        return "fraction", f"[0-9]{{{count}}}", True
    field, most = _NUMBERS.get(letter, ("", 0))
    if count > most:
        return None
    if letter == "D" and count == 2:
        return field, "[0-9]{2,3}", False
    return (field, "[0-9]{1,19}", False) if count == 1 else (field, f"[0-9]{{{count}}}", True)


def _word_form(part: Part) -> tuple[str, str] | None:
    """Of a part that is a word: its field and its form."""
    if part.text in ("M", "L") and part.count in (3, 4):
        return "month_name", "|".join(m if part.count == 4 else m[:3] for m in MONTHS)
    if part.text == "E" and part.count <= 4:
        return "weekday", "|".join(d if part.count == 4 else d[:3] for d in WEEKDAYS)
    if str(part) == "a":
        return "half", "AM|PM"
    return None


_THINGS = {
    "era_year": "year", "short_year": "year", "month_name": "month", "fraction": "nano", "clock_hour": "hour",
    "half_hour": "hour", "clock_half": "hour",
}  # fmt: skip


def _form(parts: Sequence[Part]) -> str:
    """The regular expression of a pattern. Raises ArgumentError."""
    form, fields, after_number, depth = "", dict[str, str](), False, 0
    for part in parts:
        number, word = (_number_form(part), _word_form(part)) if part.count else (None, None)
        if part.bracket:
            depth += 1 if part.text == "[" else -1
            if depth < 0:
                break
            form += "(?:" if part.text == "[" else ")?"
        elif not part.count:
            form += re.escape(part.text)
        elif number or word:
            field = number[0] if number else word[0] if word else ""
            thing = _THINGS.get(field, field)
            if thing in fields:
                raise refuse(part, _ALLOWED, f"the {thing} stands there twice")
            if number and after_number and not number[2]:
                raise refuse(part, _ALLOWED, "right after another number it must have a fixed width")
            fields[thing] = field
            form += f"(?<{field}>{number[1] if number else word[1] if word else ''})"
        elif str(part) in _ZONES:
            if "zone" in fields:
                raise refuse(part, _ALLOWED, "the zone stands there twice")
            fields["zone"] = "zone"
            form += f"(?<zone>{_ZONES[str(part)]})"
        else:
            raise refuse(part, _ALLOWED)
        after_number = number is not None
    if depth:
        raise ArgumentError("takes a pattern whose brackets are closed")
    found = set(fields.values())
    if "half" in found and not found & {"half_hour", "clock_half"}:
        raise refuse(Part("a", 1), _ALLOWED, "it goes with h or K")
    if "day_of_year" in found and found & {"day", "month", "month_name"}:
        raise refuse(Part("D", 1), _ALLOWED, "the date stands there twice")
    return f"^{form}$"


def _shortcut(parts: Sequence[Part]) -> Exact | None:
    zone = next((i for i, p in enumerate(parts) if str(p) in _ZONES and p.count), len(parts))
    if any(p.count or p.bracket for p in parts[zone + 1 :]):
        return None
    # of the hours of a zone only those that no check can refuse
    forms = (_ZONES[str(p)].replace(CLOCK, "(?:0[0-9]|1[0-7])") if p.count else re.escape(p.text) for p in parts[zone:])
    return exact(parts[:zone], end="".join(forms) + "$")


@cache
def reader(pattern: str) -> Reader:
    """The reader of a pattern. Raises ArgumentError that names the letter it cannot read."""
    parts = split(pattern, brackets=True)
    form = _form(parts)
    fraction = next((p.count for p in parts if p.text == "S"), 0)
    return Reader(form, fraction, _shortcut(parts))
