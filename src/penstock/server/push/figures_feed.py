"""The figures of pipelines, once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.errors import RequestError, did_you_mean
from penstock.project.confinement import told_error
from penstock.server.push.feed import Feed
from penstock.server.push.message import Message, message

if TYPE_CHECKING:
    from penstock.project.access.filters import Filter
    from penstock.project.figures import Figures as Counted
    from penstock.server.push.hub import Hub
    from penstock.server.push.request import Figures

__all__ = ["FiguresFeed"]


class FiguresFeed(Feed):
    """It is stirred by the hub, every second."""

    def __init__(self, hub: Hub, channel: int, asked: Figures, filters: tuple[Filter, ...]) -> None:
        """Raises RequestError for a pipeline that there is not."""
        super().__init__(hub, channel)
        known = [d.name for d in hub.penstock.definition.pipelines]
        for name in asked.pipelines:
            if name not in known:
                hint = did_you_mean(name, known) or "there are " + ", ".join(known)
                raise RequestError(f"there is no pipeline '{name}'", code="push-pipeline-unknown", hint=hint)
        self._names = frozenset(asked.pipelines)
        """None: all, those too that come later."""
        self._filters = filters
        self._last: Message | None = None
        self._before: dict[str, tuple[float, int]] = {}

    async def begin(self) -> None:
        await self.look()

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        return False

    async def look(self) -> list[Message]:
        told = await self.hub.work(self._look)
        self._last = message("metrics", channel=self.channel, time=self.hub.now_ms(), pipelines=told)
        return [self._last]

    def _look(self) -> list[dict[str, Any]]:
        run = self.hub.penstock.current
        if run is None:
            return []
        now = self.hub.penstock.clock.monotonic()
        told = []
        for one in run.figures():
            life = run.lives.get(one.pipeline)
            if life is None or (self._names and one.pipeline not in self._names):
                continue
            then, rows = self._before.get(one.pipeline, (now, one.rows))
            rate = (one.rows - rows) / (now - then) if now > then else 0.0
            self._before[one.pipeline] = (now, one.rows)
            pipeline, error = life.pipeline, life.error
            told.append(
                _counts(one)
                | {
                    "state": one.state,
                    "rows_per_second": round(rate, 1),
                    "held_bytes": 0 if pipeline is None else pipeline.executor.state_bytes,
                    "epoch": life.epoch,
                    "error": told_error(error, self._filters),
                }
            )
        return told

    async def opening(self, reset: str) -> list[Message]:
        return [] if self._last is None else [self._last]


def _counts(one: Counted) -> dict[str, Any]:
    return {
        "pipeline": one.pipeline,
        "rows": one.rows,
        "written": one.written,
        "late": one.late,
        "rejected": one.rejected,
        "watermark": one.watermark,
        "lag": one.lag,
    }
