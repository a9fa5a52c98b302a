"""Running a query over what is there now: rows of a table or a view, as a question or a person asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import KIND, NO_TIME, RowKind
from penstock.engine.operators.calc import OPEN_END
from penstock.project.build import make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.sql.changelog import updating
from penstock.sql.session import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.connectors.world import World
    from penstock.engine.pipeline import Pipeline
    from penstock.project.settings import Settings
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Node

__all__ = ["evaluate", "open_windows", "rows_of"]

_TIMES = "$times"
_FOLD = 200_000


def evaluate(
    query: Node, context: Context, world: World, settings: Settings
) -> tuple[Pipeline, Iterator[pl.DataFrame]]:
    """The pipeline of `query`, and the rows it gives over all input that is there now.

    Windows that are still open stay so; rows that cannot be read are left out. Where rows change, those that stand
    at the end are given.
    """
    taken: list[pl.DataFrame] = []
    definition = PipelineDefinition("question", shown(query), context)
    pipeline = make_pipeline(definition, world, settings, bounded=True, collect=lambda _, frame: taken.append(frame))
    pipeline.journal.asked = True
    pipeline.input.bound()

    def rows() -> Iterator[pl.DataFrame]:
        try:
            standing = Standing()
            while pipeline.step(pipeline.settings.batch_rows):
                if updating(query):
                    standing.take(taken)
                else:
                    yield from taken
                taken.clear()
            yield from standing.rows()
        finally:
            pipeline.close()

    return pipeline, rows()


class Standing:
    """The rows that changes add up to."""

    def __init__(self) -> None:
        self._kept: list[pl.DataFrame] = []
        self._waiting = 0

    def take(self, changes: Iterable[pl.DataFrame]) -> None:
        """Further changes, each frame with KIND."""
        for frame in changes:
            back = pl.col(KIND).is_in([kind.value for kind in RowKind if kind.takes_back])
            times = pl.when(back).then(-1).otherwise(1).cast(pl.Int64)
            self._kept.append(frame.select(pl.exclude(KIND), times.alias(_TIMES)))
            self._waiting += frame.height
        if self._waiting > max(_FOLD, self._kept[0].height if self._kept else 0):
            self._fold()

    def _fold(self) -> None:
        rows = pl.concat(self._kept)
        names = [n for n in rows.columns if n != _TIMES]
        together = rows.group_by(names, maintain_order=True).agg(pl.col(_TIMES).sum())
        self._kept, self._waiting = [together.filter(pl.col(_TIMES) != 0)], 0

    def rows(self) -> Iterator[pl.DataFrame]:
        """Those that stand; none before the first change."""
        if self._kept:
            self._fold()
            (rows,) = self._kept
            yield rows[np.repeat(np.arange(rows.height), rows[_TIMES].to_numpy())].drop(_TIMES)


def rows_of(query: Node, context: Context, world: World, settings: Settings) -> Iterator[pl.DataFrame]:
    """The rows of `query` alone."""
    return evaluate(query, context, world, settings)[1]


def open_windows(pipeline: Pipeline, sink: int) -> pl.DataFrame:
    """The windows not yet closed that would go into vertex `sink`, with `window_end`, `watermark`, `final`.

    The watermark is NULL before the first.
    """
    with pipeline.lock:
        frame = pipeline.executor.peek(sink)
        watermark = min((s.watermarks.value for s in pipeline.executor.sources.values()), default=None)
    ends = (
        frame[OPEN_END]
        if OPEN_END in frame.columns
        else pl.Series(OPEN_END, [None] * frame.height, dtype=pl.Datetime("ms"))
    )
    shown = frame.select(pl.exclude("^\\$.*$"))
    known = None if watermark == NO_TIME else watermark
    extra = [pl.lit(known, dtype=pl.Int64).cast(pl.Datetime("ms")).alias("watermark"), pl.lit(False).alias("final")]
    if "window_end" not in shown.columns:
        shown = shown.with_columns(ends.alias("window_end"))
    return shown.with_columns(e for e in extra)
