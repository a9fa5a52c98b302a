"""The engine of a project in this process: whoever has its lock runs the pipelines, polls and measures."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, StateError
from penstock.engine.tracing import Tracing
from penstock.log import EngineLock
from penstock.project.build import make_pipeline
from penstock.project.edit.files import FILES, put_of
from penstock.project.edit.start import check_start
from penstock.project.fresh import drop_everything
from penstock.project.health.watch import HealthWatch
from penstock.project.home import made
from penstock.project.lineage import keep_lineage
from penstock.project.measures import Measures
from penstock.project.polling import Polling, pollers_of
from penstock.project.retention import keep_retention
from penstock.project.run import Run
from penstock.project.schemas import register_schemas
from penstock.project.standing import cramped
from penstock.project.streams import make_streams
from penstock.project.tracing import tracer_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from penstock.engine.pipeline import Pipeline
    from penstock.project.definition import Definition, PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.project.wish import Wish

__all__ = ["Engine"]


class Engine:
    """At most one in any process has the lock of a project; `run` is what it runs, None while it runs nothing."""

    def __init__(self, penstock: Penstock) -> None:
        self.penstock = penstock
        self.run: Run | None = None
        self._polling = Polling()
        self._measures: Measures | None = None
        self.health: HealthWatch | None = None
        """Who looks at the parts of the project, while it runs."""
        self._lock: EngineLock | None = None
        self._changing = threading.Lock()
        self.ending = False
        """Whether it is to stop, and what goes on for long is to break off."""

    def start(
        self,
        *,
        bounded: bool,
        fresh: bool,
        speed: float | None,
        batch_rows: int | None,
        only: Collection[str] | None,
    ) -> Run:
        """Start pipelines, each from its last checkpoint: see `Penstock.start`."""
        penstock = self.penstock
        self._acquire()
        try:
            if penstock.tracer is None:
                penstock.tracer = tracer_of(penstock.settings.trace_endpoint, penstock.settings.trace_share)
            if fresh:
                drop_everything(penstock)
            elif only is None and penstock.home is not None:
                check_start(penstock)
            if penstock.home is not None:
                register_schemas(penstock.folder, penstock.log)
            make_streams(penstock)
            pollers, measures = pollers_of(penstock) if only is None else (), Measures(penstock)
            for poller in pollers if bounded else ():
                poller.poll()
            keep_lineage(penstock)
            keep_retention(penstock)
            definitions = [d for d in penstock.definition.pipelines if only is None or d.name in only]
            make = partial(self._make, speed=speed, batch_rows=batch_rows)
            aside = partial(penstock.alerts.pipelines, self._prepare, bounded=bounded) if only is None else list
            watch = partial(cramped, penstock)
            run = Run(penstock.log, definitions, make, penstock.clock, aside, bounded=bounded, watch=watch)
        except BaseException:
            self._release()
            raise
        self.run = run
        if only is None:  # all that the files say was made, and is what runs from here on
            penstock.log.facts.put(FILES, put_of(penstock.definition.texts))
        run.start()
        if only is None:
            penstock.alerts.start()
            penstock.notices.start()
        self._polling = Polling(() if bounded else pollers)
        if not bounded and only is None:
            penstock.warehouse.lasting = True
            measures.start()
            self.health = HealthWatch(penstock)
            self.health.start()
            penstock.jobs.queries.follow(run, self._prepare)
            penstock.jobs.start()
        self._measures = measures
        return run

    def stop(self) -> dict[str, Exception]:
        """Commit and stop what runs; the errors of pipelines that failed, by name."""
        self.ending = True
        try:
            with self._changing:
                return self._stop()
        finally:
            self.ending = False

    def _stop(self) -> dict[str, Exception]:
        if self.run is None:
            return {}
        run, self.run = self.run, None
        self._polling.close()
        self.penstock.jobs.stop()
        if self._measures is not None:
            self._measures.close()
        if self.health is not None:
            self.health.close()
            self.health = None
        self.penstock.alerts.rest()
        try:
            run.stop()
            self.penstock.notices.stop()
        finally:
            self._release()
        return run.errors

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody runs the project meanwhile. Raises ConfigError or LockedError if somebody does."""
        self._acquire()
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def changing(self) -> Iterator[Run | None]:
        """Nobody else changes meanwhile what runs, here or elsewhere; what runs here.

        Raises StateError where somebody does, LockedError where another process runs the project.
        """
        if not self._changing.acquire(blocking=False):
            raise StateError("the project is being changed already", code="apply-busy", hint="wait for that to end")
        try:
            if self.run is not None:
                yield self.run
            else:
                with self.locked():
                    yield None
        finally:
            self._changing.release()

    def follow_alerts(self, *, at_once: bool) -> None:
        """Let the alert rules be what their files say now: see `Alerts.follow`."""
        run = self.run  # a stop may take it away meanwhile
        self.penstock.alerts.follow(run, self._prepare, at_once=at_once)
        if run is not None:
            self.penstock.jobs.queries.follow(run, self._prepare)

    def adopt(self, definition: Definition, *, proven: bool) -> None:
        """Let the pipelines that were retired be those of `definition`; with `proven` as `Run.adopt` says."""
        if self.run is None:
            return
        if not self.run.bounded:
            pollers_of(self.penstock)  # an address that is not allowed is found before anything begins
        self.run.adopt(definition.pipelines, proven=proven)
        self.penstock.alerts.follow(self.run, self._prepare)
        keep_lineage(self.penstock)
        self._polling.close()
        self._polling = Polling(() if self.run.bounded else pollers_of(self.penstock))

    def show_page(self, url: str) -> None:
        """Say that the page of what runs here is at `url`, to those who find the project in use."""
        if self._lock is not None:
            self._lock.show_page(url)

    def _acquire(self) -> None:
        if self.run is not None:
            raise ConfigError("the engine is running in this process", code="running", hint="stop it first")
        if self.penstock.home is not None:
            self._lock = EngineLock(made(self.penstock.home) / "engine.lock")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _make(
        self, definition: PipelineDefinition, wish: Wish, bounded: bool, *, speed: float | None, batch_rows: int | None
    ) -> Pipeline:
        """A pipeline as its last checkpoint left it."""
        pipeline = make_pipeline(
            definition,
            self.penstock.world,
            self.penstock.settings,
            bounded=bounded,
            speed=speed,
            batch_rows=batch_rows,
            checkpoint_interval=wish.checkpoint_interval,
        )
        try:
            self._prepare(pipeline)
            pipeline.restore()
        except BaseException:
            pipeline.close()
            raise
        return pipeline

    def _prepare(self, pipeline: Pipeline) -> None:
        if self.penstock.tracer is not None:
            pipeline.tracing = Tracing(pipeline.name, self.penstock.tracer, self.penstock.clock)
        pipeline.moved = self.penstock.pulse.beat
