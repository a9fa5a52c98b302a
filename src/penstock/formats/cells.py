"""Slices of text as values, a column at a time.

Each function reads the plain spelling of its type, the one that machines write, and says for which rows it did;
whoever calls it reads the others one by one, by the rules of Java. Values are physical, as Polars stores them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from penstock.formats.block import Block, Ints, Mask, Words, digits, find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.core.types import Integer

__all__ = ["Plain", "booleans", "dates", "decimals", "floats", "integers", "plain", "times", "timestamps"]

_U = np.uint64
_POINT, _MINUS, _NOUGHT = 46, 45, 48
_TEN_U = np.array([10**k for k in range(20)], _U)
_TEN_F = np.array([10.0**k for k in range(23)])
_EXACT_DIGITS = 15
"""A decimal of so many digits is a double after one division: both operands are exact."""


class Plain(NamedTuple):
    """A decimal number without exponent: ``whole.fraction``, of `wholes` and `places` digits, where `ok`."""

    negative: Mask
    whole: Words
    fraction: Words
    wholes: Ints
    places: Ints
    ok: Mask

    @property
    def unscaled(self) -> Words:
        """The number without its point; right up to 19 digits."""
        return self.whole * _TEN_U[self.places] + self.fraction


def plain(block: Block, start: Ints, end: Ints, *, json: Mask | bool, point: bool) -> Plain:
    """Read ``-?digits(.digits)?``; where `json`, a leading zero needs a point behind it.

    `point` False: a point is not looked for, and numbers with one are not `ok`.
    """
    lead = block.raw[start]
    negative = lead == _MINUS
    if negative.any():
        start = start + negative
        lead = block.raw[start]
    size = end - start
    if point:
        dot = np.minimum(find(block, start, _POINT, end), end)
        wholes = dot - start
        whole, ok = digits(block, dot, wholes)
        places = np.maximum(end - dot - 1, 0)
        fraction, fine = digits(block, end, places)
        ok &= fine | (dot == end)
    else:
        wholes = size
        whole, ok = digits(block, end, size)
        places = np.zeros(len(start), np.int64)
        fraction = np.zeros(len(start), _U)
    ok &= wholes + places <= 19
    places = np.where(ok, places, 0)
    return Plain(negative, whole, fraction, wholes, places, ok & ~((lead == _NOUGHT) & (wholes > 1) & json))


def integers(block: Block, start: Ints, end: Ints, type_: Integer, *, number: Mask | bool) -> tuple[NDArray[Any], Mask]:
    """TINYINT to BIGINT; where `number` it is a JSON number, else a text."""
    read = plain(block, start, end, json=number, point=False)
    top = (1 << (type_.bits - 1)) - 1
    ok = read.ok & (read.whole <= _U(top) + read.negative.astype(_U))
    values = read.whole.view(np.int64)
    if read.negative.any():
        values = np.where(read.negative, -values, values)
    return values.astype(f"int{type_.bits}", copy=False), ok


def floats(block: Block, start: Ints, end: Ints, *, number: Mask | bool, single: bool) -> tuple[NDArray[Any], Mask]:
    """DOUBLE, or FLOAT where `single`; correctly rounded."""
    read = plain(block, start, end, json=number, point=True)
    size = read.wholes + read.places
    if single:
        exact = (size <= 7) & (read.unscaled <= 1 << 24)
        values = read.unscaled.astype(np.float32) / _TEN_F[np.minimum(read.places, 10)].astype(np.float32)
    else:
        exact = size <= _EXACT_DIGITS
        values = read.unscaled.astype(np.float64) / _TEN_F[read.places]
    if read.negative.any():
        values = np.where(read.negative, -values, values)
    long = np.flatnonzero(read.ok & ~exact)
    if long.size:
        texts = block.series(start[long], end[long], None, pl.String())
        values[long] = texts.cast(pl.Float32 if single else pl.Float64).to_numpy()
    return values, read.ok


def decimals(
    block: Block, start: Ints, end: Ints, precision: int, scale: int, *, number: Mask | bool
) -> tuple[Words, Mask, Mask]:
    """DECIMAL(precision, scale) as 128-bit words, shape (n, 2), rounded half up.

    The first mask says which fit; what does not is NULL in Flink.
    """
    read = plain(block, start, end, json=number, point=True)
    shift = scale - read.places
    size = read.wholes + np.maximum(read.places, scale)
    ok = read.ok & (size <= 18)
    up = read.unscaled * _TEN_U[np.clip(shift, 0, 18)]
    cut = _TEN_U[np.clip(-shift, 0, 18)]
    whole, rest = up // cut, up % cut
    rounded = (whole + (rest * _U(2) >= cut).astype(_U) * (cut > 1)).view(np.int64)
    fits = rounded < 10 ** min(precision, 18)
    signed = np.where(read.negative, -rounded, rounded)
    return np.stack((signed, signed >> 63), axis=1).view(_U), fits, ok


def booleans(block: Block, start: Ints, end: Ints) -> tuple[Mask, Mask]:
    """The words ``true`` and ``false``."""
    words = block.word(start) & _U((1 << 40) - 1)
    size = end - start
    yes = ((words & _U((1 << 32) - 1)) == _U(int.from_bytes(b"true", "little"))) & (size == 4)
    no = (words == _U(int.from_bytes(b"false", "little"))) & (size == 5)
    return yes, yes | no


def _pattern(text: str) -> tuple[np.uint64, np.uint64]:
    """What to XOR so that digits (``0`` in `text`) become their value and marks zero; the marks' bytes, all ones."""
    marks = bytes(255 if c not in "0?" else 0 for c in text)
    spelt = bytes(ord(c) if c != "?" else 0 for c in text)
    return _U(int.from_bytes(spelt, "little")), _U(int.from_bytes(marks, "little"))


_DAY_FIRST = _pattern("0000-00-")
_DAY_NEXT = _pattern("00")
_OVER_NINE, _HIGH = _U(0x7676767676767676), _U(0x8080808080808080)


def _fields(words: Words, pattern: tuple[np.uint64, np.uint64], keep: int = 8) -> tuple[Words, Words]:
    """Byte i of the result is the number of digits i and i + 1; a second word is zero where the pattern holds."""
    x = words ^ pattern[0]
    if keep < 8:
        x &= _U((1 << 8 * keep) - 1)
    wrong = (((x + _OVER_NINE) | x) & _HIGH) | (x & pattern[1])
    return x * _U(10) + (x >> _U(8)), wrong


def _part(pairs: Words, byte: int) -> Ints:
    return ((pairs >> _U(8 * byte)) & _U(0xFF)).view(np.int64)


class _Months:
    """The first day (since 1970) of each month of the years 0 to 9999; made at first use."""

    starts: NDArray[np.int64] | None = None

    @classmethod
    def get(cls) -> Ints:
        if cls.starts is None:
            months = np.arange("0000-01", "10000-02", dtype="datetime64[M]")
            cls.starts = months.astype("datetime64[D]").astype(np.int64)
        return cls.starts


def _days(year_month: Words, day: Ints) -> tuple[Ints, Mask]:
    """Days since 1970 of pairs ``YYYY-MM`` and a day, and whether there is such a day."""
    month = (_part(year_month, 0) * 100 + _part(year_month, 2)) * 12 + _part(year_month, 5) - 1
    ok = (_part(year_month, 5) >= 1) & (_part(year_month, 5) <= 12) & (day >= 1)
    month = np.clip(month, 0, 119_999)
    starts = _Months.get()
    days = starts[month] + day - 1
    return days, ok & (days < starts[month + 1])


def dates(block: Block, start: Ints, end: Ints) -> tuple[NDArray[np.int32], Mask]:
    """``YYYY-MM-DD`` as days since 1970."""
    words = block.words(start)
    first, wrong = _fields(words[:, 0], _DAY_FIRST)
    second, wrong2 = _fields(words[:, 1], _DAY_NEXT, 2)
    days, ok = _days(first, _part(second, 0))
    return days.astype(np.int32), ok & ((wrong | wrong2) == 0) & (end - start == 10)


_TIME = _pattern("00:00:00")


def _nanos(block: Block, point: Ints, end: Ints) -> tuple[Ints, Mask]:
    """The fraction ``(.d{1,9})?`` between two offsets, in nanoseconds."""
    places = end - point - 1
    value, ok = digits(block, end, places)
    ok &= (places <= 9) & (block.raw[point] == _POINT)
    scaled = value.view(np.int64) * _TEN_U[np.clip(9 - places, 0, 9)].view(np.int64)
    none = places < 0
    return np.where(none, 0, scaled), ok | none


def times(block: Block, start: Ints, end: Ints) -> tuple[Ints, Mask]:
    """``HH:MM:SS(.f)?`` as nanoseconds of the day, cut to milliseconds as Flink keeps a TIME."""
    pairs, wrong = _fields(block.word(start), _TIME)
    hour, minute, second = _part(pairs, 0), _part(pairs, 3), _part(pairs, 6)
    nanos, fine = _nanos(block, start + 8, end)
    ok = fine & (wrong == 0) & (hour < 24) & (minute < 60) & (second < 60) & (end - start >= 8)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanos // 1_000_000 * 1_000_000, ok


_CLOCK = {sep: _pattern(f"00{sep}00:00") for sep in " T"}
_SECOND = _pattern(":00")
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def timestamps(block: Block, start: Ints, end: Ints, *, sep: str, zulu: bool, unit: str) -> tuple[Ints, Mask]:
    """``YYYY-MM-DD{sep}HH:MM:SS(.f)?``, with a ``Z`` behind where `zulu`, in `unit`s since 1970, cut."""
    size = end - start
    wide = block.wide(start)
    first, wrong = _fields(wide[:, 0], _DAY_FIRST)
    second, wrong2 = _fields(wide[:, 1], _CLOCK[sep])
    third, wrong3 = _fields(wide[:, 2], _SECOND, 3)
    days, ok = _days(first, _part(second, 0))
    hour, minute, seconds = _part(second, 3), _part(second, 6), _part(third, 1)
    if zulu:
        end = end - 1
        ok &= block.raw[end] == 90
    nanos, fine = _nanos(block, start + 19, end)
    ok &= fine & ((wrong | wrong2 | wrong3) == 0) & (size >= 19 + zulu) & (hour < 24) & (minute < 60) & (seconds < 60)
    moment = ((days * 24 + hour) * 60 + minute) * 60 + seconds
    if unit == "ns":
        ok &= np.abs(moment) < 9_223_372_036  # what 64 bits of nanoseconds hold: 1677 to 2262
    per = _PER_SECOND[unit]
    return moment * per + nanos // (1_000_000_000 // per), ok
