"""What a rule would have said about the rows that are kept: its pipeline over them, into memory."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import QueryError
from penstock.engine.operators.sink import SinkOperator
from penstock.incidents import AlertSink
from penstock.project.build import make_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.history import Limits, Stop
    from penstock.project.alerts.alert import Alert
    from penstock.project.penstock import Penstock

__all__ = ["RESULT", "backtest", "backtest_within"]

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


def backtest_within(
    penstock: Penstock, alert: Alert, since: int | None, until: int | None, limits: Limits, stop: Stop
) -> pl.DataFrame:
    """The same as a question that somebody asks. Raises QueryError where it is too large, too slow or stopped.

    Time and memory (that of states, and of what was found by then) are looked at between steps.
    """
    with (
        penstock.questions.asked(),
        penstock.budget.lending(limits.memory) as memory,
        stop.within(limits.seconds, lambda: None),
    ):
        lent = replace(limits, memory=memory)

        def look(held: int) -> None:
            if stop.reason:
                raise lent.stopped(stop)
            if held > lent.memory:
                raise lent.too_large()

        found = backtest(penstock, alert, since, until, look)
    if found.height > limits.rows:
        raise QueryError(
            f"the answer has more than {limits.rows:,} rows",
            code="query-rows",
            hint="test a shorter time (since, until), or let the rule fire less often",
        )
    return found


def backtest(
    penstock: Penstock,
    alert: Alert,
    since: int | None = None,
    until: int | None = None,
    look: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """The incidents that would have fired, by the time at which they did, as RESULT: over all that is kept.

    Those that fired from `since` on, and before `until` (ms). Nothing is written, and nobody told; a running engine is
    not disturbed. `look` is called after each step, with the bytes of memory that it holds by then. Raises what its
    pipeline and `look` raise.
    """
    assert alert.pipeline is not None
    with closing(make_pipeline(alert.pipeline, penstock.world, penstock.settings, bounded=True)) as pipeline:
        pipeline.input.bound()
        sinks = pipeline.executor.graph.sinks.values()
        connector = next(s.connector for s in sinks if isinstance(s, SinkOperator))
        assert isinstance(connector, AlertSink)
        while pipeline.step(_ROWS):
            look(pipeline.held_bytes + int(connector.changes.estimated_size()))
        changes = connector.changes
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
