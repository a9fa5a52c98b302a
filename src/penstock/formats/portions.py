"""Large inputs cut into portions whose arrays fit a processor's cache, and their decodings as one."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.formats.format import Decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["joined", "portions_of_lines", "portions_of_values"]

_MAX_BYTES = 3_200_000
_MAX_ROWS = 20_000
_SAMPLE = 1 << 16
"""So many bytes tell how long lines are."""


def portions_of_lines(block: bytes) -> Iterator[bytes]:
    """The block cut behind newlines; one portion at least."""
    sample = block[:_SAMPLE]
    count = _count(len(block), len(block) * sample.count(b"\n") // max(1, len(sample)))
    start = 0
    for k in range(1, count):
        cut = block.find(b"\n", max(start, len(block) * k // count)) + 1
        if cut:
            yield block[start:cut]
            start = cut
    if start < len(block) or not start:
        yield block[start:]


def portions_of_values(values: pl.Series) -> Iterator[pl.Series]:
    """A Binary series cut between values; one portion at least."""
    count = _count(int(values.estimated_size()), len(values))
    if count > 1:  # it counts memory, not bytes of values
        count = min(len(values), _count(int(values.bin.size().sum()), len(values)))
    cuts = [len(values) * k // count for k in range(count + 1)]
    for start, end in pairwise(cuts):
        yield values.slice(start, end - start)


def _count(size: int, rows: int) -> int:
    return max(1, math.ceil(size / _MAX_BYTES), math.ceil(rows / _MAX_ROWS))


def joined(portions: Sequence[Decoded]) -> Decoded:
    """The decodings of consecutive portions as that of the whole, without `starts`."""
    if len(portions) == 1:
        return portions[0]
    firsts = [0, *np.cumsum([p.count for p in portions]).tolist()]
    rows = None
    if any(p.rows is not None for p in portions):
        own = [pl.Series("row", np.arange(p.count)) if p.rows is None else p.rows for p in portions]
        rows = pl.concat([(r + first).cast(pl.UInt32) for r, first in zip(own, firsts, strict=False)])
    return Decoded(
        pl.concat([p.frame for p in portions], rechunk=True),
        rows,
        pl.concat([_moved(p.bad, first) for p, first in zip(portions, firsts, strict=False)]),
        pl.concat([_moved(p.ignored, first) for p, first in zip(portions, firsts, strict=False)]),
        firsts[-1],
    )


def _moved(touched: pl.DataFrame, first: int) -> pl.DataFrame:
    return touched.with_columns(pl.col("row") + pl.lit(first, pl.UInt32)) if touched.height else touched
