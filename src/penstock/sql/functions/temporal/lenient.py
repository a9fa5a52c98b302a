"""Texts read by a pattern of Java's older formatter: UNIX_TIMESTAMP, CONVERT_TZ, DATE_FORMAT of a text, TO_DATE.

It forgives much: any number of digits, months and hours that overflow into the next year or day, and whatever
stands after what the pattern is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.functions.temporal.calendar import FIRST_GREGORIAN, days_of_used
from penstock.sql.functions.temporal.exact import CLOCK, SIXTY, Exact, completed, exact
from penstock.sql.functions.temporal.patterns import MONTHS, WEEKDAYS, Part, refuse, split
from penstock.sql.functions.temporal.values import DAY, HOUR, MINUTE, SECOND
from penstock.sql.functions.temporal.zones import moment_of_wall

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT", "LenientReader", "lenient_reader"]

DEFAULT = "yyyy-MM-dd HH:mm:ss"
"""What these functions read and write without a pattern."""

_ALLOWED = "y M L d D E a h H k K m s S Z X"

_FIELDS = {
    "y": "year", "M": "month", "L": "month", "d": "day", "D": "day_of_year", "H": "hour", "k": "clock_hour",
    "K": "half_hour", "h": "clock_half", "m": "minute", "s": "second", "S": "milli",
}  # fmt: skip
_THINGS = {"clock_hour": "hour", "half_hour": "hour", "clock_half": "hour", "month_name": "month"}

_BLANKS = r"[ \t]*"
_NEVER = r"^\b\B"
"""What an empty pattern fits: Java reads nothing by it."""

_NUMERIC_ZONES = {
    "Z": f"[+-]{CLOCK}{SIXTY}|(?i:GMT|UTC)",
    "X": f"Z|[+-]{CLOCK}",
    "XX": f"Z|[+-]{CLOCK}{SIXTY}",
    "XXX": f"Z|[+-]{CLOCK}:{SIXTY}",
}


@dataclass(frozen=True, slots=True)
class LenientReader:
    """A pattern that has been checked; it reads texts as moments."""

    form: str
    named_zone: str | None
    """Where a zone may stand by its name: the form of the texts that have one, which cannot be read."""
    shortcut: Exact | None

    def read(self, text: pl.Series, zone: str | int) -> pl.Series:
        """Moments in ms since 1970 (Int64), NULL where a text does not fit; wall times are those of `zone`."""
        if self.shortcut is None:
            return self._by_fields(text, zone)
        wall = self.shortcut.read(text) // 1000
        # earlier dates are in another calendar
        modern = wall.set(wall < FIRST_GREGORIAN * DAY, None)
        return completed(text, moment_of_wall(modern, zone), lambda rest: self._by_fields(rest, zone))

    def _by_fields(self, text: pl.Series, zone: str | int) -> pl.Series:
        frame = (
            text.alias("text")
            .to_frame()
            .select(
                pl.col("text").str.contains(self.form).fill_null(False).alias("fits"),
                pl.col("text").str.extract_groups(self.form).alias("groups"),
            )
            .unnest("groups")
        )
        frame = _numbers(frame).with_columns(_wall().alias("wall"))
        wall = frame["wall"].zip_with(frame["fits"], pl.Series([None], dtype=pl.Int64))
        moment = moment_of_wall(wall, zone)
        if "zone" not in frame.columns:
            return moment
        return frame.select(pl.when("fits").then(pl.col("wall") - pl.col("zone"))).to_series()


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts to numbers; what is not there gets the value it has at the beginning of 1970."""
    fields = {}
    for name, absent in _ABSENT.items():
        fields[name] = pl.lit(absent, pl.Int64)
        if name in frame.columns:
            number = pl.col(name).str.strip_chars(" \t").cast(pl.Int64, strict=False)
            # Java keeps them in 32 bits
            fields[name] = number.cast(pl.Int32, wrap_numerical=True).cast(pl.Int64)
    if "month_name" in frame.columns:
        months = {name[:3].lower(): i for i, name in enumerate(MONTHS, 1)}
        short = pl.col("month_name").str.head(3).str.to_lowercase()
        fields["month"] = short.replace_strict(months, default=None, return_dtype=pl.Int64)
    if "half" in frame.columns:
        fields["half"] = (pl.col("half").str.to_lowercase() == "pm").cast(pl.Int64)
    if "zone" in frame.columns:
        fields["zone"] = _zone_offset()
    return frame.with_columns(**fields)


_ABSENT = {
    "year": 1970, "month": 1, "day": 1, "day_of_year": None, "hour": None, "clock_hour": None, "half_hour": None,
    "clock_half": None, "minute": 0, "second": 0, "milli": 0, "half": 0,
}  # fmt: skip


def _zone_offset() -> pl.Expr:
    digits = pl.col("zone").str.replace_all("[^0-9]", "")
    hours, minutes = digits.str.slice(0, 2), digits.str.slice(2, 2)
    ms = _or_zero(hours) * HOUR + _or_zero(minutes) * MINUTE
    return pl.when(pl.col("zone").str.starts_with("-")).then(-ms).otherwise(ms)


def _or_zero(digits: pl.Expr) -> pl.Expr:
    return digits.cast(pl.Int64, strict=False).fill_null(0)


def _wall() -> pl.Expr:
    """The wall time in ms as if in UTC."""
    half = pl.coalesce("half_hour", pl.when(pl.col("clock_half") == 12).then(0).otherwise("clock_half"))
    whole = pl.coalesce("hour", pl.when(pl.col("clock_hour") == 24).then(0).otherwise("clock_hour"))
    hour = pl.coalesce(whole, half + pl.col("half") * 12, pl.lit(0))
    day = pl.coalesce("day_of_year", "day")
    month = pl.when(pl.col("day_of_year").is_null()).then("month").otherwise(1)
    days = days_of_used(pl.col("year"), month, day)
    return days * DAY + hour * HOUR + pl.col("minute") * MINUTE + pl.col("second") * SECOND + pl.col("milli")


# -- patterns ----------------------------------------------------------------------------------------


def _is_number(part: Part | None) -> bool:
    if part is None or not part.count or part.text not in _FIELDS:
        return False
    return part.text not in ("M", "L") or part.count <= 2


def _field(part: Part, following: Part | None) -> tuple[str, str] | None:
    """The field that a part tells, and its form; a number right before another one has as many digits as letters."""
    if _is_number(part):
        name = _FIELDS[part.text]
        if not _is_number(following):
            return name, f"{_BLANKS}(?<{name}>-?[0-9]{{1,18}})"
        # blanks before it count as letters
        widths = (f"[ \\t]{{{blanks}}}[0-9]{{{part.count - blanks}}}" for blanks in range(part.count))
        return name, f"(?<{name}>{'|'.join(widths)})"
    if part.text in ("M", "L"):
        return "month_name", f"{_BLANKS}(?<month_name>(?i:{'|'.join([*MONTHS, *(m[:3] for m in MONTHS)])}))"
    if part.text == "E":
        return "weekday", f"{_BLANKS}(?i:{'|'.join([*WEEKDAYS, *(d[:3] for d in WEEKDAYS)])})"
    if part.text == "a":
        return "half", f"{_BLANKS}(?<half>(?i:AM|PM))"
    if part.text == "Z" or str(part) in _NUMERIC_ZONES:
        return "zone", f"{_BLANKS}(?<zone>{_NUMERIC_ZONES['Z' if part.text == 'Z' else str(part)]})"
    return None


def _forms(parts: Sequence[Part]) -> tuple[str, str | None]:
    """The regular expression of a pattern, and the one for texts with a zone's name."""
    forms, zone_at, things = list[str](), -1, set[str]()
    for i, part in enumerate(parts):
        if not part.count:
            forms.append(re.escape(part.text))
            continue
        if part.text == "y" and part.count <= 2:
            raise refuse(part, _ALLOWED, "which century it means depends on the day of the run, use yyyy")
        field = _field(part, parts[i + 1] if i + 1 < len(parts) else None)
        if field is None:
            raise refuse(part, _ALLOWED)
        name, form = field
        thing = _THINGS.get(name, name)
        if thing in things:
            raise refuse(part, _ALLOWED, f"the {thing} stands there twice")
        things.add(thing)
        zone_at = i if part.text == "Z" else zone_at
        forms.append(form)
    _check(things, {_FIELDS[p.text] for p in parts if p.text in ("h", "K")})
    named = None
    if zone_at >= 0:
        named = "^" + "".join([*forms[:zone_at], _BLANKS, "[A-Za-z]{2}"])
    return "^" + "".join(forms) if forms else _NEVER, named


def _check(things: set[str], half: set[str]) -> None:
    if "half" in things and not half:
        raise refuse(Part("a", 1), _ALLOWED, "it goes with h or K")
    if "weekday" in things and not things & {"day", "day_of_year"}:
        raise refuse(Part("E", 1), _ALLOWED, "it goes with d")
    if "day_of_year" in things and things & {"day", "month"}:
        raise refuse(Part("D", 1), _ALLOWED, "the date stands there twice")


@cache
def lenient_reader(pattern: str) -> LenientReader:
    """The reader of a pattern. Raises ArgumentError that names the letter it cannot read."""
    parts = split(pattern, brackets=False)
    # whatever stands after it, but no digit that would belong to the last number; a fraction is a number of ms
    plain = all(p.text != "S" or p.count in (0, 3) for p in parts)
    return LenientReader(*_forms(parts), exact(parts, end="(?:[^0-9]|$)") if plain else None)
