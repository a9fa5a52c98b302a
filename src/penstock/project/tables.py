"""What names mean in a question: tables and views of SQL, open windows, topics, and the system's own tables."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.filesystem.options import DEFAULT_NAME
from penstock.connectors.kafka import TopicSink
from penstock.connectors.spec import TableOptions
from penstock.core.errors import QueryError, WarehouseError, did_you_mean
from penstock.engine.checks import RESULTS_TABLE
from penstock.history import Files, Limits, Rows
from penstock.log import RECORD_COLUMNS
from penstock.project.build import make_pipeline
from penstock.project.confinement import Confinement
from penstock.project.evaluate import evaluate, open_windows, rows_of
from penstock.project.system import SYSTEM_TABLES, WHOLE_ALONE, system_table
from penstock.project.warehouse.tables import SCHEMAS, WarehouseTables
from penstock.sql import plan as p
from penstock.sql.bind.queries import scan
from penstock.sql.catalog import SYSTEM_DATABASE, Table, View
from penstock.sql.rules.pruning import prune
from penstock.sql.session import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.engine.pipeline import Pipeline
    from penstock.project.access.filters import Filter
    from penstock.project.penstock import Penstock
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Node

__all__ = ["OPEN", "Look", "ProjectTables", "targets"]

OPEN = "$open"
"""What the name of the table of open windows ends with."""

_RECORD: dict[str, Any] = {
    "partition": pl.Int32,
    "offset": pl.Int64,
    "timestamp": pl.Datetime("ms", "UTC"),
    "key": pl.Binary,
    "value": pl.Binary,
    "headers": RECORD_COLUMNS["headers"],
}
_RECORD_COLUMN = {c: pl.col(c).cast(dtype) for c, dtype in _RECORD.items()}


@dataclass(frozen=True, slots=True)
class Look:
    """How far all was at the moment `begun`, by the monotonic clock, and the files that tables had then or later."""

    begun: float
    position: Any
    files: dict[Table, Files] = field(default_factory=dict)


class ProjectTables:
    """The tables of a project, as `penstock.history` asks for them; with `filters`, as their user may see them.

    A question that was `asked` before another's look began, and had to wait, is answered from that look: to list
    thousands of files takes longer than to read the few that are needed.
    """

    def __init__(
        self,
        penstock: Penstock,
        asked: float | None = None,
        filters: tuple[Filter, ...] = (),
        limits: Limits | None = None,
    ) -> None:
        self.penstock = penstock
        self._warehouse = WarehouseTables(penstock.warehouse, (limits or Limits()).seconds)
        self._confined = Confinement(penstock, filters) if filters else None
        self._asked = asked
        self._look: Look | None = None

    def close(self) -> None:
        """Let go of the warehouse; idempotent."""
        self._warehouse.close()

    def position(self) -> Any:
        """How far the log and each pipeline are; whoever asks again looks again."""
        look = self.penstock.look
        if self._look is not None or self._asked is None or look is None or look.begun <= self._asked:
            begun = self.penstock.clock.monotonic()
            look = self.penstock.look = Look(begun, self._position())
        self._look = look
        return look.position

    def _position(self) -> Any:
        checkpoints = {c.pipeline: c.epoch for c in self.penstock.log.state.checkpoints()}
        running = {one.name: one.through for one in self.penstock.running}
        return {"log": self.penstock.log.end_seq(), "checkpoints": checkpoints, "memory": running}

    def names(self) -> list[tuple[str, str]]:
        """Tables and views as they are called from here, topics that no table is called after, the warehouse's and the
        system's own tables.
        """
        catalog = self.penstock.catalog
        found = {}
        for path, one in catalog.objects.items():
            name = path[2] if catalog.find((path[2],)) is one else ".".join(path[1:])
            found[name] = "view" if isinstance(one, View) else "table"
        topics = {topic: "topic" for topic in self._topics() if topic not in found}
        system = {f"{SYSTEM_DATABASE}.{name}": "system table" for name in SYSTEM_TABLES}
        loaded = {} if self._confined is not None else dict.fromkeys(self._loaded(), "warehouse table")
        loaded = {name: kind for name, kind in loaded.items() if name not in found | topics}
        return [*sorted(found.items()), *sorted(topics.items()), *loaded.items(), *sorted(system.items())]

    def _loaded(self) -> list[str]:
        try:
            return self._warehouse.names()
        except WarehouseError:  # what else there is can be told all the same
            return []

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Rows | Files:
        if len(name) == 2 and name[0] == SYSTEM_DATABASE:
            return self._system(name[1])
        if name[-1].endswith(OPEN):
            return self._open((*name[:-1], name[-1].removesuffix(OPEN)))
        found = self.penstock.catalog.find(name)
        if isinstance(found, Table):
            return self._of_table(found, columns)
        if isinstance(found, View):
            return self._of_query(self._view(found))
        if len(name) == 1 and name[0] in self._topics():
            if self._confined is not None:
                self._confined.require_topic(name[0])
            return self._records(name[0], columns)
        if self._confined is not None and len(name) == 2 and name[0] in SCHEMAS:
            self._confined.require_warehouse(".".join(name))
        if (rows := self._warehouse.table(name, columns)) is not None:
            if self._confined is not None:
                self._confined.require_warehouse(".".join(name))
            return rows
        if name == (RESULTS_TABLE,):
            return self._system(RESULTS_TABLE)
        raise self._unknown(name)

    def _topics(self) -> list[str]:
        return [t.name for t in self.penstock.log.topics() if not t.name.startswith("__")]

    def _records(self, topic: str, columns: frozenset[str] | None) -> Rows:
        """The records of a topic that no table is called after, as they lie in the log."""
        wanted = [c for c in _RECORD if columns is None or c in columns] or ["offset"]
        frames = (f.select(_RECORD_COLUMN[c] for c in wanted) for f in self.penstock.log.read(topic, columns=wanted))
        return Rows(frames, pl.Schema({c: _RECORD[c] for c in wanted}))

    def _unknown(self, name: tuple[str, ...]) -> QueryError:
        own = [] if self._confined is not None else self._warehouse.names()
        known = [*sorted({path[2] for path in self.penstock.catalog.objects} | set(self._topics())), *own]
        hint = did_you_mean(name[-1], known) or ("there are " + ", ".join(known) if known else "")
        return QueryError(f"there is no table, view or topic '{'.'.join(name)}'", code="query-unknown-table", hint=hint)

    # -- rows --------------------------------------------------------------------------------------

    def _of_table(self, table: Table, columns: frozenset[str] | None) -> Rows | Files:
        """An append table as its rows, an upsert table as its present ones, Parquet as its files."""
        if self._confined is not None:
            self._confined.require_table(table)
            if table.path in self._confined.filtered:
                return self._of_query(self._confined.plan(table))
        look = self._look
        if look is not None and table in look.files:
            return look.files[table]
        connector = connector_named(table)
        options = TableOptions(table, connector)
        if connector.present_rows is not None:
            schema = pl.Schema({c.name: c.type.polars for c in table.physical})
            return Rows(connector.present_rows(table, options, self.penstock.world), schema)
        files = connector.files and connector.files(table, options, self.penstock.world, columns)
        if files is not None:
            schema = pl.Schema({c.name: c.type.polars for c in table.columns if c.computed is None})
            footers, null = self.penstock.footers, options.values[DEFAULT_NAME]
            small = self.penstock.small_files
            found = Files(files.paths, schema, footers, table.partitioned_by, null, files.beside, small)
            if look is not None and found.beside is None:
                look.files[table] = found
            return found
        plan = scan(table)
        wanted = [c for c in plan.columns if columns is None or c.name in columns] or list(plan.columns[:1])
        pruned = prune(plan, {c.name for c in wanted})
        with ExitStack() as locks:  # a commit between the two would show its rows twice, or not at all
            for pipeline in self.penstock.running:
                locks.enter_context(pipeline.lock)
            rows = self._of_query(pruned)
            pending = [f.select(rows.schema.names()) for f in self.pending(table, set(rows.schema.names()))]
        return Rows(_chain(rows.frames, pending), rows.schema)

    def pending(self, table: Table, wanted: set[str]) -> list[pl.DataFrame]:
        """Rows that running pipelines of this process, held still, have made and not yet committed."""
        if not wanted <= {c.name for c in table.physical}:
            return []
        frames = []
        for pipeline in self.penstock.running:
            for index, sink in pipeline.executor.graph.sinks.items():
                if _target(pipeline, index) == table.path and isinstance(sink.connector, TopicSink):
                    frames += sink.connector.pending
        return frames

    def _of_query(self, query: Node) -> Rows:
        schema = pl.Schema({c.name: c.type.polars for c in query.columns})
        return Rows(rows_of(query, self._context, self.penstock.world, self.penstock.settings), schema)

    @property
    def _context(self) -> Context:
        return self.penstock.session.context

    def _view(self, view: View) -> Node:
        if self._confined is not None:
            return self._confined.plan(view)
        quoted = ".".join("`" + part.replace("`", "``") + "`" for part in view.path)
        (answer,) = self.penstock.session.run(f"SELECT * FROM {quoted}")
        assert isinstance(answer, Answer)
        return answer.query

    # -- open windows ------------------------------------------------------------------------------

    def _open(self, name: tuple[str, ...]) -> Rows:
        found = self.penstock.catalog.find(name)
        if isinstance(found, View):
            pipeline, rows = evaluate(self._view(found), self._context, self.penstock.world, self.penstock.settings)
            for _ in rows:
                pass  # what has closed is not asked for
            frame = open_windows(pipeline, len(pipeline.executor.graph.vertices) - 1)
            return Rows(iter([frame]), frame.schema)
        if not isinstance(found, Table):
            raise self._unknown(name)
        if self._confined is not None:
            self._confined.require_table(found)
        frame = self.open_windows_into(found)
        if self._confined is not None:
            frame = self._confined.fitting(found, frame)
        return Rows(iter([frame]), frame.schema)

    def open_windows_into(self, table: Table) -> pl.DataFrame:
        """The windows not yet closed of the pipelines that write `table`: with `window_end`, `watermark`, `final`.

        Raises QueryError where there are none.
        """
        frames = [self._open_of(pipeline, table) for pipeline in self._pipelines_into(table)]
        if not frames:
            raise QueryError(
                f"no pipeline writes into '{table.name}'", code="query-open", hint=f"ask for {table.name} itself"
            )
        return pl.concat(frames, how="diagonal")

    @staticmethod
    def _open_of(pipeline: Pipeline, table: Table) -> pl.DataFrame:
        sinks = [i for i in pipeline.executor.graph.sinks if _target(pipeline, i) == table.path]
        return pl.concat([open_windows(pipeline, i) for i in sinks], how="diagonal")

    def _pipelines_into(self, table: Table) -> Iterator[Pipeline]:
        """The pipelines that write into `table`: running ones, else as their last checkpoint left them."""
        running = {one.name: one for one in self.penstock.running}
        for definition in self.penstock.definition.pipelines:
            if all(sink.table.path != table.path for sink in definition.plan.parts):
                continue
            if definition.name in running:
                yield running[definition.name]
                continue
            pipeline = make_pipeline(definition, self.penstock.world, self.penstock.settings)
            try:
                pipeline.look()
                yield pipeline
            finally:
                pipeline.close()

    # -- the system's own --------------------------------------------------------------------------

    def _system(self, name: str) -> Rows:
        if name not in SYSTEM_TABLES:
            hint = did_you_mean(name, SYSTEM_TABLES) or "there are " + ", ".join(SYSTEM_TABLES)
            raise QueryError(f"there is no table '{SYSTEM_DATABASE}.{name}'", code="query-unknown-table", hint=hint)
        if self._confined is not None and name in WHOLE_ALONE:
            self._confined.require_all(f"{SYSTEM_DATABASE}.{name}")
        frame = system_table(name, self.penstock)
        return Rows(iter([frame]), frame.schema)


def targets(pipeline: Pipeline) -> frozenset[tuple[str, ...]]:
    """The paths of the tables that a pipeline writes."""
    return frozenset(_target(pipeline, index) for index in pipeline.executor.graph.sinks)


def _target(pipeline: Pipeline, sink: int) -> tuple[str, ...]:
    """The path of the table that vertex `sink` writes: tables of several databases may have one name."""
    node = pipeline.executor.graph.vertices[sink].node
    assert isinstance(node, p.Sink)
    return node.table.path


def _chain(first: Iterator[pl.DataFrame], rest: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield from first
    yield from rest
