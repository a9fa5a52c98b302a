"""What a record of a source is known by, wherever it is met again."""

from __future__ import annotations

import polars as pl

__all__ = ["record_ids"]

_DIGITS = 32
"""128 bits of a SHA-256."""


def record_ids(source: str, records: pl.Series) -> pl.Series:
    """An id for each of `records` (String) of a source, in hexadecimal digits, shape (n,)."""
    import polars_hash  # loads a library of its own

    named = pl.concat_str(pl.lit(source), pl.first(), separator="\0")
    digest = polars_hash.CryptographicHashingNameSpace(named).sha2_256()
    return records.to_frame().select(digest.str.head(_DIGITS).alias("id")).to_series()
