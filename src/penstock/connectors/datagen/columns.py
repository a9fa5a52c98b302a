"""Columns of made-up values: each value a function of a seed, its column and the number of its row.

So any range of rows can be made, in any order, and is the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from penstock.formats.arrow import Column, frame_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Bits",
    "Booleans",
    "Decimals",
    "Doubles",
    "Integers",
    "Lists",
    "Maker",
    "Maps",
    "Moments",
    "Nullable",
    "Rows",
    "Sequence",
    "Structs",
    "Texts",
]

_GOLDEN, _MIX1, _MIX2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_COUNTS = 10
"""How often an element of a MULTISET stands in it, at most."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows to make: their numbers, and the time (ms) of each."""

    number: NDArray[np.uint64]
    time: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bits:
    """A stream of random words; `inner` ones are independent of it."""

    key: int

    def inner(self, name: str) -> Bits:
        """The stream for a part of what this one is for."""
        key = self.key
        for byte in name.encode() + b"\x00":
            key = _mixed(np.array([key ^ byte], np.uint64)).item()
        return Bits(key)

    def words(self, number: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """One word for each number, shape (n,): SplitMix64 at that place."""
        return _mixed(np.uint64(self.key) + number * _GOLDEN)

    def below(self, number: NDArray[np.uint64], bound: int) -> NDArray[np.uint64]:
        """For each number one from 0 to `bound` - 1 (2**64 at most)."""
        words = self.words(number)
        return words if bound == 1 << 64 else words % np.uint64(bound)

    def fractions(self, number: NDArray[np.uint64]) -> NDArray[np.float64]:
        """For each number one from 0 to 1, 1 excluded."""
        return (self.words(number) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    return x ^ (x >> np.uint64(31))


class Maker(Protocol):
    """Makes a column."""

    def make(self, rows: Rows, bits: Bits) -> pl.Series: ...


@dataclass(frozen=True, slots=True)
class Nullable:
    """`maker`, with NULL at `rate` of its rows."""

    maker: Maker
    rate: float

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        values = self.maker.make(rows, bits)
        kept = pl.Series(bits.inner("null").fractions(rows.number) >= self.rate)
        return pl.select(pl.when(kept).then(values)).to_series()


@dataclass(frozen=True, slots=True)
class Booleans:
    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        return pl.Series(bits.below(rows.number, 2) == 1)


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int
    dtype: pl.DataType

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        values = bits.below(rows.number, self.high - self.low + 1) + np.uint64(self.low % (1 << 64))
        return pl.Series(values.view(np.int64)).cast(self.dtype)


@dataclass(frozen=True, slots=True)
class Doubles:
    low: float
    high: float
    dtype: pl.DataType

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        fractions = bits.fractions(rows.number)
        return pl.Series(self.low * (1 - fractions) + self.high * fractions).cast(self.dtype)


@dataclass(frozen=True, slots=True)
class Decimals:
    """Decimals from `low` to `high`, both unscaled and included, less than 2**62 apart."""

    low: int
    high: int
    dtype: pl.DataType

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        values = Integers(self.low, self.high, pl.Int64()).make(rows, bits).to_numpy()
        words = np.stack((values, values >> 63), axis=1)
        return frame_of({"": Column(self.dtype, words)}, len(values)).to_series()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of hexadecimal digits, or `binary` ones of any bytes, of `length`, or of 1 to `length` if it `varies`."""

    length: int
    varies: bool = False
    binary: bool = False

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        n, length = len(rows.number), self.length
        per_word = 8 if self.binary else 16
        count = -(-length // per_word)
        data = bits.words(_repeated(rows, count).number).view(np.uint8)
        if not self.binary:
            data = np.stack((_HEX[data >> 4], _HEX[data & 15]), axis=1).ravel()
        width = count * per_word
        size = np.full(n, length)
        if self.varies:
            size = bits.inner("length").below(rows.number, length).astype(np.int64) + 1
        whole = pl.lit(pl.Series([data.tobytes()], dtype=pl.Binary))
        cuts = pl.DataFrame({"at": np.arange(n) * width, "size": size})
        values = cuts.select(whole.bin.slice(pl.col("at"), pl.col("size"))).to_series()
        return values if self.binary else values.cast(pl.String)


@dataclass(frozen=True, slots=True)
class Moments:
    """The row's time, or up to `past` ms before it."""

    past: int
    dtype: pl.DataType

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        time = rows.time
        if self.past:
            time = time - bits.below(rows.number, self.past + 1).astype(np.int64)
        moments = pl.Series(time).cast(pl.Datetime("ms"))
        if isinstance(self.dtype, pl.Time):
            return moments.dt.time()
        zoned = isinstance(self.dtype, pl.Datetime) and self.dtype.time_zone is not None
        return (moments.dt.replace_time_zone("UTC") if zoned else moments).cast(self.dtype)


@dataclass(frozen=True, slots=True)
class Sequence:
    """`start`, then one more in each row."""

    start: int
    dtype: pl.DataType

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        values = rows.number.astype(np.int64) + self.start
        if self.dtype == pl.Binary:
            return pl.Series([v.tobytes() for v in values.astype(">i8")], dtype=pl.Binary)
        return pl.Series(values).cast(self.dtype)


@dataclass(frozen=True, slots=True)
class Lists:
    """Arrays of `length` elements."""

    element: Maker
    length: int

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        inner = _repeated(rows, self.length)
        values = self.element.make(inner, bits.inner("element"))
        return _grouped(values, len(rows.number), self.length)


@dataclass(frozen=True, slots=True)
class Maps:
    """Maps of at most `length` entries: those with equal keys are one. Without a `value`, bags."""

    key: Maker
    value: Maker | None
    length: int

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        inner = _repeated(rows, self.length)
        keys = self.key.make(inner, bits.inner("key"))
        value = self.value or Integers(1, _COUNTS, pl.Int32())
        entries = pl.DataFrame({"key": keys, "value": value.make(inner, bits.inner("value"))}).with_columns(
            row=pl.Series(np.repeat(np.arange(len(rows.number)), self.length))
        )
        kept = entries.unique(["row", "key"], keep="first", maintain_order=True)
        whole = kept.group_by("row", maintain_order=True).agg(pl.struct("key", "value").alias("map"))
        return whole["map"]


@dataclass(frozen=True, slots=True)
class Structs:
    """Rows of named fields."""

    fields: tuple[tuple[str, Maker], ...]

    def make(self, rows: Rows, bits: Bits) -> pl.Series:
        return pl.DataFrame([m.make(rows, bits.inner(n)).alias(n) for n, m in self.fields]).to_struct()


def _repeated(rows: Rows, times: int) -> Rows:
    """Rows for the elements of each row."""
    within = np.tile(np.arange(times, dtype=np.uint64), len(rows.number))
    return Rows(np.repeat(rows.number, times) * np.uint64(times) + within, np.repeat(rows.time, times))


def _grouped(values: pl.Series, count: int, length: int) -> pl.Series:
    """`values`, `length` of them to a list."""
    rows = pl.Series(np.repeat(np.arange(count), length))
    frame = pl.DataFrame({"row": rows, "value": values})
    return frame.group_by("row", maintain_order=True).agg("value")["value"]
