"""Quality rules on the tables of a project: each table in the catalog has those of quality/ that are about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, did_you_mean
from penstock.quality.conditions import check_of, require_few, unique_of
from penstock.quality.rule import STREAM_FORMS, read_file, rule_paths
from penstock.sql.catalog import Table
from penstock.sql.changelog import is_table_of_changes

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.quality.rule import Rule, RuleFile
    from penstock.sql.catalog import Catalog
    from penstock.sql.checks import Check, UniqueCheck
    from penstock.sql.session import Session

__all__ = ["TableRules", "read_table_rules"]


@dataclass(slots=True)
class TableRules:
    """The files of quality/, and what is `wrong` with them, or with their rules on the tables that they name."""

    files: list[RuleFile] = field(default_factory=list)
    wrong: list[PenstockError] = field(default_factory=list)

    def apply(self, session: Session) -> None:
        """Give the rules to the tables of the catalog that have changed; those that do not fit are `wrong`."""
        for path, table in session.catalog.objects.items():
            if not isinstance(table, Table):
                continue
            rules = self._of(session.catalog, path)
            if rules or table.rules:
                bound = self._bound(rules, table, session)
                if bound != table.rules:
                    session.catalog.objects[path] = replace(table, rules=bound)

    def _of(self, catalog: Catalog, path: tuple[str, str, str]) -> list[Rule]:
        names = ((f, catalog.path(tuple(n.split(".")))) for f in self.files for n in f.tables if n.count(".") < 3)
        return [rule for file, named in names if named == path for rule in file.rules]

    def _bound(self, rules: list[Rule], table: Table, session: Session) -> tuple[Check | UniqueCheck, ...]:
        columns = {c.name: c.type for c in table.columns}
        found: list[Check | UniqueCheck] = []
        for rule in rules:
            try:
                _require_streamed(rule, table)
                if rule.form == "unique":
                    found.append(unique_of(rule, columns))
                else:
                    found.append(check_of(rule, columns, session.context))
            except PenstockError as error:
                if str(error) not in map(str, self.wrong):
                    self.wrong.append(error)
        try:
            require_few(rules)
        except ConfigError as error:
            self.wrong.append(error)
            return ()
        return tuple(found)

    def errors(self, catalog: Catalog) -> list[PenstockError]:
        """All that is wrong with them, once the catalog is whole."""
        return [*self.wrong, *self._unknown(catalog)]

    def _unknown(self, catalog: Catalog) -> list[ConfigError]:
        """An error for each table that a file names, and that is neither the project's nor the warehouse's."""
        found = []
        known = [table.name for table in catalog.objects.values()]
        for file in self.files:
            for name in file.tables:
                parts = tuple(name.split("."))
                if len(parts) > 3 or (len(parts) == 1 and catalog.find(parts) is None):
                    found.append(
                        ConfigError(
                            f"there is no table '{name}'",
                            code="quality-on",
                            where=file.said.where("on"),
                            hint=did_you_mean(name, known) or "a table of sql/, or one of the warehouse: staging.NAME",
                        )
                    )
        return found


def _require_streamed(rule: Rule, table: Table) -> None:
    """Raises ConfigError for a rule that no stream can keep."""
    if rule.form not in STREAM_FORMS:
        raise rule.error(
            f"{rule.form} is about a whole load, and '{table.name}' is a stream, which has no end",
            "quality-stream",
            hint=f"on a stream there are {', '.join(STREAM_FORMS)}; an alert can watch the rest",
        )
    if rule.form == "unique" and is_table_of_changes(table):
        raise rule.error(
            f"the rows of '{table.name}' replace each other by their key, so none is there twice", "quality-stream"
        )


def read_table_rules(folder: Path) -> TableRules:
    """The files of quality/ in a project's folder."""
    found = TableRules()
    for path in rule_paths(folder):
        try:
            found.files.append(read_file(path))
        except PenstockError as error:
            found.wrong.append(error)
    return found
