"""Columns of state: what is put comes back, and lies in one piece."""

from __future__ import annotations

import numpy as np
import polars as pl

from penstock.engine.columns import Columns


def test_values_that_come_in_pieces_are_kept_in_one() -> None:
    columns = Columns({"text": pl.String()})
    pieces = pl.concat([pl.DataFrame({"text": [f"{n}", None]}) for n in range(100)], rechunk=False)
    assert pieces["text"].n_chunks() == 100
    columns.put(np.arange(200), pieces)
    assert columns.take(np.arange(200))["text"].to_list() == pieces["text"].to_list()
    assert [run.n_chunks() for run in columns._columns["text"]._runs] == [1]  # type: ignore[attr-defined]
