"""The life of one pipeline in the process that runs it: made, run, paused, let go of."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.core.errors import StateError, as_error
from penstock.engine import ledger
from penstock.project.fates import manifest_of
from penstock.project.figures import Counted, Figures, State, counted, figures, lag_of, resting
from penstock.project.wish import Wanted, Wish, put_wish, wish_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.core.clock import Clock
    from penstock.engine.pipeline import Pipeline
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition

__all__ = ["Life"]

_TURN_SECONDS = 10.0
"""How long an act waits for the one before it."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A pipeline in memory, and its counts when it was made."""

    pipeline: Pipeline
    began: Counted


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the last checkpoint of a pipeline that is not in memory says of it."""

    epoch: int
    position: dict[str, Any]


class Life:
    """What a pipeline does and is told to do. Its acts come from any thread, and take turns.

    `make` gives the pipeline as its last checkpoint left it, for a wish, and bounded or not. `changed` is called
    when `state` has. What is wanted is kept before a pipeline is halted, and after it has begun: whatever the moment
    at which a process dies, the next one does not run what was to be halted. `before` are the figures of the same
    pipeline as it was until an edit.
    """

    def __init__(
        self,
        definition: PipelineDefinition,
        make: Callable[[Wish, bool], Pipeline],
        log: Log,
        clock: Clock,
        changed: Callable[[], None],
        *,
        bounded: bool,
        before: Figures | None = None,
    ) -> None:
        self.definition = definition
        self.name = definition.name
        self.wish = wish_of(log, self.name)
        self.error: Exception | None = None
        """What has ended it, or kept it from beginning."""
        self.goes = False
        """Whether its thread works, or is about to."""
        self.began_ms: int | None = None
        self.ended_ms: int | None = None
        """When it was set going last, and when it halted; None while it goes."""
        self.upstream: list[Life] = []
        self._make = make
        self._log = log
        self._clock = clock
        self._changed = changed
        self._bounded = bounded
        self._loaded: _Loaded | None = None
        self._last: Figures | None = None
        self._before = before
        self._kept: _Kept | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self._closed = False

    # -- what it is like ---------------------------------------------------------------------------

    @property
    def state(self) -> State:
        if self.error is not None:
            return "failed"
        if self.goes:
            return "draining" if self.wish.wanted == "draining" else "running"
        loaded = self._loaded
        if loaded is not None and loaded.pipeline.ended:
            return "ended"
        return "paused" if self.wish.wanted == "paused" else "stopped"

    @property
    def pipeline(self) -> Pipeline | None:
        """None where it is not in memory."""
        loaded = self._loaded
        return None if loaded is None else loaded.pipeline

    def figures(self) -> Figures:
        """Since it was started last, edits or none; of one that is not in memory the last ones, with the lag of now."""
        found = self._figures()
        return found if self._before is None else found.after(self._before)

    def _figures(self) -> Figures:
        loaded, state = self._loaded, self.state
        if loaded is not None:
            return figures(loaded.pipeline, loaded.began, state)
        if self._last is None:
            return resting(self._log, self.name, state, self.position())
        return replace(self._last, lag=lag_of(self._log, self.position()), state=state)

    def position(self) -> dict[str, Any]:
        """How far it has read, as its checkpoints say it."""
        loaded = self._loaded
        return self._stored().position if loaded is None else loaded.pipeline.input.position()

    @property
    def epoch(self) -> int:
        """Its last checkpoint; 0 before the first."""
        loaded = self._loaded
        return self._stored().epoch if loaded is None else loaded.pipeline.epoch

    def _stored(self) -> _Kept:
        """Looked up once: who is not in memory makes no other."""
        if (kept := self._kept) is None:
            manifest = manifest_of(self._log, self.name)
            kept = _Kept(0, {"readers": {}}) if manifest is None else _Kept(manifest["epoch"], manifest["position"])
            self._kept = kept
        return kept

    def sources(self) -> list[Life]:
        """The pipelines whose results it reads, and those whose results these read: each once."""
        found: dict[str, Life] = {}
        waiting = [*self.upstream]
        while waiting:
            one = waiting.pop(0)
            if one.name not in found and one is not self:
                found[one.name] = one
                waiting += one.upstream
        return [*found.values()]

    @property
    def settled(self) -> bool:
        """Whether it does nothing, and is told nothing now."""
        return not self.goes and not self._turn.locked()

    # -- acts --------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Commit and halt, its state kept in memory."""
        with self._acting():
            if self.state == "draining":  # its input has an end, which is not to last
                self._want("paused")
                self._unload()
            elif self.state == "running":
                self._want("paused")
                self._halt()
            else:
                self._require("paused", "paused")

    def resume(self) -> None:
        """Go on after a pause. Raises PositionLostError where retention has deleted what was to be read next."""
        with self._acting():
            if self.state == "running":
                return
            self._require("resumed", "paused")
            with self._blamed():
                if self._loaded is None:
                    self._load(self.wish)
                else:
                    self._loaded.pipeline.resume()
            self._want("running")
            self._go()

    def start(self, wish: Wish) -> None:
        """Begin from the last checkpoint, as `wish` says. Raises StateError where it runs, and as `make`."""
        with self._acting():
            if self.goes:
                raise StateError(
                    f"pipeline '{self.name}' is {self.state} already",
                    code="pipeline-running",
                    hint="restart it where it is to have other settings",
                )
            self._anew(wish)

    def restart(self, wish: Wish) -> None:
        """Commit, and begin from that checkpoint, as `wish` says; one that has failed too. Raises as `make`."""
        with self._acting():
            self._anew(wish)

    def drain(self) -> None:
        """Begin to read what is there now, then close all windows, commit and end; returns at once."""
        with self._acting():
            if self.state != "draining":
                self._anew(replace(self.wish, wanted="draining"))

    def stop(self) -> None:
        """Commit, halt, and let go of its state in memory."""
        with self._acting():
            self._want("stopped")
            self._unload()

    def commit(self) -> None:
        """Take a checkpoint, where it is in memory and whole."""
        with self._acting():
            if (pipeline := self.pipeline) is not None:
                with pipeline.lock:
                    if not pipeline.failed:
                        pipeline.commit()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """It is out of memory meanwhile, and what its checkpoint is may change. Raises StateError where it runs."""
        with self._acting():
            if self.goes:
                raise StateError(
                    f"pipeline '{self.name}' is {self.state}",
                    code="running",
                    hint="pause or stop it first: penstock pipeline pause DIR " + self.name,
                )
            self._unload()
            yield
            self._kept = None

    # -- from the run it belongs to ----------------------------------------------------------------

    def prepare(self) -> None:
        """Make it, if it is to run; `go` follows, when the others are made too. Raises as `make`."""
        if self.wish.wanted in ("running", "draining"):
            self._load(self.wish)
            self.goes = True

    def prove(self) -> None:
        """Run the next rows, if it was made and is to run: what it does then is seen to balance."""
        if self.goes and self._loaded is not None:
            pipeline = self._loaded.pipeline
            pipeline.step(pipeline.settings.batch_rows)
            # rows are through a sink when it commits
            ledger.check(self.name, [e for e in pipeline.executor.entries() if e.kind != "sink"])

    def commit_first(self, *, final: bool) -> bool:
        """Take a checkpoint, if it was made and is to run: whether there is one by which it cannot go back any more.

        What fails after that, or where it is `final` anyhow, ends it. Raises what fails before.
        """
        if not self.goes or self._loaded is None:
            return False
        pipeline = self._loaded.pipeline
        before = pipeline.epoch
        try:
            pipeline.commit()
        except Exception as error:
            if pipeline.epoch == before and not final:
                raise
            self.error, self.goes = error, False
            pipeline.journal.failed(pipeline.epoch, pipeline.through, error)
        return pipeline.epoch != before

    def begin(self) -> None:
        """Run, if it was made."""
        if self.goes:
            self._go()

    def ask_to_end(self) -> None:
        """The engine ends: halt, soon."""
        self._stop.set()

    @property
    def closed(self) -> bool:
        """Whether it has halted for good."""
        return self._closed

    def close(self) -> None:
        """Halt for good; its figures stay."""
        with self._turn:
            self._closed = True
            self._halt()
            if self._loaded is not None:
                self._loaded.pipeline.close()

    # -- within a turn -----------------------------------------------------------------------------

    @contextmanager
    def _acting(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise StateError(
                f"pipeline '{self.name}' is still busy with what it was told before",
                code="pipeline-busy",
                hint="a step or a sink takes long; try again",
            )
        try:
            if self._closed:
                raise StateError("the engine ends, and takes no more orders", code="pipeline-ending")
            yield
        finally:
            self._turn.release()
            self._changed()

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """An error inside is what keeps the pipeline from running."""
        try:
            yield
        except Exception as error:
            self.error = error
            raise

    def _require(self, told: str, *states: State) -> None:
        if (state := self.state) not in states:
            raise StateError(
                f"pipeline '{self.name}' is {state} and cannot be {told}",
                code="pipeline-state",
                hint="restart it: it goes on from its last checkpoint" if state == "failed" else "start it",
            )

    def _want(self, wanted: Wanted) -> None:
        self._keep(replace(self.wish, wanted=wanted))

    def _keep(self, wish: Wish) -> None:
        wish = replace(wish, since_ms=self._clock.now_ms())
        put_wish(self._log, self.name, wish)
        self.wish = wish

    def _anew(self, wish: Wish) -> None:
        self._unload()
        with self._blamed():
            self._load(wish)
        self._before = None
        self._keep(wish)
        self._go()

    def _load(self, wish: Wish) -> None:
        pipeline = self._make(wish, self._bounded or wish.wanted == "draining")
        self._loaded, self._last, self._kept = _Loaded(pipeline, counted(pipeline)), None, None

    def _unload(self) -> None:
        self._halt()
        loaded = self._loaded
        if loaded is not None:
            self._last = self._figures()
            self._loaded = None
            loaded.pipeline.close()
        self.error = None

    def _go(self) -> None:
        assert self._loaded is not None
        self.goes = True
        self.began_ms, self.ended_ms = self._clock.now_ms(), None
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._work,
            args=(self._loaded.pipeline, self._stop),
            name=f"pipeline {self.name}",
            daemon=True,
        )
        self._thread.start()

    def _halt(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self, pipeline: Pipeline, stop: threading.Event) -> None:
        pipeline.journal.began(pipeline.epoch, pipeline.through)
        drains = self.wish.wanted == "draining"
        try:
            pipeline.run(stop, lambda: drains or all(not one.goes for one in self.upstream))
            pipeline.journal.ended(pipeline.epoch, pipeline.through, pipeline.rows, bounded=pipeline.ended)
            if drains and pipeline.ended:
                self._want("stopped")
        except KeyboardInterrupt:  # Polars raises Ctrl-C where it works too: whoever waits for the run ends it
            pipeline.journal.ended(pipeline.epoch, pipeline.through, pipeline.rows, bounded=False)
        except BaseException as raised:  # noqa: BLE001  # whatever it is ends this pipeline alone, and is shown
            self.error = as_error(raised)
            pipeline.journal.failed(pipeline.epoch, pipeline.through, self.error)
        finally:
            self.goes = False
            pipeline.pace.stepped(0, 0, behind=False)
            self.ended_ms = self._clock.now_ms()
            self._changed()
