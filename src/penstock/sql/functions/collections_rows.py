"""Lists as rows and back: what needs an element beside a value of its own row, or elements compared with each other."""

from __future__ import annotations

import numpy as np
import polars as pl

__all__ = ["as_lists", "as_rows", "codes", "last_of_each_key"]


def as_rows(lists: pl.Series) -> pl.DataFrame:
    """`row` (the place of the list), `place` in it from 0, `value`; lists that are NULL or empty have no rows."""
    lengths = lists.list.len().fill_null(0)
    counts = lengths.to_numpy().astype(np.int64)
    row = np.repeat(np.arange(counts.size), counts)
    first = np.cumsum(counts) - counts
    return pl.DataFrame(
        {
            "row": row,
            "place": np.arange(row.size) - first[row],
            "value": lists.filter(lengths > 0).explode() if row.size else lists.clear().explode(),
        }
    )


def as_lists(rows: pl.DataFrame, known: pl.Series) -> pl.Series:
    """The `value` of rows as a list each `row`, in their order; NULL where not `known`."""
    lists = rows.group_by("row", maintain_order=True).agg("value")
    every = pl.DataFrame({"row": np.arange(len(known)), "known": known})
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=lists.schema["value"])
    return joined.select(pl.when("known").then(pl.coalesce("value", empty))).to_series()


def codes(values: pl.Series) -> pl.Series:
    """Numbers that are equal where values are: NULL equals NULL, and 0.0 -0.0, but NaN nothing, as in Java."""
    frame = values.to_frame("value").with_row_index("index")
    code = pl.col("index").first().over("value")
    if values.dtype.is_float():
        code = pl.when(pl.col("value").is_nan().fill_null(False)).then(pl.col("index")).otherwise(code)
    return frame.select(code).to_series()


def last_of_each_key(maps: pl.Series) -> pl.Series:
    """Maps in which each key stands once: at its first place, with its last value."""
    rows = as_rows(maps)
    entries = rows.select("row", pl.col("value").struct.unnest())
    if entries.select(pl.struct("row", "key").is_duplicated().any()).item():
        entries = entries.group_by("row", "key", maintain_order=True).agg(pl.col("value").last())
        rows = entries.select("row", value=pl.struct("key", "value"))
        return as_lists(rows, maps.is_not_null())
    return maps
