"""The pipelines of a project in one process, each in its thread; they come and go while it runs."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from penstock.project.life import Life
from penstock.project.topics import read_topics, written_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from penstock.core.clock import Clock
    from penstock.engine.pipeline import Pipeline
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition
    from penstock.project.figures import Figures
    from penstock.project.wish import Wish

__all__ = ["Run"]

_UPKEEP_SECONDS = 1.0
_UPKEEP_BUDGET = 0.05


class Run:
    """Pipelines that run together, by name in `lives`. One that fails stops alone; its error is in `errors`.

    Those that are to run are made at once, by `make`, each as its last checkpoint left it. Raises as `make`. Those
    `aside` (of alerts), which are made after them, look at the results of others: they are not among `lives`, and
    `figures` and `event_time` leave them out. `watch` is called every second.
    """

    def __init__(
        self,
        log: Log,
        definitions: Sequence[PipelineDefinition],
        make: Callable[[PipelineDefinition, Wish, bool], Pipeline],
        clock: Clock,
        aside: Callable[[], Sequence[tuple[PipelineDefinition, Pipeline]]] = list,
        *,
        bounded: bool,
        watch: Callable[[], object] = bool,
    ) -> None:
        self.log = log
        self.lives = {
            d.name: Life(d, partial(make, d), log, clock, self._changed, bounded=bounded) for d in definitions
        }
        self.bounded = bounded
        self._watch = watch
        self._make = make
        self._clock = clock
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._upkeep: threading.Thread | None = None
        self._aside: dict[str, Life] = {}
        self._linking = threading.Lock()
        self._changing = threading.Lock()
        try:
            for one in self.lives.values():
                one.prepare()
            for definition, pipeline in aside():
                self._add_aside(definition, pipeline)
        except BaseException:
            for one in self._every:
                one.close()
            raise
        self._link()

    def _add_aside(self, definition: PipelineDefinition, pipeline: Pipeline) -> None:
        life = Life(definition, lambda *_: pipeline, self.log, self._clock, self._changed, bounded=self.bounded)
        self._aside = {**self._aside, life.name: life}
        life.prepare()

    def _link(self) -> None:
        with self._linking:
            every = self._every
            for one in every:
                reads = read_topics(one.definition.plan)
                one.upstream = [o for o in every if o is not one and reads & written_topics(o.definition.plan)]

    @property
    def _every(self) -> list[Life]:
        return [*self.lives.values(), *self._aside.values()]

    def find(self, name: str) -> Life | None:
        """The life of the pipeline called so, of one aside too."""
        return self.lives.get(name) or self._aside.get(name)

    @property
    def pipelines(self) -> list[Pipeline]:
        """Those that are in memory."""
        return [one for life in self._every if (one := life.pipeline) is not None]

    def figures(self) -> list[Figures]:
        """What each pipeline has done since it was started."""
        return [one.figures() for one in self.lives.values()]

    @property
    def errors(self) -> dict[str, Exception]:
        """What ended pipelines, by their names."""
        return {one.name: error for one in self._every if (error := one.error) is not None}

    @property
    def event_time(self) -> int | None:
        """Up to when all pipelines in memory have seen events: the least of their watermarks, ms since 1970."""
        found = [one.figures() for one in self.lives.values() if one.pipeline is not None]
        return min((f.watermark for f in found if f.watermark is not None), default=None)

    def start(self) -> None:
        """Start every pipeline that was made, each from its last checkpoint."""
        for one in self._every:
            one.begin()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._upkeep.start()

    def retire(self, names: Collection[str]) -> None:
        """Let pipelines commit and halt for good, those of these names that there are."""
        for name in names:
            if name in self.lives:
                self.lives[name].close()

    def adopt(self, definitions: Sequence[PipelineDefinition], *, proven: bool) -> None:
        """Let the pipelines be those of `definitions`: what was not retired goes on, the others are made and begin.

        With `proven` each of them runs its next rows and commits before any begins. Raises what keeps one from that;
        then none of them runs, and nothing was committed. What fails once one has committed ends its pipeline alone:
        there is no way back then, for the results would come twice.
        """
        lives = {}
        made: list[Life] = []
        try:
            for definition in definitions:
                life = self.lives.get(definition.name)
                if life is None or life.closed:
                    make = partial(self._make, definition)
                    before = None if life is None else life.figures()
                    changed = self._changed
                    life = Life(definition, make, self.log, self._clock, changed, bounded=self.bounded, before=before)
                    made.append(life)
                lives[definition.name] = life
            for one in made:
                one.prepare()
            for one in made if proven else ():
                one.prove()
            committed = False
            for one in made if proven else ():
                committed = one.commit_first(final=committed) or committed
        except BaseException:
            for one in made:
                one.close()
            raise
        self.lives = lives
        self._link()
        for one in made:
            one.begin()

    def change_aside(
        self, names: Collection[str], make: Callable[[], Sequence[tuple[PipelineDefinition, Pipeline]]]
    ) -> None:
        """Let those aside of these names commit and halt for good; those that `make` gives then begin."""
        with self._changing:
            for name in names:
                if name in self._aside:
                    self._aside[name].close()
            self._aside = {name: life for name, life in self._aside.items() if name not in names}
            made = make()
            for definition, pipeline in made:
                self._add_aside(definition, pipeline)
            self._link()
            for definition, _ in made:
                self._aside[definition.name].begin()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no pipeline runs or (unless bounded) is paused; False if one still does after `seconds`."""
        with self._news:
            return self._news.wait_for(lambda: all(map(self._settled, self._every)), seconds)

    def stop(self) -> None:
        """Commit what was read, and end."""
        self._stop.set()
        for one in self._every:
            one.ask_to_end()
        for one in self._every:
            one.close()
        if self._upkeep is not None:
            self._upkeep.join()

    def _settled(self, one: Life) -> bool:
        return one.settled and (self.bounded or one.state != "paused")

    def _changed(self) -> None:
        with self._news:
            self._news.notify_all()

    def _keep_up(self) -> None:
        """Merge, compact, expire and give back space, a little at a time."""
        while not self._stop.wait(_UPKEEP_SECONDS):
            self.log.maintain(_UPKEEP_BUDGET)
            self._watch()
