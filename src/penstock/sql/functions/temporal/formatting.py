"""Wall times as texts by a pattern: Java's newer formatter (of TIMESTAMP values) and its older one (of texts)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from penstock.sql.functions.temporal.calendar import used_civil
from penstock.sql.functions.temporal.patterns import MONTHS, Part, refuse, split
from penstock.sql.functions.temporal.values import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Kind", "Writer", "writer"]

Kind: TypeAlias = Literal["new", "old"]

_ALLOWED = {"new": "G u y M L d D E a h H k K m s S n Q q", "old": "G y M L d D F E u a h H k K m s S Z X"}

_SIMPLE = {
    "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "L": "%-m", "LL": "%m", "LLL": "%b", "LLLL": "%B",
    "d": "%-d", "dd": "%d", "DDD": "%j", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "a": "%p",
    "h": "%-I", "hh": "%I", "H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S", "SSS": "%3f",
}  # fmt: skip
"""Parts that mean the same to both kinds, and to chrono in years 1 to 9999 of the Gregorian calendar."""

_DIRECTIVES = {
    "new": {**_SIMPLE, "yyyy": "%Y", "uuuu": "%Y", "SSSSSS": "%6f", "SSSSSSSSS": "%9f"},
    "old": {**_SIMPLE, "yyyy": "%Y", "yy": "%y"},
}
_USUAL_FROM = {"new": dt.datetime(1, 1, 1), "old": dt.datetime(1583, 1, 1)}  # noqa: DTZ001
_USUAL_UNTIL = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001
_MICROSECONDS = pl.Datetime("us")
"""In which wall times are compared with these, which nanoseconds do not reach."""


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a text is made of: the wall time, its date in the calendar of the kind, the offset from UTC in ms."""

    wall: pl.Expr
    year: pl.Expr
    month: pl.Expr
    day: pl.Expr
    offset: pl.Expr

    @property
    def of_era(self) -> pl.Expr:
        return pl.when(self.year > 0).then(self.year).otherwise(1 - self.year)


_Number: TypeAlias = "Callable[[_Fields], pl.Expr]"

_HOURS: dict[str, _Number] = {
    "H": lambda f: f.wall.dt.hour(),
    "k": lambda f: (f.wall.dt.hour().cast(pl.Int64) + 23) % 24 + 1,
    "K": lambda f: f.wall.dt.hour() % 12,
    "h": lambda f: (f.wall.dt.hour().cast(pl.Int64) + 11) % 12 + 1,
    "m": lambda f: f.wall.dt.minute(),
    "s": lambda f: f.wall.dt.second(),
}


def _missing_days(fields: _Fields, until: int) -> pl.Expr:
    """The ten days that were left out before a date of 1582, in a month up to `until`."""
    late = (fields.month > 10) | ((fields.month == 10) & (fields.day >= 15))
    return pl.when((fields.year == 1582) & (fields.month <= until) & late).then(10).otherwise(0)


def _old_day_of_year(fields: _Fields) -> pl.Expr:
    # each fourth year of the Julian calendar is a leap year
    year, month = fields.year, fields.month
    leap = (year % 4 == 0) & ((year <= 1582) | (year % 100 != 0) | (year % 400 == 0))
    before = (367 * month - 362) // 12 - pl.when(month <= 2).then(0).when(leap).then(1).otherwise(2)
    return before + fields.day - _missing_days(fields, 12)


_NUMBERS: dict[str, dict[str, tuple[_Number, int]]] = {
    "new": {
        **{letter: (number, 2) for letter, number in _HOURS.items()},
        "d": (lambda f: f.day, 2),
        "D": (lambda f: f.wall.dt.ordinal_day(), 3),
        "n": (lambda f: f.wall.dt.nanosecond(), 19),
        **{letter: (lambda f: (f.month + 2) // 3, 2) for letter in "Qq"},
        **{letter: (lambda f: f.month, 2) for letter in "ML"},
    },
    "old": {
        **{letter: (number, 99) for letter, number in _HOURS.items()},
        "d": (lambda f: f.day, 99),
        "D": (_old_day_of_year, 99),
        "F": (lambda f: (f.day - _missing_days(f, 10) - 1) // 7 + 1, 99),
        "u": (lambda f: f.wall.dt.weekday(), 99),
        "S": (lambda f: f.wall.dt.millisecond(), 99),
        **{letter: (lambda f: f.month, 2) for letter in "ML"},
    },
}
"""Letters that are written as numbers, and how often they may stand; as often as they do is the least width."""


def _digits(number: pl.Expr, width: int) -> pl.Expr:
    text = number.cast(pl.String)
    return text.str.zfill(width) if width > 1 else text


def _year(part: Part, fields: _Fields, kind: Kind) -> pl.Expr:
    year = fields.year if part.text == "u" else fields.of_era
    if part.count == 2:
        return _digits(year % 100, 2)
    text = _digits(year.abs(), part.count)
    long = pl.lit("+") if kind == "new" and part.count > 3 else pl.lit("")
    sign = pl.when(year < 0).then(pl.lit("-")).when(year.abs() >= 10 ** max(part.count, 1)).then(long)
    return pl.concat_str(sign.otherwise(pl.lit("")), text)


def _offset(part: Part, fields: _Fields) -> pl.Expr:
    sign = pl.when(fields.offset < 0).then(pl.lit("-")).otherwise(pl.lit("+"))
    minutes = fields.offset.abs() // MINUTE
    hour, minute = _digits(minutes // 60, 2), _digits(minutes % 60, 2)
    if part.text == "Z":
        return pl.concat_str(sign, hour, minute)
    rest = {1: (), 2: (minute,), 3: (pl.lit(":"), minute)}[part.count]
    return pl.when(minutes == 0).then(pl.lit("Z")).otherwise(pl.concat_str(sign, hour, *rest))


def _named(part: Part, fields: _Fields) -> pl.Expr:
    if part.text == "E":
        return fields.wall.dt.strftime("%A" if part.count >= 4 else "%a")
    if part.text == "a":
        return pl.when(fields.wall.dt.hour() < 12).then(pl.lit("AM")).otherwise(pl.lit("PM"))
    if part.text == "G":
        return pl.when(fields.year > 0).then(pl.lit("AD")).otherwise(pl.lit("BC"))
    if part.text in "Qq":
        return pl.concat_str(pl.lit("Q"), (fields.month + 2) // 3)
    names = {i: name if part.count >= 4 else name[:3] for i, name in enumerate(MONTHS, 1)}
    return fields.month.replace_strict(names, default=None, return_dtype=pl.String)


def _is_named(part: Part, kind: Kind) -> bool:
    """Whether it is written in letters."""
    if kind == "old":
        return part.text in "GEa" or (part.text in "ML" and part.count > 2)
    most = {"G": 3, "E": 4, "a": 1, "M": 4, "L": 4, "Q": 3, "q": 3}.get(part.text, 0)
    least = 3 if part.text in "MLQq" else 1
    return least <= part.count <= most


def _piece(part: Part, kind: Kind) -> Callable[[_Fields], pl.Expr]:
    """How a part is written for any time. Raises ArgumentError for one that is not known."""
    if part.text in ("u", "y") and (kind == "new" or part.text == "y"):
        return lambda f: _year(part, f, kind)
    if _is_named(part, kind):
        return lambda f: _named(part, f)
    if kind == "new" and part.text == "S" and part.count <= 9:
        return lambda f: _digits(f.wall.dt.nanosecond(), 9).str.head(part.count)
    if kind == "old" and (part.text == "Z" or (part.text == "X" and part.count <= 3)):
        return lambda f: _offset(part, f)
    number, most = _NUMBERS[kind].get(part.text, (None, 0))
    if number is None or part.count > most:
        reason = "a TIMESTAMP has no zone" if kind == "new" and part.text in "ZXxOVz" else ""
        raise refuse(part, _ALLOWED[kind], reason)
    return lambda f: _digits(number(f), part.count)


@dataclass(frozen=True, slots=True)
class Writer:
    """A pattern that has been checked; it writes wall times (Datetime without zone) as texts."""

    parts: tuple[Part, ...]
    kind: Kind

    @property
    def needs_offset(self) -> bool:
        return self.kind == "old" and any(p.count and p.text in "ZX" for p in self.parts)

    def write(self, wall: pl.Series, offset: pl.Series | None = None) -> pl.Series:
        """The text of each wall time; `offset` from UTC in ms, where it `needs_offset`."""
        known = pl.lit(0, pl.Int64) if offset is None else offset
        frame = wall.to_frame("wall").with_columns(offset=known)
        usual = wall.cast(_MICROSECONDS).is_between(_USUAL_FROM[self.kind], _USUAL_UNTIL) | wall.is_null()
        if usual.all():
            return self._usual(frame)
        return self._usual(frame).zip_with(usual, self._any(frame))

    def _usual(self, frame: pl.DataFrame) -> pl.Series:
        """In pieces as large as chrono can write."""
        usual = pl.col("wall").cast(_MICROSECONDS).is_between(_USUAL_FROM[self.kind], _USUAL_UNTIL)
        wall = pl.when(usual).then(pl.col("wall"))
        year, month, day = (p.cast(pl.Int64) for p in (wall.dt.year(), wall.dt.month(), wall.dt.day()))
        fields = _Fields(wall, year, month, day, pl.col("offset"))
        pieces: list[pl.Expr | str] = []
        for part in self.parts:
            written = _DIRECTIVES[self.kind].get(str(part)) if part.count else part.text.replace("%", "%%")
            if part.bracket:
                continue
            if written is None:
                pieces.append(_piece(part, self.kind)(fields))
            elif pieces and isinstance(pieces[-1], str):
                pieces[-1] += written
            else:
                pieces.append(written)
        return _joined(frame, wall, [wall.dt.strftime(p) if isinstance(p, str) else p for p in pieces])

    def _any(self, frame: pl.DataFrame) -> pl.Series:
        """Piece by piece, in the calendar of its kind."""
        frame = frame.with_columns(ms=pl.col("wall").dt.timestamp("ms"))
        if self.kind == "old":
            frame = frame.hstack(used_civil(frame["ms"] // DAY))
            date = (pl.col("year"), pl.col("month"), pl.col("day"))
        else:
            wall = pl.col("wall")
            date = (wall.dt.year().cast(pl.Int64), wall.dt.month().cast(pl.Int64), wall.dt.day().cast(pl.Int64))
        fields = _Fields(pl.col("wall"), *date, pl.col("offset"))
        pieces = [_piece(p, self.kind)(fields) if p.count else pl.lit(p.text) for p in self.parts if not p.bracket]
        return _joined(frame, pl.col("wall"), pieces)


def _joined(frame: pl.DataFrame, wall: pl.Expr, pieces: list[pl.Expr]) -> pl.Series:
    text = pl.concat_str(*pieces) if pieces else pl.lit("")
    return frame.select(pl.when(wall.is_not_null()).then(text)).to_series()


@cache
def writer(pattern: str, kind: Kind) -> Writer:
    """The writer of a pattern. Raises ArgumentError that names the letter it cannot write."""
    parts = split(pattern, brackets=kind == "new")
    for part in parts:
        if part.count:
            _piece(part, kind)
    return Writer(parts, kind)
