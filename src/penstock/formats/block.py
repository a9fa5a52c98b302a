"""Rows of text in one buffer, looked at eight bytes at a time.

Every function takes offsets of many rows and works on all of them with a few NumPy operations on 64-bit words
(a byte a lane, little-endian), so a step costs 5 to 15 ns a row. The tricks are the known ones of SWAR: a zero byte
is found by borrow, eight digits become a number by three multiplications.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penstock.core.errors import InternalError
from penstock.formats.arrow import Column, frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PAD", "Block", "Bytes", "Ints", "Mask", "Pattern", "Words", "digits", "find", "stands", "words_of"]

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

PAD = 48
"""Zero bytes before and behind the text: a gather may reach so far over its ends."""

if sys.byteorder != "little":
    raise InternalError("the text formats need a little-endian machine")

# One array as large as glibc learns from (32 MB), freed at once: it then keeps blocks of this size, and twice as much,
# on its heap, and the arrays of each batch need no fresh pages from the kernel (a fifth of the time of decoding).
np.empty(31 << 20, np.uint8)

_MANY = 5_000
"""So many values are sooner joined by Polars than as Python's bytes."""
_U = np.uint64


def _all(byte: int) -> np.uint64:
    return _U(int.from_bytes(bytes([byte]) * 8, "little"))


_ONES, _HIGH, _ZEROS, _OVER_NINE = _all(0x01), _all(0x80), _all(0x30), _all(0x76)
_PAIRS = _U(0x000000FF000000FF)
_HIGH_PAIRS, _LOW_PAIRS = _U(100 + (1_000_000 << 32)), _U(1 + (10_000 << 32))
_WORD = (1 << 64) - 1
_POWERS = [_U(10**k) for k in range(20)]


class Block:
    """Row i is the bytes ``start[i]:end[i]`` of `raw`."""

    __slots__ = ("_checked", "_wide", "_word", "_words", "end", "escapes", "raw", "start", "text")

    def __init__(self, text: bytes, start: Ints, end: Ints, *, checked: bool = False) -> None:
        """`start` and `end` count from the beginning of `text`; `checked`: each row is UTF-8."""
        self.text = text
        self._checked = checked
        self.escapes = b"\\" in text
        self.start = start + PAD
        self.end = end + PAD
        self._lay()

    def _lay(self) -> None:
        size = len(self.text)
        self.raw = np.empty(size + 2 * PAD, np.uint8)
        self.raw[:PAD] = 0
        self.raw[PAD : PAD + size] = np.frombuffer(self.text, np.uint8)
        self.raw[PAD + size :] = 0
        # Voids have no alignment, so NumPy gathers them with plain unaligned loads.
        self._word = np.ndarray((len(self.raw) - 7,), "V8", self.raw, strides=(1,))
        self._words = np.ndarray((len(self.raw) - 15,), "V16", self.raw, strides=(1,))
        self._wide = np.ndarray((len(self.raw) - 31,), "V32", self.raw, strides=(1,))

    @classmethod
    def of_lines(cls, text: bytes) -> Block:
        """One row a line; a last line without newline counts, and a carriage return before a newline goes."""
        if text and not text.endswith(b"\n"):
            text += b"\n"
        end = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
        start = np.empty_like(end)
        start[:1] = 0
        start[1:] = end[:-1] + 1
        if b"\r" in text:
            before = np.frombuffer(text, np.uint8)[end - 1]
            end = end - ((before == 13) & (end > start))
        return cls(text, start, end)

    @classmethod
    def of_values(cls, values: pl.Series) -> Block:
        """One row a value of a Binary series; a null is an empty row."""
        if len(values) > _MANY:
            sizes = values.bin.size().fill_null(0).to_numpy().astype(np.int64)
            end = np.cumsum(sizes)
            try:
                text = values.cast(pl.String).str.join("").cast(pl.Binary).item() or b""
            except pl.exceptions.ComputeError:  # not UTF-8: the costlier way round
                return cls(b"".join(v for v in values.to_list() if v is not None), end - sizes, end)
            return cls(text, end - sizes, end, checked=True)
        texts = [v or b"" for v in values.to_list()]
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        end = np.cumsum(sizes)
        return cls(b"".join(texts), end - sizes, end)

    def broken(self) -> Mask | None:
        """Which rows are not UTF-8; None if all are."""
        if self._checked or self.text.isascii():
            return None
        high = np.flatnonzero(self.raw >= 128)
        broken = np.zeros(len(self.start), bool)
        for row in np.unique(np.searchsorted(self.end, high, side="right")).tolist():
            try:
                self.slice(int(self.start[row]), int(self.end[row])).decode()
            except UnicodeDecodeError:
                broken[row] = True
        return broken if broken.any() else None

    def word(self, at: Ints) -> Words:
        """The eight bytes at each offset, shape (n,)."""
        return self._word[at].view(_U)

    def words(self, at: Ints) -> Words:
        """The 16 bytes at each offset, shape (n, 2)."""
        return self._words[at].view(_U).reshape(-1, 2)

    def wide(self, at: Ints) -> Words:
        """The 32 bytes at each offset, shape (n, 4)."""
        return self._wide[at].view(_U).reshape(-1, 4)

    def last(self, size: int) -> int:
        """The last offset at which so many bytes may be looked at."""
        return len(self.raw) - 32 - size

    def slice(self, start: int, end: int) -> bytes:
        return self.text[start - PAD : end - PAD]

    def slices(self, start: Ints, end: Ints) -> list[bytes]:
        """The bytes of many slices."""
        text = self.text
        return [text[a:b] for a, b in zip((start - PAD).tolist(), (end - PAD).tolist(), strict=True)]

    def extend(self, texts: Sequence[bytes]) -> tuple[Ints, Ints]:
        """Append `texts`, which no row holds as they are; their starts and ends."""
        sizes = np.array([len(t) for t in texts], np.int64)
        end = PAD + len(self.text) + np.cumsum(sizes)
        self.text += b"".join(texts)
        self._lay()
        return end - sizes, end

    def views(self, start: Ints, end: Ints) -> Words:
        """Arrow views of slices of at most 12 bytes, shape (n, 2)."""
        size = end - start
        words = self.words(start - 4)
        words[:, 0] &= _FIRST_FOUR[size]
        words[:, 0] |= size.view(_U)
        words[:, 1] &= _NEXT_EIGHT[size]
        return words

    def column(self, start: Ints, end: Ints, valid: Mask | None, dtype: pl.DataType) -> Column | pl.Series:
        """Slices as a Binary or String column; slices of null rows may be anything.

        Raises polars.exceptions.ComputeError where a String is not UTF-8.
        """
        size = end - start
        if valid is not None:
            size = np.where(valid, size, 0)
        if not len(size) or size.max() <= 12:
            return Column(dtype, self.views(start, start + size), valid)
        rows = pl.DataFrame({"at": start - PAD, "size": size})
        cut = pl.lit(pl.Series([self.text], dtype=pl.Binary)).bin.slice(pl.col("at"), pl.col("size"))
        if valid is not None:
            cut = pl.when(pl.Series(valid)).then(cut)
        return rows.select(cut.cast(dtype)).to_series()

    def series(self, start: Ints, end: Ints, valid: Mask | None, dtype: pl.DataType) -> pl.Series:
        """The same as a Series."""
        cells = self.column(start, end, valid, dtype)
        return cells if isinstance(cells, pl.Series) else frame_of({"text": cells}, len(start)).to_series()


_FIRST_FOUR = np.array([((1 << 8 * min(n, 4)) - 1) << 32 for n in range(13)], _U)
_NEXT_EIGHT = np.array([(1 << 8 * max(n - 4, 0)) - 1 for n in range(13)], _U)


def _first(words: Words, byte: np.uint64) -> Bytes:
    """In each word the place of the first such byte, 8 if there is none."""
    x = words ^ byte
    found = (x - _ONES) & ~x & _HIGH
    lowest = found & (~found + _U(1))
    place: Bytes = np.bitwise_count(lowest - _U(1)) >> np.uint8(3)
    return place


def find(block: Block, at: Ints, byte: int, limit: Ints) -> Ints:
    """The offset of the first `byte` at or behind `at`; beyond `limit`, anything past it, if there is none before."""
    wanted = _all(byte)
    words = block.words(at)
    low, high = _first(words[:, 0], wanted), _first(words[:, 1], wanted)
    found: Ints = at + np.where(low < 8, low, high + np.uint8(8))
    left = np.flatnonzero(found == at + 16)
    while left.size:
        left = left[found[left] < limit[left]]
        wide = block.wide(found[left])
        step = np.full(len(left), 32, np.uint8)
        for k in (3, 2, 1, 0):
            place = _first(wide[:, k], wanted)
            step = np.where(place < 8, place + np.uint8(8 * k), step)
        found[left] += step
        left = left[step == 32]
    return found


def words_of(value: int) -> tuple[int, int]:
    """A 128-bit number as its low and its high word."""
    return value & _WORD, (value >> 64) & _WORD


class Pattern:
    """A text to be looked for at many places; bytes whose `mask` is zero may be anything."""

    __slots__ = ("_chunks", "text")

    def __init__(self, text: bytes, mask: bytes | None = None) -> None:
        self.text = text
        mask = b"\xff" * len(text) if mask is None else mask
        self._chunks: list[tuple[int, int, list[tuple[int, np.uint64, np.uint64 | None]]]] = []
        for k in range(0, len(text), 32):
            words = []
            for j in range(0, min(32, len(text) - k), 8):
                value, care = (int.from_bytes(b[k + j : k + j + 8], "little") for b in (text, mask))
                if care:
                    words.append((j // 8, _U(value & care), None if care == _WORD else _U(care)))
            if words:
                self._chunks.append((k, words[-1][0] + 1, words))

    def stands(self, block: Block, at: Ints) -> Mask:
        """Whether it stands at each offset."""
        wrong: Words | None = None
        for offset, width, words in self._chunks:
            here = at + offset if offset else at
            gathered = block.wide(here) if width > 2 else block.words(here) if width == 2 else block.word(here)
            for j, value, care in words:
                differs = (gathered if width == 1 else gathered[:, j]) ^ value
                if care is not None:
                    differs &= care
                wrong = differs if wrong is None else wrong | differs
        return np.ones(len(at), bool) if wrong is None else wrong == 0


def stands(block: Block, at: Ints, text: bytes) -> Mask:
    """Whether `text` stands at each offset."""
    return Pattern(text).stands(block, at)


def digits(block: Block, end: Ints, size: Ints) -> tuple[Words, Mask]:
    """The number of `size` digits that ends at `end`, and whether there are 1 to 19 bytes and all are digits."""
    top = int(size.max(initial=0))
    total = np.zeros(len(end), _U)
    wrong = np.zeros(len(end), _U)
    for j in range(min(3, (top + 7) // 8)):
        keep = 64 - 8 * np.clip(size - 8 * j, 0, 8).view(_U)
        words = ((block.word(end - 8 * (j + 1)) ^ _ZEROS) >> keep) << keep
        wrong |= ((words + _OVER_NINE) | words) & _HIGH
        words = words * _U(10) + (words >> _U(8))
        eight = ((words & _PAIRS) * _HIGH_PAIRS + ((words >> _U(16)) & _PAIRS) * _LOW_PAIRS) >> _U(32)
        total += eight * _POWERS[8 * j] if j else eight
    return total, (wrong == 0) & (size > 0) & (size <= 19)
