"""Which value of a column that grows is the greatest: of numbers, of moments in time, or of texts."""

from __future__ import annotations

import polars as pl

__all__ = ["greatest"]


def greatest(values: pl.Series, mark: str) -> str:
    """The greatest of `values` (String) and `mark`, as it is written; "" where there is none.

    They are compared as numbers where all of them are, as moments where all are written by ISO 8601 with a time zone,
    else as texts.
    """
    texts = pl.concat([values, pl.Series(values.name, [mark or None], pl.String)]).drop_nulls()
    if texts.is_empty():
        return ""
    for read in (_numbers, _moments):
        if not (found := read(texts)).has_nulls():
            return str(texts[found.arg_max() or 0])
    return str(texts.max())


def _numbers(texts: pl.Series) -> pl.Series:
    whole = texts.cast(pl.Int128, strict=False)
    return texts.cast(pl.Float64, strict=False) if whole.has_nulls() else whole


def _moments(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
