"""An integer of 64 bits for each row: equal for equal values, whatever the order of columns, batches and releases.

Each column's value is hashed with the column's name, and the hashes are added up; NULL adds nothing, so a row keeps its
hash where a column is added in which it has no value.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["row_hash"]

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
"""The multipliers of SplitMix64's finalizer, by Steele, Lea and Flood."""


def row_hash(frame: pl.DataFrame) -> pl.Series:
    """The hash of each row over all columns of `frame`, as Int64, shape (n,)."""
    total = np.zeros(frame.height, np.uint64)
    for values in frame:
        words = _mixed(_words(values) ^ _seed(values.name))
        if values.null_count():
            words[values.is_null().to_numpy()] = 0
        total += words
    return pl.Series("_hash", total.view(np.int64))


def _seed(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def _mixed(words: Words) -> Words:
    """SplitMix64's finalizer, in place."""
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words


def _words(values: pl.Series) -> Words:
    """A word for each value, 0 for NULL."""
    kind = values.dtype
    if kind == pl.String or isinstance(kind, pl.Decimal):
        import polars_hash  # loads a library of its own

        texts = pl.col("v") if kind == pl.String else _plain(pl.col("v"))
        digest = polars_hash.NonCryptographicHashingNameSpace(texts).xxhash64()
        return _filled(values.alias("v").to_frame().select(digest).to_series())
    if kind.is_float():
        # zero has one hash, whatever its sign
        return np.ascontiguousarray(values.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0).view(np.uint64)
    return _filled(values.to_physical().cast(pl.Int64))


def _plain(value: pl.Expr) -> pl.Expr:
    """A decimal's text without noughts at its end: the scale is the column's, not the value's."""
    text = value.cast(pl.String)
    return (
        pl.when(text.str.contains(".", literal=True))
        .then(text.str.strip_chars_end("0").str.strip_chars_end("."))
        .otherwise(text)
    )


def _filled(values: pl.Series) -> Words:
    return np.ascontiguousarray(values.fill_null(0).to_numpy()).view(np.uint64).copy()
