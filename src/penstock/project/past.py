"""The past of a pipeline: its plan run once more over what it has read, to see what it gives."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.log_reader import LogReader
from penstock.core.errors import ConfigError, StateError
from penstock.project.build import idle_timeout, make_pipeline
from penstock.project.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.edges import Reader
    from penstock.engine.graph import Graph
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.project.replays import Place

__all__ = ["Past", "Rerun", "past_of", "past_over", "results_of", "results_since"]


@dataclass(frozen=True, slots=True)
class Past:
    """What a pipeline has read of the log: from the offsets `first` of each topic to the place `last`.

    There `following` are the next offsets of each topic, by partition. Bounded input had ended after each of `ends`.
    """

    first: Mapping[str, list[int]]
    last: int
    ends: tuple[int, ...]
    following: Mapping[str, list[int]]


def past_of(manifest: Mapping[str, Any] | None) -> Past | None:
    """The past as a checkpoint's manifest tells it; None if nothing was read."""
    start = manifest and manifest["position"]["readers"].get(LogReader.name, {}).get("start")
    if not manifest or not start:
        return None
    return Past(start["first"], start["seq"], tuple(manifest["ends"]), start["next"])


def past_over(past: Past, topics: set[str], log: Log) -> Past:
    """`past` over `topics`: those that were not read before are read from their first record on."""
    there = {t.name for t in log.topics()}
    first, following = dict(past.first), dict(past.following)
    for topic in topics - first.keys():
        first[topic] = list(log.starts(topic).values()) if topic in there else [0]
        following[topic] = list(log.offsets_after(topic, past.last).values()) if topic in there else [0]
    return replace(past, first={t: first[t] for t in topics}, following={t: following[t] for t in topics})


def results_of(
    penstock: Penstock,
    definition: PipelineDefinition,
    past: Past,
    early: Sequence[tuple[str, pl.DataFrame]] = (),
    left_out: frozenset[Place] = frozenset(),
) -> dict[str, pl.DataFrame]:
    """What the pipeline gives of its past, by the name of each table that it writes.

    `early` are records of a topic that come before all others: no window has closed to them. Records
    `left_out` are read as if they were not there.
    """
    schemas = {s.table.name: {c.name: c.type.polars for c in s.columns} for s in definition.plan.parts}
    taken = {name: [pl.DataFrame(schema=schema)] for name, schema in schemas.items()}
    wiring = _PastWiring(penstock, definition, past, early, left_out)
    with closing(
        Rerun(penstock, definition, wiring, lambda table, frame: taken[table].append(frame.select(*schemas[table])))
    ) as rerun:
        rerun.run_to(past)
        return {name: pl.concat(frames) for name, frames in taken.items()}


def results_since(
    penstock: Penstock, definition: PipelineDefinition, past: Past, since: int, most: int
) -> dict[str, pl.DataFrame]:
    """What the pipeline gives of the records after the place `since`, having read those before, by table.

    The frames have KIND where rows change. Raises ConfigError for more than `most` rows.
    """
    taken = _Taken(most)
    wiring = _PastWiring(penstock, definition, past, (), frozenset())
    with closing(Rerun(penstock, definition, wiring, taken.take)) as rerun:
        rerun.run_to(past, (min(since, past.last), taken.begin))
        return {table: pl.concat(frames) for table, frames in taken.frames.items()}


class _Taken:
    """The frames that came after `begin`, by table."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.frames: dict[str, list[pl.DataFrame]] = {}
        self._rows: int | None = None

    def begin(self) -> None:
        self._rows = 0

    def take(self, table: str, frame: pl.DataFrame) -> None:
        if self._rows is None:
            return
        self.frames.setdefault(table, []).append(frame)
        self._rows += frame.height
        if self._rows > self.most:
            raise ConfigError(
                f"there are more than {self.most:,} rows to be compared",
                code="compare-rows",
                hint="compare from a later time on",
            )


class Rerun:
    """A pipeline that is run once more over what it has read, from the first record on; `collect` takes its results.

    With `only` no operators run but those of these fingerprints and those that they take from, and results are not
    given. `broken_off` is asked between steps. Close it.
    """

    def __init__(
        self,
        penstock: Penstock,
        definition: PipelineDefinition,
        wiring: _PastWiring,
        collect: Callable[[str, pl.DataFrame], None],
        broken_off: Callable[[], bool] = bool,
    ) -> None:
        self.pipeline = make_pipeline(definition, penstock.world, penstock.settings, wiring=wiring, collect=collect)
        self.pipeline.executor.resting = wiring.resting
        self._wiring = wiring
        self._broken_off = broken_off
        self._place: int | None = None

    @classmethod
    def of_state(
        cls,
        penstock: Penstock,
        definition: PipelineDefinition,
        past: Past,
        only: frozenset[str],
        broken_off: Callable[[], bool],
    ) -> Rerun:
        """One for the state of some operators, by their fingerprints."""
        wiring = _PastWiring(penstock, definition, past, (), frozenset(), only)
        return cls(penstock, definition, wiring, lambda *_: None, broken_off)

    def run_to(self, past: Past, at: tuple[int, Callable[[], None]] | None = None) -> None:
        """Read on to the end of `past`, and do what `at` says when its place is reached.

        Raises StateError where that is broken off.
        """
        stops = [(end, self.pipeline.close_windows) for end in past.ends if end <= past.last]
        stops = [stop for stop in stops if self._place is None or stop[0] > self._place]
        stops += [at] if at is not None else []
        for place, act in sorted(stops, key=lambda stop: stop[0]):
            self._read_to(place)
            act()
        self._read_to(past.last)
        self._place = past.last

    def _read_to(self, place: int) -> None:
        self._wiring.read_to(place)
        while self.pipeline.step(self.pipeline.settings.batch_rows):
            if self._broken_off():
                raise StateError("the engine ends, and takes no more orders", code="pipeline-ending")

    def close(self) -> None:
        self.pipeline.close()


class _PastWiring(Wiring):
    """Reads the past, and collects all results."""

    def __init__(
        self,
        penstock: Penstock,
        definition: PipelineDefinition,
        past: Past,
        early: Sequence[tuple[str, pl.DataFrame]],
        left_out: frozenset[Place],
        only: frozenset[str] | None = None,
    ) -> None:
        super().__init__(penstock.world, idle_timeout(definition.settings, penstock.settings))
        self.collect_all = True
        self.past = past
        self._early = early
        self._left_out = left_out
        self._only = only
        self._reader: LogReader | None = None
        self.resting: frozenset[int] = frozenset()

    def readers(self, graph: Graph, pipeline: str) -> list[tuple[Reader, list[str]]]:
        made: list[tuple[Reader, list[str]]] = []
        if self._only is not None:
            self.resting = frozenset(range(len(graph.vertices))) - graph.below(self._only)
        rest = {graph.vertices[i].fingerprint for i in self.resting}
        for reader, keys in super().readers(graph, pipeline):
            if isinstance(reader, LogReader):
                passed, left_out = reader.passed_over, self._left_out
                reader.passed_over = lambda: passed() | left_out  # noqa: B023  # there is one LogReader
                reader.foremost = lambda: self._early
                reader.scans = tuple(scan for scan in reader.scans if scan.key not in rest)
                reader.again(self.past.first)
                self._reader = reader
            made.append((reader, keys))
        return made

    def read_to(self, place: int) -> None:
        """Read on to `place` and no further."""
        assert self._reader is not None
        self._reader.last = place
