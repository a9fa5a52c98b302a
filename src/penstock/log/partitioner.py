"""Which partition a record goes to: the one that Kafka's Java client picks.

A key goes to ``(murmur2(key) & 0x7fffffff) % partitions`` (Kafka's `BuiltInPartitioner`), computed here for
a whole column at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["byte_lengths", "murmur2", "partition_of"]

SEED = np.uint32(0x9747B28C)
MULTIPLIER = np.uint32(0x5BD1E995)
FEW = 512
"""Below this Python's own loops in C are faster than a call into Polars."""


def partition_of(keys: pl.Series, partitions: int) -> NDArray[np.int32]:
    """The partition of each of `keys` (Binary without nulls), shape (n,)."""
    positive = murmur2(keys) & np.uint32(0x7FFFFFFF)
    return (positive % np.uint32(partitions)).astype(np.int32)


def murmur2(keys: pl.Series) -> NDArray[np.uint32]:
    """Kafka's murmur2 of each of `keys` (Binary without nulls), shape (n,)."""
    lengths = byte_lengths(keys)
    words = lengths >> 2
    start = np.cumsum(lengths) - lengths
    # every position read as one little-endian word; the zeros let the last one be read past its end
    padded = np.concatenate((_flat(keys), np.zeros(4, np.uint8)))
    word_at: NDArray[np.uint32] = np.ndarray((len(padded) - 3,), "<u4", padded.data, strides=(1,))
    hashes = SEED ^ lengths.astype(np.uint32)
    for index in range(int(words.max()) if len(words) else 0):
        rows = _where(words > index)
        hashes[rows] = _mix(hashes[rows], word_at[start[rows] + 4 * index])
    tail = lengths & 3
    if tail.any():
        rows = _where(tail > 0)
        mask = (np.uint32(1) << (8 * tail[rows]).astype(np.uint32)) - np.uint32(1)
        last = start[rows] + 4 * words[rows]
        hashes[rows] = (hashes[rows] ^ (word_at[last] & mask)) * MULTIPLIER
    hashes ^= hashes >> np.uint32(13)
    hashes *= MULTIPLIER
    hashes ^= hashes >> np.uint32(15)
    return hashes


def byte_lengths(column: pl.Series) -> NDArray[np.int64]:
    """The length of each of a Binary column's values, 0 for null, shape (n,)."""
    if column.null_count():
        column = column.fill_null(b"")
    if len(column) < FEW:
        return np.fromiter(map(len, column.to_list()), np.int64, len(column))
    return column.bin.size().to_numpy().astype(np.int64)


def _flat(column: pl.Series) -> NDArray[np.uint8]:
    if len(column) < FEW:
        return np.frombuffer(b"".join(column.to_list()), np.uint8)
    return column.cast(pl.List(pl.UInt8)).explode(empty_as_null=False).to_numpy()


def _mix(hashes: NDArray[np.uint32], words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    k = words * MULTIPLIER
    k ^= k >> np.uint32(24)
    k *= MULTIPLIER
    return (hashes * MULTIPLIER) ^ k


def _where(mask: NDArray[np.bool_]) -> NDArray[np.intp] | slice:
    """The rows of `mask`; all of them as a slice, which NumPy need not copy."""
    return slice(None) if mask.all() else np.flatnonzero(mask)
