"""`Loads`: the sources of a project, sources/NAME.toml, and what brings each into its warehouse."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.connectors.kafka import ensure_declared
from penstock.core.errors import ConfigError
from penstock.project.project_file import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from penstock.core.clock import Clock
    from penstock.core.types import DataType
    from penstock.project.penstock import Penstock
    from penstock.quality.results import Kind, Result
    from penstock.quality.rules import Rules
    from penstock.warehouse import Session
    from penstock.warehouse.load import Load
    from penstock.warehouse.schema import Schema
    from penstock.warehouse.sources import Source
    from penstock.warehouse.sources.source_file import SourceFile

    Around = Callable[[Session], AbstractContextManager[object]]
    """Entered within a load's transaction before anything is read, and left at its end."""

__all__ = ["Loads"]


class Loads:
    """The files are read whenever they are asked for."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._files = Folder(penstock.folder, "sources", ".toml", "source")

    def names(self) -> list[str]:
        """The sources, by name."""
        return self._files.names()

    def source(self, name: str, where: str = "") -> SourceFile:
        """What the file of one says, that was named at `where`.

        Raises ConfigError where there is none, or with the line that is wrong.
        """
        from penstock.warehouse.sources.source_file import read_source

        try:
            said = self._files.read(name).text
        except ConfigError as error:
            error.where = error.where or where
            raise
        return read_source(name, said)

    def schema(self, source: SourceFile) -> Schema | None:
        """That of a source; None where its first load infers it. Raises ConfigError at a line of its file."""
        from penstock.warehouse.schema_files import SchemaFiles

        return SchemaFiles(self._penstock.folder).read(source.schema)

    def require(self, name: str, where: str) -> None:
        """Raises ConfigError or SqlError where a source's file, its schema, or a rule about it does not fit."""
        source = self.source(name, where)
        schema = self.schema(source)
        if schema is not None:
            self.opened(source, schema)
            LoadChecks(self._penstock, source, "").rules(schema.types)

    def load(self, name: str, run: str, clock: Clock | None = None) -> Load:
        """What brings one into the warehouse in a run, waiting on its clock. Raises as `source`, and WarehouseError."""
        source = self.source(name)
        return self._load(source, run, "batch", lambda schema: self.opened(source, schema, clock), nullcontext)

    def again(self, name: str, run: str, rows: Source, around: Around) -> Load:
        """What brings `rows` of a source into the warehouse, instead of what it has now: nothing is taken for ended."""
        source = replace(self.source(name), mode="changes", on_delete="keep", track=False)
        return self._load(source, run, "replay", lambda _: rows, around)

    def _load(
        self, source: SourceFile, run: str, kind: Kind, opened: Callable[[Schema | None], Source], around: Around
    ) -> Load:
        from penstock.warehouse import read_model
        from penstock.warehouse.load import Load
        from penstock.warehouse.schema_files import SchemaFiles

        penstock = self._penstock
        return Load(
            source,
            opened,
            SchemaFiles(penstock.folder),
            penstock.warehouse.database(),
            penstock.clock,
            checks=LoadChecks(penstock, source, run, kind),
            model=read_model(penstock.folder),
            around=around,
        )

    def reader(self, name: str, clock: Clock) -> Source:
        """What reads one, by its schema where there is one already, and waits on `clock`. Raises as `opened`."""
        source = self.source(name)
        return self.opened(source, self.schema(source), clock)

    def opened(self, source: SourceFile, schema: Schema | None, clock: Clock | None = None) -> Source:
        """What reads a source. Raises ConfigError at a line of its file."""
        penstock = self._penstock
        match source.kind:
            case "csv":
                from penstock.warehouse.sources.csv import read_csv

                spelling = schema.spelling if schema else None
                return read_csv(source.own, penstock.folder, spelling, snapshot=source.mode == "snapshot")
            case "http":
                from penstock.warehouse.sources.http import read_api
                from penstock.warehouse.sources.http.source import HttpSource

                return HttpSource(
                    read_api(source.name, source.own, penstock.folder),
                    penstock.world.allow,
                    clock or penstock.clock,
                    changes=source.mode == "changes",
                )
            case "postgres":
                from penstock.warehouse.sources.postgres import read_postgres

                return read_postgres(source.name, source.own, penstock.folder, clock or penstock.clock)
            case _:
                from penstock.warehouse.sources.topic import read_topic

                found = read_topic(source.own, penstock.log)
                if found.topic in penstock.world.topics:
                    ensure_declared(penstock.world, found.topic)
                return found


@dataclass(frozen=True, slots=True)
class LoadChecks:
    """The rules of quality/ about a source's staging table; what they find is kept in the log, as of one run.

    Of rows that are replayed, those about a load as a whole say nothing.
    """

    penstock: Penstock
    source: SourceFile
    run: str
    kind: Kind = "batch"

    def rules(self, columns: Mapping[str, DataType]) -> Rules:
        from penstock.quality.rule import LOAD_FORMS, read_files, rules_on
        from penstock.quality.rules import Rules

        found = rules_on(read_files(self.penstock.folder), str(self.source.into))
        if self.kind == "replay":
            found = tuple(rule for rule in found if rule.form not in LOAD_FORMS)
        return Rules(found, columns, self.penstock.session.context)

    def earlier(self, rule: str, runs: int) -> list[float]:
        from penstock.quality.results import earlier_values

        return earlier_values(self.penstock.log, str(self.source.into), rule, runs, self.run)

    def record(self, found: Sequence[Result], *, run: str, loaded: bool) -> None:
        from penstock.quality.results import record

        log, now = self.penstock.log, self.penstock.clock.now_ms()
        record(log, found, time=now, kind=self.kind, run=run, table=str(self.source.into), loaded=loaded)
