"""What a rule would have said about the rows that are kept: its pipeline over them, into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.engine.operators.sink import SinkOperator
from penstock.incidents import AlertSink
from penstock.project.build import make_pipeline

if TYPE_CHECKING:
    from penstock.project.alerts.alert import Alert
    from penstock.project.penstock import Penstock

__all__ = ["RESULT", "backtest"]

RESULT: dict[str, pl.DataType] = {
    "key": pl.String(),
    "start": pl.Datetime("ms", "UTC"),
    "fired": pl.Datetime("ms", "UTC"),
    "end": pl.Datetime("ms", "UTC"),
    "title": pl.String(),
    "description": pl.String(),
}
"""`key` as JSON; `end` is NULL for what is still firing."""

_ROWS = 500_000
"""So many are looked at at once: nobody waits for the first, and each step has its price."""


def backtest(penstock: Penstock, alert: Alert, since: int | None = None, until: int | None = None) -> pl.DataFrame:
    """The incidents that would have fired, by the time at which they did, as RESULT: over all that is kept.

    Those that fired from `since` on, and before `until` (ms). Nothing is written, and nobody told; a running engine is
    not disturbed. Raises what its pipeline raises.
    """
    assert alert.pipeline is not None
    pipeline = make_pipeline(alert.pipeline, penstock.world, penstock.settings, bounded=True)
    try:
        pipeline.input.bound()
        sinks = pipeline.executor.graph.sinks.values()
        connector = next(s.connector for s in sinks if isinstance(s, SinkOperator))
        assert isinstance(connector, AlertSink)
        while pipeline.step(_ROWS):
            continue
        changes = connector.changes
    finally:
        pipeline.close()
    return _incidents(changes, since, until)


def _incidents(changes: pl.DataFrame, since: int | None, until: int | None) -> pl.DataFrame:
    """Each incident that fired once, as it is at the end."""
    fired = changes.filter(pl.col("fired").is_not_null())
    fired = fired.filter(pl.col("fired") >= (since or 0)) if since is not None else fired
    fired = fired.filter(pl.col("fired") < until) if until is not None else fired
    one = fired.group_by("key", "start", maintain_order=True).agg(
        pl.col("fired").first(), pl.col("end").last(), pl.col("title", "description").first()
    )
    return one.sort("fired", "key", maintain_order=True).select(pl.col(n).cast(t) for n, t in RESULT.items())
