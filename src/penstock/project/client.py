"""A SQL client: statements one after the other, each run to its end, as Flink's SQL client does."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from penstock.core.types import Field
from penstock.project.build import idle_timeout, make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.project.handover import Handover
from penstock.project.wiring import Wiring
from penstock.sql.changelog import updating
from penstock.sql.session import SHOWN, Answer, Done, Rows, Write, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from penstock.connectors.events import EventsFile
    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock
    from penstock.sql.plan import Node

__all__ = ["Client", "Message", "Selected", "Table"]

_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Message:
    """What a statement has done, in a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A small answer of the catalog: SHOW, DESCRIBE, EXPLAIN."""

    names: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(slots=True)
class Selected:
    """Rows as they are made: of a SELECT (`sink` is None in `fields`), or of INSERTs by table.

    Iterating runs the statement; the frames have the columns of `fields[sink]`. Raises what ends it.
    """

    pipeline: Pipeline
    fields: dict[str | None, tuple[Field, ...]]
    changing: frozenset[str | None] = frozenset()
    """Those of `fields` whose rows change: their frames have KIND."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _frames: Handover[tuple[str | None, pl.DataFrame]] = field(default_factory=lambda: Handover(_AHEAD))

    def take(self, table: str, frame: pl.DataFrame) -> None:
        """Rows of a sink; waits while whoever iterates is behind."""
        self._frames.put((_shown_as(table), frame))

    def __iter__(self) -> Iterator[tuple[str | None, pl.DataFrame]]:
        run = partial(self.pipeline.run, self._stop)
        thread = threading.Thread(target=self._frames.make, args=(run,), name="statement", daemon=True)
        thread.start()
        try:
            while (item := self._frames.take()) is not None:
                yield item
        finally:
            self._stop.set()
            self._frames.close()
            thread.join()
            self.pipeline.close()


class Client:
    """Runs statements against a project's session and log.

    Topics and files are read to their present end; made-up rows without a number go on until a LIMIT is reached or
    whoever iterates stops. With `events` every table is fed from that file and what is inserted is only shown;
    `manual_time` ignores declared watermarks; `batch_rows` cuts every input so.
    """

    def __init__(
        self,
        penstock: Penstock,
        *,
        events: EventsFile | None = None,
        manual_time: bool = False,
        batch_rows: int | None = None,
    ) -> None:
        self.penstock = penstock
        self.events = events
        self.manual_time = manual_time
        self.batch_rows = batch_rows
        self._number = 0

    def run(self, text: str, source: str = "") -> Iterator[Message | Table | Selected]:
        """The answers to the statements of `text`, one after the other.

        A Selected must be iterated before the next statement is asked for. Raises SqlError at the first
        statement that is wrong.
        """
        for outcome in self.penstock.session.run(text, source):
            match outcome:
                case Done(message=message):
                    yield Message(message)
                case Rows(names=names, rows=rows):
                    yield Table(names, rows)
                case Answer(query=query):
                    yield self._selected(outcome, {None: _fields(query)})
                case Write(plan=plan):
                    fields: dict[str | None, tuple[Field, ...]] = {
                        s.table.name: tuple(Field(c.name, c.type) for c in s.table.sink_columns) for s in plan.parts
                    }
                    yield self._selected(outcome, fields)

    def _selected(self, outcome: Answer | Write, fields: dict[str | None, tuple[Field, ...]]) -> Selected:
        penstock = self.penstock
        plan = shown(outcome.query) if isinstance(outcome, Answer) else outcome.plan
        self._number += 1
        definition = PipelineDefinition(f"statement-{self._number}", plan, outcome.context, outcome.settings)
        idle = idle_timeout(outcome.settings, penstock.settings)
        world = replace(penstock.world, endless=True, bounded=True)
        wiring = Wiring(world, idle, events=self.events, manual_time=self.manual_time)
        waiting: list[Selected] = []
        pipeline = make_pipeline(
            definition,
            world,
            penstock.settings,
            bounded=True,
            batch_rows=self.batch_rows,
            wiring=wiring,
            collect=lambda table, frame: waiting[0].take(table, frame),  # noqa: PLW0108  # it is made below
        )
        changing = frozenset(_shown_as(s.table.name) for s in plan.parts if updating(s.input))
        waiting.append(Selected(pipeline, fields, changing))
        return waiting[0]


def _shown_as(table: str) -> str | None:
    return None if table == SHOWN else table


def _fields(query: Node) -> tuple[Field, ...]:
    return tuple(Field(c.name, c.type) for c in query.columns)
