"""Rebuilding: the results of windows that closed before a replayed row, computed anew from the log.

The pipeline's plan runs twice over the log up to where the pipeline is: as it was, and with the replayed rows
in time. What differs is what is replaced. State and position of the pipeline stay as they are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.log_reader import LogReader
from penstock.connectors.log_scan import chunk_of
from penstock.connectors.spec import TableOptions
from penstock.core.errors import StateError, UnsupportedError
from penstock.engine.input import Poll
from penstock.project.build import make_pipeline
from penstock.project.fates import fates, manifest_of, wholly
from penstock.project.past import past_of, results_of
from penstock.project.replays import record_at, replays
from penstock.project.topics import beside_topics, read_topics
from penstock.project.volatile import volatile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from penstock.engine.graph import Graph
    from penstock.project.definition import PipelineDefinition
    from penstock.project.past import Past
    from penstock.project.penstock import Penstock
    from penstock.project.replays import Place, Replay
    from penstock.sql import plan as p

__all__ = ["Closed", "Rebuilt", "closed_windows_of", "prepare_rebuild", "settled_of"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild replaced in one table: rows written anew, and rows that are no longer results."""

    pipeline: str
    table: str
    written: int
    removed: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A window that has closed to a row: `row` is the row's number in what was asked about.

    Without borders it is the row's own time that has passed, as for OVER.
    """

    row: int
    pipeline: str
    operator: str
    window_start: dt.datetime | None
    window_end: dt.datetime | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done in one pipeline: the past, and the records that come in time before and after."""

    definition: PipelineDefinition
    past: Past
    before: list[tuple[str, pl.DataFrame]]
    left_out_before: frozenset[Place]
    after: list[tuple[str, pl.DataFrame]]
    left_out_after: frozenset[Place]


def prepare_rebuild(
    penstock: Penstock, definitions: Sequence[PipelineDefinition], new: Sequence[tuple[Replay, pl.DataFrame]]
) -> Callable[[], tuple[Rebuilt, ...]]:
    """The rebuild of all windows that have closed to `new` rows (each with its record as it is to be).

    Nothing is done until the result is called; the engine is stopped until then. Raises UnsupportedError or
    StateError, naming what stands in the way, where results cannot be replaced.
    """
    plans = []
    for definition in definitions:
        past = past_of(manifest_of(penstock.log, definition.name))
        if past is None:
            continue
        _require_rebuildable(penstock, definition, past)
        plans.append(_planned(penstock, definition, past, new))
    return lambda: tuple(done for plan in plans for done in _rebuild(penstock, plan))


def closed_windows_of(
    penstock: Penstock, definition: PipelineDefinition, records: Sequence[tuple[str, pl.DataFrame]]
) -> list[Closed]:
    """The first window that has closed to each of `records` (topic, record), by operator, if one has."""
    found, _ = _tried(penstock, definition, records)
    return [
        Closed(row["seq"], definition.name, row["operator"], _utc(row["window_start"]), _utc(row["window_end"]))
        for row in found.iter_rows(named=True)
    ]


def settled_of(
    penstock: Penstock, definition: PipelineDefinition, records: Sequence[tuple[str, pl.DataFrame]]
) -> set[int]:
    """Which of `records` no operator of the pipeline can use any more, as all their windows have closed."""
    found, graph = _tried(penstock, definition, records)
    lost: dict[int, set[str]] = {}
    for row in found.iter_rows(named=True):
        if row["lost"]:
            lost.setdefault(row["seq"], set()).add(row["operator"])
    return {row for row, operators in lost.items() if wholly(graph, records[row][0], operators)}


def _tried(
    penstock: Penstock, definition: PipelineDefinition, records: Sequence[tuple[str, pl.DataFrame]]
) -> tuple[pl.DataFrame, Graph]:
    """The late rows that `records` would be now, their numbers as `seq`; nothing is kept."""
    pipeline = make_pipeline(definition, penstock.world, penstock.settings)
    try:
        graph = pipeline.executor.graph
        if not pipeline.look() or not records:
            return pl.DataFrame(), graph
        (reader,) = (r for r in pipeline.input.readers if isinstance(r, LogReader))
        first = pipeline.through + 1
        pieces, origins = {}, {}
        for scan in reader.scans:
            own = [i for i, (topic, _) in enumerate(records) if topic == scan.topic]
            if own:
                places = np.array(own, np.int64) + first
                chunk = chunk_of(scan, pl.concat([records[i][1] for i in own]), places)
                pieces[scan.key] = pipeline.executor.sources[scan.key].prepare(chunk)
                origins[scan.key] = chunk.origins
        pipeline.executor.step(Poll(pieces, origins, first + len(records)))
        late = pipeline.side.late
        return (pl.concat(late, how="diagonal").with_columns(pl.col("seq") - first) if late else pl.DataFrame()), graph
    finally:
        pipeline.close()


def _utc(ms: int | None) -> dt.datetime | None:
    return None if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


# -- whether it can be done ----------------------------------------------------------------------------


def _require_rebuildable(penstock: Penstock, definition: PipelineDefinition, past: Past) -> None:
    where = f"pipeline '{definition.name}'"
    other = beside_topics(definition.plan)
    if other:
        raise UnsupportedError(
            f"the pipeline reads {other}",
            code="rebuild-source",
            where=where,
            hint="only what was read from topics alone can be read again in the same order",
        )
    for name in volatile(definition.plan):
        raise UnsupportedError(
            f"{name} gives another value each time: the windows cannot be computed again",
            code="rebuild-volatile",
            where=where,
            hint=f"leave {name} out of the query, and replay without --rebuild",
        )
    for sink in definition.plan.parts:
        _require_replaceable(penstock, sink, where)
    _require_kept(penstock, past, where)


def _require_replaceable(penstock: Penstock, sink: p.Sink, where: str) -> None:
    table, connector = sink.table, connector_named(sink.table)
    if connector.replace is None:
        raise UnsupportedError(
            f"rows of table {table.name} cannot be replaced: {connector.why_not_replace}",
            code="rebuild-sink",
            where=where,
            hint="declare it as 'upsert-kafka' with a PRIMARY KEY, or write files",
        )
    writers = [d.name for d in penstock.definition.pipelines for part in d.plan.parts if part.table.path == table.path]
    if len(writers) > 1 and not connector.changes:
        raise UnsupportedError(
            f"table {table.name} is written by several INSERTs ({', '.join(writers)}): none can replace its files",
            code="rebuild-shared",
            where=where,
            hint="write a table of its own with each INSERT, or one INSERT of a UNION ALL",
        )


def _require_kept(penstock: Penstock, past: Past, where: str) -> None:
    """The log must still hold all that the pipeline has read."""
    for topic, first in past.first.items():
        for partition, kept in penstock.log.starts(topic).items():
            began = first[partition] if partition < len(first) else 0
            if kept > began:
                raise StateError(
                    f"offsets {began} to {kept - 1} of topic '{topic}', partition {partition}, are deleted: the windows"
                    " cannot be computed again",
                    code="rebuild-gone",
                    where=where,
                    hint="keep topics for longer: [topics.NAME] retention in penstock.toml",
                )


# -- doing it ------------------------------------------------------------------------------------------


def _planned(
    penstock: Penstock, definition: PipelineDefinition, past: Past, new: Sequence[tuple[Replay, pl.DataFrame]]
) -> _Plan:
    """Which records come in time, with the replays that were rebuilt before, and with the `new` ones too."""
    name, topics = definition.name, read_topics(definition.plan)
    asked = [(r, record) for r, record in new if r.original[0] in topics and name not in r.counted]
    now = {r.original for r, _ in asked}
    earlier = [r for r in replays(penstock.log).values() if r.rebuilt and r.original[0] in topics]
    stands = {r.original: r.stands for r in earlier if name not in r.counted}
    settled = {r.original for r in earlier if name in r.settled}
    became = fates(penstock, definition, now.union(*stands.values()))

    def in_time(replayed: set[Place]) -> list[Place]:
        """The records that stand in closed windows; a copy that was `replayed` again has left its place to that."""
        return [
            place
            for original, places in stands.items()
            for place in places
            if (original in settled or became[place] != "counted") and (place == original or place not in replayed)
        ]

    def read_once(places: set[Place]) -> frozenset[Place]:
        """Those of `places` that some window has counted, and which therefore are not read where they lie."""
        return frozenset(place for place in places if became[place] == "partly")

    def records(places: list[Place]) -> list[tuple[str, pl.DataFrame]]:
        return [(place[0], record_at(penstock.log, place)) for place in places]

    before, after = in_time(set(stands)), in_time(stands.keys() | now)
    return _Plan(
        definition,
        past,
        records(before),
        read_once(set(before)),
        [*records(after), *((r.original[0], record) for r, record in asked)],
        read_once({*after, *now}),
    )


def _rebuild(penstock: Penstock, plan: _Plan) -> Iterator[Rebuilt]:
    """Put what the pipeline gives now in the place of what it gave."""
    definition = plan.definition
    _settle(penstock, definition)
    before = results_of(penstock, definition, plan.past, plan.before, plan.left_out_before)
    after = results_of(penstock, definition, plan.past, plan.after, plan.left_out_after)
    for sink in definition.plan.parts:
        table, connector = sink.table, connector_named(sink.table)
        assert connector.replace is not None
        options = TableOptions(table, connector, dict(sink.options))
        written, removed = connector.replace(table, options, penstock.world, before[table.name], after[table.name])
        yield Rebuilt(definition.name, table.name, written, removed)


def _settle(penstock: Penstock, definition: PipelineDefinition) -> None:
    """Finish the files that are open, so that all results stand where they can be replaced."""
    pipeline = make_pipeline(definition, penstock.world, penstock.settings)
    try:
        pipeline.restore()
        for sink in pipeline.executor.graph.sinks.values():
            sink.connector.finish()
        pipeline.commit()
    finally:
        pipeline.close()
