"""The files of a project's loads, held against each other: sources/, schemas/, warehouse/, and quality/ about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, did_you_mean
from penstock.project.warehouse.loads import Loads
from penstock.quality.rule import REFERENCES
from penstock.quality.rules import Rules
from penstock.warehouse.column_types import type_text
from penstock.warehouse.model import checked_model, model_files
from penstock.warehouse.schema_files import SchemaFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.definition import Definition
    from penstock.project.penstock import Penstock
    from penstock.quality.rule import Rule, RuleFile
    from penstock.sql.session import Session
    from penstock.warehouse.dimension import Dimension
    from penstock.warehouse.fact import Fact
    from penstock.warehouse.schema import Schema

__all__ = ["wrong_load_files"]


def wrong_load_files(penstock: Penstock, definition: Definition) -> Iterator[PenstockError]:
    """What is wrong in them: each file by itself, and what one says of another."""
    found = _LoadFiles(penstock, definition.session)
    yield from found.wrong
    for target in found.targets:
        yield from found.wrong_target(target)
    for file in definition.rules.files:
        yield from found.wrong_rules(file)


class _LoadFiles:
    """What the files say that are right; `wrong` has an error for each that is not."""

    def __init__(self, penstock: Penstock, session: Session) -> None:
        self.wrong: list[PenstockError] = []
        self._session = session
        self._schemas: dict[str, Schema] = {}
        files = SchemaFiles(penstock.folder)
        for path in sorted((penstock.folder / "schemas").glob("*.toml")):
            try:
                if (schema := files.read(path.stem)) is not None:
                    self._schemas[path.stem] = schema
            except PenstockError as error:
                self.wrong.append(error)
        self._filled: dict[str, Schema | None] = {}
        """The tables of staging; without a schema where the first load infers it, or its file is wrong."""
        loads = Loads(penstock)
        for name in loads.names():
            try:
                source = loads.source(name)
            except PenstockError as error:
                self.wrong.append(error)
                self._filled.setdefault(f"staging.{name.replace('-', '_')}", None)
                continue
            self._filled[str(source.into)] = self._schemas.get(source.schema)
            try:
                loads.opened(source, self._schemas.get(source.schema))
            except PenstockError as error:
                self.wrong.append(error)
        try:
            said = model_files(penstock.folder)
        except PenstockError as error:
            self.wrong.append(error)
            said = {}
        model, wrong = checked_model(said)
        self.wrong += wrong
        self.targets: tuple[Dimension | Fact, ...] = (*model.dimensions, *model.facts)
        self._made: dict[str, tuple[str, ...]] = {f"warehouse.{name}": () for name in said}
        self._made |= {str(one.table): one.columns for one in self.targets}

    def wrong_target(self, target: Dimension | Fact) -> Iterator[PenstockError]:
        """A staging table that nothing is loaded into; columns that it will not have."""
        table = str(target.staging)
        if table not in self._filled:
            yield self._unfilled(table, "target-from", target.origin.where("from"))
        elif (schema := self._filled[table]) is not None:
            yield from target.misfits({name: type_text(kind) for name, kind in schema.types.items()})

    def wrong_rules(self, file: RuleFile) -> Iterator[PenstockError]:
        """A table that nothing is loaded into, a rule that is none over its columns, or refers to what is not there."""
        for rule in file.rules:
            if rule.form == "foreign_key":
                yield from self._wrong_reference(rule)
        for table in file.tables:
            if table.count(".") != 1 or self._session.catalog.find(tuple(table.split("."))) is not None:
                continue
            if table not in self._filled:
                yield self._unfilled(table, "quality-on", file.said.where("on"))
            elif (schema := self._filled[table]) is not None:  # else it is inferred by the first load
                for rule in file.rules:
                    try:
                        Rules([rule], schema.types, self._session.context)
                    except PenstockError as error:
                        yield error

    def _wrong_reference(self, rule: Rule) -> Iterator[PenstockError]:
        table, _, column = rule.values[REFERENCES].rpartition(".")
        code, where = "quality-references", rule.where(REFERENCES.name)
        if table.startswith("warehouse."):
            if table not in self._made:
                hint = did_you_mean(table, self._made) or "warehouse/NAME.toml says what is made there"
                yield ConfigError(f"there is no dimension or fact '{table}'", code=code, where=where, hint=hint)
                return
            columns = self._made[table]
        elif table.startswith("staging."):
            if table not in self._filled:
                yield self._unfilled(table, code, where)
                return
            schema = self._filled[table]
            columns = () if schema is None else (*schema.types,)
        else:
            return
        if columns and column not in columns and not column.startswith("_"):
            hint = did_you_mean(column, columns) or "columns are " + ", ".join(columns)
            yield ConfigError(f"{table} has no column '{column}'", code=code, where=where, hint=hint)

    def _unfilled(self, table: str, code: str, where: str) -> ConfigError:
        hint = did_you_mean(table, self._filled) or "sources/NAME.toml says with into = what is"
        return ConfigError(f"nothing is loaded into '{table}'", code=code, where=where, hint=hint)
