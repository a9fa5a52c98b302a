"""Lists and their items: taken apart, read or written at once, and put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from penstock.formats.block import Ints, Mask

__all__ = ["items_of", "joined", "listed", "with_nulls"]


def items_of(values: pl.Series) -> tuple[Ints, pl.Series]:
    """The items of all lists, and for each the row of its list."""
    sizes = values.list.len().fill_null(0)
    rows = np.repeat(np.arange(len(values)), sizes.to_numpy())
    return rows, values.filter(sizes > 0).explode()


def listed(items: pl.Series, sizes: Ints, valid: Mask) -> pl.Series:
    """Lists of so many of the `items`, in their order; null where not `valid`, where the size is 0."""
    filled = sizes > 0
    rows = pl.Series("row", np.repeat(np.arange(int(filled.sum())), sizes[filled])).set_sorted()
    frame = pl.DataFrame({"row": rows, "item": items})
    lists = frame.group_by("row", maintain_order=True).agg("item")["item"]
    if filled.all():
        return lists
    at = pl.Series(np.where(filled, np.cumsum(filled) - 1, len(lists)))
    whole = pl.concat([lists, pl.Series([[]], dtype=lists.dtype)])[at]
    return whole if valid.all() else pl.select(pl.when(pl.Series(valid)).then(whole)).to_series()


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
