"""What a pipeline has done so far, in figures that may be read at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.batch import NO_TIME
from penstock.core.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.pipeline import Pipeline
    from penstock.log import Log

__all__ = ["Figures", "State", "behind", "counted", "figures", "lag_of", "resting"]

State = Literal["running", "paused", "draining", "ended", "failed", "stopped"]
"""`paused` keeps its state in memory, `stopped` does not; `draining` reads what is there, and has then `ended`."""

Counted = dict[str, tuple[int, int, int]]
"""(passed, late, rejected) of each operator."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One pipeline since it was started last.

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
    state: State

    @property
    def written(self) -> int:
        """Rows committed, of all tables."""
        return sum(self.results.values())

    def after(self, before: Figures) -> Figures:
        """These, with the counts of before added."""
        tables = [*before.results, *(t for t in self.results if t not in before.results)]
        return replace(
            self,
            rows=before.rows + self.rows,
            results={t: before.results.get(t, 0) + self.results.get(t, 0) for t in tables},
            late=before.late + self.late,
            rejected=before.rejected + self.rejected,
        )


def counted(pipeline: Pipeline) -> Counted:
    """The counts of a pipeline now, from which `figures` counts on."""
    return {e.operator: (e.counts.passed, e.counts.late, e.counts.rejected) for e in pipeline.executor.entries()}


def figures(pipeline: Pipeline, began: Counted, state: State) -> Figures:
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
        lag_of(pipeline.log, pipeline.input.position()),
        state,
    )


def resting(log: Log, pipeline: str, state: State, position: Mapping[str, Any] | None) -> Figures:
    """The figures of a pipeline that is not in memory, and whose last checkpoint is at `position`."""
    return Figures(pipeline, 0, {}, 0, 0, None, None if position is None else lag_of(log, position), state)


def behind(log: Log, position: Mapping[str, Any]) -> dict[str, dict[int, int]]:
    """By topic and partition, how many records come after a pipeline's `position`."""
    found: dict[str, dict[int, int]] = {}
    for reader in position["readers"].values():
        following = reader["start"].get("next") if isinstance(reader["start"], dict) else None
        for topic, offsets in (following or {}).items():
            if (ends := _ends(log, topic)) is not None:
                found[topic] = {p: end - (offsets[p] if p < len(offsets) else 0) for p, end in ends.items()}
    return found


def lag_of(log: Log, position: Mapping[str, Any]) -> int | None:
    """How many records come after a pipeline's `position`; None where it reads no topic."""
    found = behind(log, position)
    return sum(sum(of.values()) for of in found.values()) if found else None


def _ends(log: Log, topic: str) -> dict[int, int] | None:
    """The next offsets of a topic; None where it was deleted while its pipeline was stopped."""
    try:
        return log.ends(topic)
    except LogError:
        return None
