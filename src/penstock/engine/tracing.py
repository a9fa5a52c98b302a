"""The spans of a pipeline: for each trace that comes in, the step that worked on it and the commit that showed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.core.clock import Clock
    from penstock.core.trace import Tracer

__all__ = ["Tracing"]

MOST_PENDING = 256
"""So many traces are followed from one commit to the next; further ones end with their append."""


class Tracing:
    """Of one pipeline."""

    def __init__(self, pipeline: str, tracer: Tracer, clock: Clock) -> None:
        self.pipeline = pipeline
        self.tracer = tracer
        self.clock = clock
        self._pending: list[str] = []

    def stepped(self, parents: Iterable[str], seconds: float) -> None:
        """A step that took so long, and has just ended, worked on records of these contexts."""
        times = self._times(seconds)
        for parent in list(parents)[: MOST_PENDING - len(self._pending)]:
            attributes: dict[str, str | int] = {"penstock.pipeline": self.pipeline}
            self._pending.append(self.tracer.done(f"process {self.pipeline}", "consumer", parent, times, attributes))

    def committed(self, epoch: int, seconds: float, rows: Mapping[str, int]) -> None:
        """A commit has just ended; `rows` were handed to each table."""
        times = self._times(seconds)
        pending, self._pending = self._pending, []
        for parent in pending:
            attributes: dict[str, str | int] = {"penstock.pipeline": self.pipeline, "penstock.epoch": epoch}
            commit = self.tracer.done(f"commit {self.pipeline}", "internal", parent, times, attributes)
            for table, count in rows.items():
                self.tracer.done(
                    f"write {table}", "producer", commit, times, {"penstock.table": table, "penstock.rows": count}
                )

    def _times(self, seconds: float) -> tuple[int, int]:
        ended = self.clock.now_ms() * 1_000_000
        return ended - round(seconds * 1e9), ended
