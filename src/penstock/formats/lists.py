"""Lists as text: their items at once, then joined again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from penstock.formats.block import Ints

__all__ = ["items_of", "joined", "with_nulls"]


def items_of(values: pl.Series) -> tuple[Ints, pl.Series]:
    """The items of all lists, and for each the row of its list."""
    sizes = values.list.len().fill_null(0)
    rows = np.repeat(np.arange(len(values)), sizes.to_numpy())
    return rows, values.filter(sizes > 0).explode()


def joined(lists: pl.Series, rows: Ints, texts: pl.Series, separator: str, left: str, right: str) -> pl.Series:
    """The texts of each row with `separator` between, in brackets; null where the list is null."""
    whole = pl.Series([left + right]).new_from_index(0, len(lists))
    if len(rows):
        pieces = pl.DataFrame({"row": rows, "text": texts})
        pieces = pieces.group_by("row", maintain_order=True).agg(pl.col("text").str.join(separator))
        whole = whole.scatter(pieces["row"], left + pieces["text"] + right)
    return with_nulls(whole, lists)


def with_nulls(texts: pl.Series, values: pl.Series) -> pl.Series:
    """`texts`, null where `values` are."""
    return texts if not values.null_count() else pl.select(pl.when(values.is_not_null()).then(texts)).to_series()
