"""Running a query over what is there now: rows of a table or a view, as a question or a person asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.batch import NO_TIME
from penstock.engine.operators.calc import OPEN_END
from penstock.project.build import make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.sql.session import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.connectors.world import World
    from penstock.engine.pipeline import Pipeline
    from penstock.project.settings import Settings
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Node

__all__ = ["evaluate", "open_windows", "rows_of"]


def evaluate(
    query: Node, context: Context, world: World, settings: Settings
) -> tuple[Pipeline, Iterator[pl.DataFrame]]:
    """The pipeline of `query`, and the rows it gives over all input that is there now.

    Windows that are still open stay so; rows that cannot be read are left out.
    """
    taken: list[pl.DataFrame] = []
    definition = PipelineDefinition("question", shown(query), context)
    pipeline = make_pipeline(definition, world, settings, bounded=True, collect=lambda _, frame: taken.append(frame))
    pipeline.input.bound()

    def rows() -> Iterator[pl.DataFrame]:
        try:
            while pipeline.step(settings.batch_rows):
                yield from taken
                taken.clear()
        finally:
            pipeline.close()

    return pipeline, rows()


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
    ends = frame[OPEN_END] if OPEN_END in frame.columns else pl.Series(OPEN_END, [], dtype=pl.Datetime("ms"))
    shown = frame.select(pl.exclude("^\\$.*$"))
    known = None if watermark == NO_TIME else watermark
    extra = [pl.lit(known, dtype=pl.Int64).cast(pl.Datetime("ms")).alias("watermark"), pl.lit(False).alias("final")]
    if "window_end" not in shown.columns:
        shown = shown.with_columns(ends.alias("window_end"))
    return shown.with_columns(e for e in extra)
