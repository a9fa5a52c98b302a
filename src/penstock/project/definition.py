"""What a project says: its settings, its catalog, and the pipelines that its SQL files define."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from penstock.core.errors import BindError, ConfigError
from penstock.jobs.job import FILE as JOBS
from penstock.project.settings import Settings, read_settings
from penstock.project.table_rules import TableRules, read_table_rules
from penstock.sql import config
from penstock.sql.catalog import Table
from penstock.sql.grammar import parse
from penstock.sql.session import Answer, Session, Write
from penstock.sql.statements import AlterTable, CreateTable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Sinks

__all__ = ["Definition", "PipelineDefinition", "begin_definition", "definition_of", "read_definition", "sql_files"]


@dataclass(frozen=True, slots=True)
class PipelineDefinition:
    """A pipeline as SQL defines it, with the session's settings then; `source` is the file it stands in."""

    name: str
    plan: Sinks
    context: Context
    settings: Mapping[str, object] = field(default_factory=dict)
    source: str = ""


@dataclass(slots=True)
class Definition:
    """A project's settings, the session after all its statements, and its pipelines in order."""

    folder: Path
    settings: Settings
    session: Session = field(default_factory=Session)
    pipelines: list[PipelineDefinition] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """The SQL files, by their paths in the folder."""
    rules: TableRules = field(default_factory=TableRules)

    @property
    def tables(self) -> list[Table]:
        """The tables of the catalog, views not among them."""
        return [found for found in self.session.catalog.objects.values() if isinstance(found, Table)]

    def add(self, text: str, source: str = "", stem: str = "") -> None:
        """Take over the statements of `text`; pipelines are named after `stem`, the file's name.

        Raises SqlError where a statement does not fit, and BindError for a query that leads nowhere.
        """
        writes = []
        for statement in parse(text, source):
            outcome = self.session.execute(statement, text, source)
            if self.rules.files and isinstance(statement, (CreateTable, AlterTable)):
                self.rules.apply(self.session)
            if isinstance(outcome, Answer):
                raise BindError(
                    "a query in a project's SQL file leads nowhere",
                    code="project-query",
                    where=source,
                    hint="INSERT INTO a table, or put it into queries/",
                )
            if isinstance(outcome, Write):
                writes.append(outcome)
        for write in writes:
            self.define(write, source, stem, alone=len(writes) == 1)

    def add_file(self, path: Path) -> None:
        """Take over the statements of a file in the project's folder. Raises as `add`, or ConfigError."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}", code="project-file") from None
        self.add_text(text, path.relative_to(self.folder))

    def add_text(self, text: str, path: PurePath) -> None:
        """Take over the statements of a file that is, or was, at `path` in the folder. Raises as `add`."""
        self.texts[str(path)] = text
        self.add(text, str(path), re.sub(r"^\d+[-_. ]*", "", path.stem) or path.stem)

    def define(self, write: Write, source: str = "", stem: str = "", *, alone: bool = True) -> PipelineDefinition:
        """Add a pipeline; it is alone in its file, or named after its sink too."""
        name = self._name(write, stem, alone=alone)
        definition = PipelineDefinition(name, write.plan, write.context, write.settings, source)
        self.pipelines.append(definition)
        return definition

    def _name(self, write: Write, stem: str, *, alone: bool) -> str:
        sink = write.plan.parts[0].table.name
        base = write.name or (stem if alone or not stem else f"{stem}.{sink}") or sink
        taken = {p.name for p in self.pipelines}
        name, n = base, 2
        while name in taken:
            name, n = f"{base}-{n}", n + 1
        return name


def read_definition(folder: Path, settings: Settings | None = None) -> Definition:
    """The project in `folder`: penstock.toml (or `settings`), then sql/*.sql in the order of their names.

    Raises ConfigError or SqlError with the file and the place, for rules of quality/ too.
    """
    definition, files = begin_definition(folder, settings)
    for path in files:
        definition.add_file(path)
    for error in definition.rules.errors(definition.session.catalog):
        raise error
    return definition


def definition_of(folder: Path, settings: Settings, texts: Mapping[str, str]) -> Definition:
    """A project whose SQL files are `texts`, by their paths. Raises SqlError with the file and the place."""
    definition = _empty(folder, settings)
    for path in sorted(map(PurePath, texts)):
        definition.add_text(texts[str(path)], path)
    return definition


def _empty(folder: Path, settings: Settings) -> Definition:
    definition = Definition(folder, settings, rules=read_table_rules(folder))
    definition.session.settings[config.LOCAL_TIME_ZONE.name] = config.checked(
        config.LOCAL_TIME_ZONE.name, settings.time_zone
    )
    return definition


def sql_files(folder: Path) -> list[Path]:
    """The SQL files of a project, in their order."""
    return sorted((folder / "sql").glob("*.sql"))


def begin_definition(folder: Path, settings: Settings | None = None) -> tuple[Definition, list[Path]]:
    """The project in `folder` before any statement, and its SQL files in their order. Raises ConfigError.

    Without `settings` they are those of penstock.toml.
    """
    definition = _empty(folder, settings or read_settings(folder))
    files = sql_files(folder)
    if not files and not (folder / JOBS).is_file():
        raise ConfigError(
            f"{folder} has no SQL files",
            code="project-empty",
            hint=f"put CREATE TABLE and INSERT statements into {folder}/sql/*.sql",
        )
    return definition, files
