"""`Repeats`: which of the numbers that a load comes by it has come by more than once."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING
from weakref import finalize

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.uint64]

__all__ = ["Repeats"]

_HELD = 16 << 20
"""Bytes that are kept in memory; with more of them all are in a file."""
_SLICE = 2_000_000
"""So many numbers are compared at once."""
_READ = 1_000_000
"""So many are read at once."""


class Repeats:
    """Numbers of 64 bits, such as hashes, each with its place: 0, 1, ... in the order in which they came."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_HELD)  # noqa: SIM115  # it is there as long as this is
        finalize(self, self._file.close)
        self._count = 0

    def add(self, numbers: pl.Series) -> None:
        """Add Int64s."""
        self._file.write(np.ascontiguousarray(numbers.to_numpy()).tobytes())
        self._count += numbers.len()

    def found(self) -> pl.DataFrame:
        """Those that are there more than once, each with its `place`, in the order of places: Int64 `place`, `number`.

        Memory is that of one slice and of what is found.
        """
        parts = self._count // _SLICE + 1
        places, numbers = zip(*(self._found_in(part, parts) for part in range(parts)), strict=True)
        found = {"place": np.concatenate(places), "number": np.concatenate(numbers).view(np.int64)}
        return pl.DataFrame(found, {"place": pl.Int64, "number": pl.Int64}).sort("place")

    def _found_in(self, part: int, parts: int) -> tuple[NDArray[np.int64], Numbers]:
        """The places and numbers of those that repeat, in one of so many parts; equal numbers are in one."""
        mine = np.concatenate([numbers for _, numbers in self._read(part, parts)])
        mine.sort()
        several = np.unique(mine[1:][mine[1:] == mine[:-1]])
        del mine
        found = [(np.empty(0, np.int64), np.empty(0, np.uint64))]
        for places, numbers in self._read(part, parts) if len(several) else ():
            at = np.minimum(np.searchsorted(several, numbers), len(several) - 1)
            again = several[at] == numbers
            found.append((places[again], numbers[again]))
        return np.concatenate([at for at, _ in found]), np.concatenate([numbers for _, numbers in found])

    def _read(self, part: int, parts: int) -> Iterator[tuple[NDArray[np.int64], Numbers]]:
        """Places and numbers of a part, piece by piece; at least one piece."""
        self._file.seek(0)
        for first in range(0, self._count or 1, _READ):
            numbers = np.frombuffer(self._file.read(8 * _READ), np.uint64)
            places = np.arange(first, first + len(numbers))
            if parts > 1:
                mine = numbers % np.uint64(parts) == part
                places, numbers = places[mine], numbers[mine]
            yield places, numbers
