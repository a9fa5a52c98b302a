"""All pipelines of a project, each in its thread, until they end or are stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.project.figures import Figures, counted, figures
from penstock.project.topics import read_topics, written_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.engine.pipeline import Pipeline
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition

__all__ = ["Run"]

_UPKEEP_SECONDS = 1.0
_UPKEEP_BUDGET = 0.05


@dataclass(slots=True)
class _Running:
    """One pipeline of a run, and what became of it."""

    definition: PipelineDefinition
    pipeline: Pipeline
    aside: bool = False
    upstream: list[_Running] = field(default_factory=list)
    thread: threading.Thread | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Run:
    """Pipelines that run together. One that fails stops alone; its error is in `errors`.

    Those `aside` (of alerts) look at the results of others: `figures` and `event_time` leave them out.
    """

    def __init__(
        self,
        log: Log,
        pipelines: Sequence[tuple[PipelineDefinition, Pipeline]],
        aside: Sequence[tuple[PipelineDefinition, Pipeline]] = (),
    ) -> None:
        self.log = log
        self._running = [*(_Running(d, p) for d, p in pipelines), *(_Running(d, p, aside=True) for d, p in aside)]
        self._stop = threading.Event()
        self._upkeep: threading.Thread | None = None
        self._began = {one.pipeline.name: counted(one.pipeline) for one in self._running}
        for one in self._running:
            reads = read_topics(one.definition.plan)
            one.upstream = [o for o in self._running if o is not one and reads & written_topics(o.definition.plan)]

    @property
    def pipelines(self) -> list[Pipeline]:
        return [one.pipeline for one in self._running]

    def figures(self) -> list[Figures]:
        """What each pipeline has done since the run began."""
        return [figures(one.pipeline, self._began[one.pipeline.name]) for one in self._running if not one.aside]

    @property
    def errors(self) -> dict[str, Exception]:
        """What ended pipelines, by their names."""
        return {one.pipeline.name: one.error for one in self._running if one.error is not None}

    @property
    def event_time(self) -> int | None:
        """Up to when all pipelines have seen events: the least of their watermarks, ms since 1970."""
        return min((f.watermark for f in self.figures() if f.watermark is not None), default=None)

    def start(self) -> None:
        """Start every pipeline, each from its last checkpoint."""
        for one in self._running:
            one.thread = threading.Thread(
                target=self._run, args=(one,), name=f"pipeline {one.pipeline.name}", daemon=True
            )
        for one in self._running:
            assert one.thread is not None
            one.thread.start()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._upkeep.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for all pipelines to end; False if some still run after `seconds`."""
        return all(one.done.wait(seconds) for one in self._running)

    def stop(self) -> None:
        """Commit what was read, and end."""
        self._stop.set()
        for one in self._running:
            if one.thread is not None:
                one.thread.join()
        if self._upkeep is not None:
            self._upkeep.join()
        for one in self._running:
            one.pipeline.close()

    def _run(self, one: _Running) -> None:
        pipeline = one.pipeline
        pipeline.journal.began(pipeline.epoch, pipeline.through)
        try:
            pipeline.run(self._stop, lambda: all(o.done.is_set() for o in one.upstream))
            pipeline.journal.ended(pipeline.epoch, pipeline.through, pipeline.rows, bounded=pipeline.ended)
        except Exception as error:  # noqa: BLE001  # whatever it is ends this pipeline alone, and is shown
            one.error = error
            pipeline.journal.failed(pipeline.epoch, pipeline.through, error)
        finally:
            one.done.set()

    def _keep_up(self) -> None:
        """Merge, compact, expire and give back space, a little at a time."""
        while not self._stop.wait(_UPKEEP_SECONDS):
            self.log.maintain(_UPKEEP_BUDGET)
            if all(one.done.is_set() for one in self._running):
                return
