"""What a running pipeline has done so far, in figures that may be read at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.batch import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.pipeline import Pipeline

__all__ = ["Figures", "counted", "figures", "lags"]

Counted = dict[str, tuple[int, int, int]]
"""(passed, late, rejected) of each operator."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One pipeline since this run began.

    `results` are the rows committed, by table. A row counts in `late` for each operator that it was too late for.
    `watermark` is the least of its sources' (ms), None before the first. `lag` is how many records of its topics
    it has not read, None where it reads none.
    """

    pipeline: str
    rows: int
    results: Mapping[str, int]
    late: int
    rejected: int
    watermark: int | None
    lag: int | None
    ended: bool

    @property
    def written(self) -> int:
        """Rows committed, of all tables."""
        return sum(self.results.values())


def counted(pipeline: Pipeline) -> Counted:
    """The counts of a pipeline now, from which `figures` counts on."""
    return {e.operator: (e.counts.passed, e.counts.late, e.counts.rejected) for e in pipeline.executor.entries()}


def figures(pipeline: Pipeline, began: Counted) -> Figures:
    """The figures of `pipeline` since its counts were `began`."""
    late = rejected = 0
    for name, (_, late_now, rejected_now) in counted(pipeline).items():
        _, late_then, rejected_then = began[name]
        late += late_now - late_then
        rejected += rejected_now - rejected_then
    results: dict[str, int] = {}
    for sink in pipeline.executor.graph.sinks.values():
        before = began[sink.name][0]
        results[sink.table] = results.get(sink.table, 0) + pipeline.committed.get(sink.name, before) - before
    watermarks = [s.watermarks.value for s in pipeline.executor.sources.values() if s.has_time]
    watermark = min(watermarks, default=NO_TIME)
    return Figures(
        pipeline.name,
        pipeline.rows,
        results,
        late,
        rejected,
        None if watermark == NO_TIME else watermark,
        _lag(pipeline),
        pipeline.ended,
    )


def lags(pipeline: Pipeline) -> dict[str, dict[int, int]]:
    """By topic and partition, how many records it has not read."""
    found: dict[str, dict[int, int]] = {}
    for reader in pipeline.input.position()["readers"].values():
        following = reader["start"].get("next") if isinstance(reader["start"], dict) else None
        for topic, offsets in (following or {}).items():
            ends = pipeline.log.ends(topic)
            found[topic] = {p: ends[p] - offset for p, offset in enumerate(offsets)}
    return found


def _lag(pipeline: Pipeline) -> int | None:
    behind = lags(pipeline)
    return sum(sum(of.values()) for of in behind.values()) if behind else None
