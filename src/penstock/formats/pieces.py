"""A decoding put together from what its parts read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.formats.format import Decoded, touched
from penstock.formats.nested import series_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import Field
    from penstock.formats.block import Ints
    from penstock.formats.format import Fault

__all__ = ["Piece", "assemble", "piece_of_rows"]

Piece = tuple["Ints", pl.DataFrame]
"""Rows of the input, and for each of them a row of columns."""


def piece_of_rows(
    sources: Sequence[int], rows: Sequence[Sequence[Any]], schema: tuple[Field, ...], wanted: tuple[Field, ...]
) -> Piece:
    """Rows of physical values of `schema` that came from the input's rows `sources`, as the columns `wanted`."""
    at = {f.name: i for i, f in enumerate(schema)}
    columns = [series_of(f.type, [row[at[f.name]] for row in rows]).alias(f.name) for f in wanted]
    frame = pl.DataFrame(columns) if columns else pl.DataFrame(height=len(rows))
    return np.array(sources, np.int64), frame


def assemble(pieces: Sequence[Piece], bad: Mapping[int, Fault], ignored: Mapping[int, Fault], height: int) -> Decoded:
    """The pieces in the order of the input, of `height` rows; the first is there even if it is empty."""
    rows, frame = pieces[0]
    filled = [(r, f) for r, f in pieces if len(r)]
    if len(filled) == 1:
        rows, frame = filled[0]
    elif filled:
        rows = np.concatenate([r for r, _ in filled])
        order = np.argsort(rows, kind="stable")
        rows, frame = rows[order], pl.concat([f for _, f in filled])[order]
    same = len(rows) == height and bool((rows == np.arange(height)).all())
    index = None if same else pl.Series("row", rows.astype(np.uint32))
    return Decoded(frame, index, touched(bad), touched(ignored), height)
