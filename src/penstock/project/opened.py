"""The windows that are not yet closed, and what closed and is not yet committed, of a table that pipelines write."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.project.tables import ProjectTables, targets

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Opened", "open_rows"]


@dataclass(frozen=True, slots=True)
class Opened:
    """`frame` has the table's columns, and `window_end`; `watermark` is the least of its pipelines' (ms), if any."""

    frame: pl.DataFrame
    watermark: int | None


def open_rows(penstock: Penstock, table: Table) -> Opened:
    """Rows of `table` that are not final, and those that are and wait for the next commit.

    Raises QueryError where no pipeline writes it.
    """
    tables = ProjectTables(penstock)
    with ExitStack() as locks:  # a commit in between would show a row twice, or not at all
        for pipeline in penstock.running:
            if table.path in targets(pipeline):
                locks.enter_context(pipeline.lock)
        found = tables.open_windows_into(table)
        pending = tables.pending(table, {c.name for c in table.physical})
    watermarks = found["watermark"].dt.epoch("ms").min() if found.height else None
    frame = found.drop("watermark", "final")
    shown = [f.select(c for c in f.columns if c in frame.columns) for f in pending]
    frame = pl.concat([*shown, frame], how="diagonal_relaxed") if shown else frame
    return Opened(frame, watermarks)  # type: ignore[arg-type]
