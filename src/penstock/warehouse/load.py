"""`Load`: a source from its parts to staging and what comes from it, in one transaction with its mark."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from penstock.warehouse.evolution import EvolvedError
from penstock.warehouse.inference import inferred
from penstock.warehouse.loaded import Loaded
from penstock.warehouse.loading import Loading
from penstock.warehouse.model import Model
from penstock.warehouse.sources.csv import CsvSource
from penstock.warehouse.sources.topic import TopicSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from penstock.core.clock import Clock
    from penstock.quality.results import Result
    from penstock.warehouse.database import Database, Session
    from penstock.warehouse.loading import Checks, Note
    from penstock.warehouse.schema import Schema
    from penstock.warehouse.schema_files import SchemaFiles
    from penstock.warehouse.sources.source import Source
    from penstock.warehouse.sources.source_file import SourceFile

__all__ = ["Load"]


class Load:
    """Brings one source into the warehouse: all of it or nothing.

    `opened` makes its reader, by the schema where there is one already. Threads may share a load; two that load one
    source at once wait for each other.
    """

    def __init__(
        self,
        source: SourceFile,
        opened: Callable[[Schema | None], Source],
        schemas: SchemaFiles,
        database: Database,
        clock: Clock,
        *,
        checks: Checks | None = None,
        model: Model | None = None,
        around: Callable[[Session], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`around` is entered within the transaction before anything is read, and left at its end."""
        self.source = source
        self._opened = opened
        self._schemas = schemas
        self._database = database
        self._clock = clock
        self._checks = checks
        self._model = model or Model()
        self._around = around

    @property
    def name(self) -> str:
        """The source's."""
        return self.source.name

    def done(self, run: str) -> Loaded | None:
        """What the load has done in a run, where that was committed."""
        told = "SELECT outcome FROM _loads WHERE run = $1 AND source = $2"
        with self._database.transaction() as session:
            found = session.rows(told, run, self.name)
        return Loaded.parse(found[0][0]) if found else None

    def do(self, run: str, note: Note) -> Loaded:
        """Load what is new, as `run`. Raises PenstockError with what stops it; nothing of it is there then.

        A schema that is not there yet is inferred and written first, and one that evolves is written before what it
        is needed for: the staging table follows its file.
        """
        schema, written = self._schema(note)
        while True:
            try:
                return self._once(schema, run, note, written)
            except EvolvedError as evolved:
                path = self._schemas.change(schema, evolved.schema)
                for line in evolved.said:
                    note(f"the schema follows the source: {line} ({path.name})", "warning")
                schema, written = evolved.schema, f"schemas/{path.name}"

    def _schema(self, note: Note) -> tuple[Schema, str]:
        """The schema, and its file where that had to be written."""
        schema, written = self._schemas.read(self.source.schema), ""
        if schema is None:
            source = self._opened(None)
            spelling = source.spelling if isinstance(source, CsvSource) else None
            schema = inferred(self.source.schema, source.parts({}), spelling)
            path = self._schemas.write(schema)
            written = f"schemas/{path.name}"
            note(f"{written} is inferred: read it through", "warning")
        return schema, written

    def _once(self, schema: Schema, run: str, note: Note, written: str) -> Loaded:
        found: list[Result] = []
        loading = Loading(self.source, schema, run, note, self._clock, found, self._checks, written)
        loaded = False
        source = self._opened(schema)
        try:
            with (
                self._database.transaction() as session,
                note.interrupting(session.interrupt),
                self._around(session),
            ):
                done = loading.load(session, source, self._model)
            loaded = True
        finally:
            if self._checks is not None and found:
                self._checks.record(found, run=run, loaded=loaded)
        if isinstance(source, TopicSource):
            source.commit(loading.marks)
        return done
