"""States of aggregates over spans of rows that lie side by side, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["RIGHT", "joined_spans"]

RIGHT = ">"
"""Ends the names of the columns of the later of two states."""


def joined_spans(
    states: pl.DataFrame, first: NDArray[np.int64], last: NDArray[np.int64], join: Sequence[pl.Expr]
) -> pl.DataFrame:
    """The state of the rows `first[i]` to `last[i]` of `states`, for each i; shapes (n,).

    `join` are all columns of a state made of two, the later one's names ending in RIGHT. Spans are put together from
    pieces of 1, 2, 4, ... rows: the cost grows with the logarithm of the longest.
    """
    length = last - first + 1
    longest = int(length.max(initial=1))
    at = first.copy()
    pieces, result = states, states[first]
    begun = np.zeros(len(first), np.bool_)
    size = 1
    while True:
        taken = (length & size) != 0
        if taken.any():
            piece = pieces[np.minimum(at, pieces.height - 1)]
            result = _grown(result, piece, begun & taken, taken, join)
            begun |= taken
            at = at + np.where(taken, size, 0)
        if 2 * size > longest:
            return result
        pieces = _joined(pieces.head(pieces.height - size), pieces.slice(size), join)
        size *= 2


def _joined(left: pl.DataFrame, right: pl.DataFrame, join: Sequence[pl.Expr]) -> pl.DataFrame:
    return left.hstack([column.alias(column.name + RIGHT) for column in right]).select(join)


def _grown(
    result: pl.DataFrame,
    piece: pl.DataFrame,
    both: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    join: Sequence[pl.Expr],
) -> pl.DataFrame:
    """`result` with the pieces that are `taken`: behind what there is where `both`, else instead of it."""
    if not both.any():
        return piece if taken.all() else _chosen(taken, piece, result)
    joined = _joined(result, piece, join)
    if both.all():
        return joined
    return _chosen(both, joined, piece if taken.all() else _chosen(taken, piece, result))


def _chosen(which: NDArray[np.bool_], yes: pl.DataFrame, no: pl.DataFrame) -> pl.DataFrame:
    mask = pl.Series(which)
    return pl.DataFrame([y.zip_with(mask, n) for y, n in zip(yes, no, strict=True)])
