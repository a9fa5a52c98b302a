"""What a decoder could not read, as a reader hands it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.edges import no_bad_rows

if TYPE_CHECKING:
    from penstock.formats import Decoded

__all__ = ["bad_rows"]


def bad_rows(decoded: Decoded, seq: pl.Series) -> pl.DataFrame:
    """BAD_ROWS of what a decoder could not read; `seq` are the places of its input's rows."""
    if not decoded.bad.height and not decoded.ignored.height:
        return no_bad_rows()
    parts = []
    for frame, ignored in ((decoded.bad, False), (decoded.ignored, True)):
        places = seq.gather(frame["row"]).alias("seq")
        parts.append(frame.select("code", "reason", pl.lit(ignored).alias("ignored")).insert_column(0, places))
    return pl.concat(parts).sort("seq", maintain_order=True)
