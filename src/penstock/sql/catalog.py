"""The catalog: databases, and the tables and views in them, as CREATE and ALTER leave them. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from penstock.core.errors import BindError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from penstock.core.types import DataType
    from penstock.sql.checks import Check, UniqueCheck
    from penstock.sql.expr import Expr
    from penstock.sql.plan import Column

__all__ = ["CATALOG", "DATABASE", "SYSTEM_DATABASE", "Catalog", "Table", "TableColumn", "View"]

CATALOG = "default_catalog"
DATABASE = "default_database"
SYSTEM_DATABASE = "penstock"
"""The database of the system's own tables (rejects, late, ledger ...), read-only."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: physical, `computed` from others, or from the connector's `metadata` key."""

    name: str
    type: DataType
    computed: Expr | None = None
    computed_text: str = ""
    metadata: str | None = None
    virtual: bool = False
    comment: str = ""

    @property
    def is_physical(self) -> bool:
        return self.computed is None and self.metadata is None

    @property
    def is_persisted(self) -> bool:
        """Whether INSERT writes it."""
        return self.computed is None and not self.virtual


@dataclass(frozen=True, slots=True)
class Table:
    """A table over a connector; `path` is (catalog, database, name)."""

    path: tuple[str, str, str]
    columns: tuple[TableColumn, ...]
    options: dict[str, str] = field(hash=False)
    watermark_column: str = ""
    watermark: Expr | None = None
    watermark_text: str = ""
    primary_key: tuple[str, ...] = ()
    partitioned_by: tuple[str, ...] = ()
    comment: str = ""
    temporary: bool = False
    rules: tuple[Check | UniqueCheck, ...] = field(default=(), repr=False)
    """What its rows have to fulfil when they are read."""
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The mark under each option in the text that gave it, and as "" that under the name in CREATE TABLE."""

    @property
    def name(self) -> str:
        return self.path[2]

    def where(self, option: str = "") -> str:
        """The table, and the place of an option of it, or that of CREATE TABLE, as far as there is one."""
        mark = self.places.get(option) or self.places.get("")
        return f"table {self.name}" + (f"\n{mark}" if mark else "")

    @property
    def connector(self) -> str:
        return self.options.get("connector", "")

    @property
    def physical(self) -> tuple[TableColumn, ...]:
        return tuple(c for c in self.columns if c.is_physical)

    @property
    def sink_columns(self) -> tuple[TableColumn, ...]:
        """What INSERT has to give, in order."""
        return tuple(c for c in self.columns if c.is_persisted)

    def column(self, name: str) -> TableColumn:
        """The column of that name (KeyError if there is none)."""
        return next((c for c in self.columns if c.name == name), None) or _missing(name)

    def with_options(self, options: dict[str, str], places: Mapping[str, str]) -> Table:
        """The same table with some options changed; `places` are the marks under them."""
        return replace(self, options={**self.options, **options}, places={**self.places, **places})


def _missing(name: str) -> TableColumn:
    raise KeyError(name)


@dataclass(frozen=True, slots=True)
class View:
    """A named query; `database` is the one its unqualified names mean."""

    path: tuple[str, str, str]
    columns: tuple[Column, ...]
    query: exp.Expr = field(hash=False)
    text: str
    database: tuple[str, str]
    comment: str = ""
    temporary: bool = False

    @property
    def name(self) -> str:
        return self.path[2]


@dataclass(slots=True)
class Catalog:
    """What names mean now. `current` is (catalog, database)."""

    current: tuple[str, str] = (CATALOG, DATABASE)
    databases: dict[tuple[str, str], str] = field(default_factory=lambda: {(CATALOG, DATABASE): ""})
    objects: dict[tuple[str, str, str], Table | View] = field(default_factory=dict)

    def path(self, parts: tuple[str, ...]) -> tuple[str, str, str]:
        """The full path of a name as written, of one to three parts."""
        match parts:
            case (name,):
                return (*self.current, name)
            case (database, name):
                return (self.current[0], database, name)
            case (catalog, database, name):
                return (catalog, database, name)
        raise BindError(f"'{'.'.join(parts)}' has too many parts", code="sql-name", hint="[catalog.][database.]name")

    def find(self, parts: tuple[str, ...]) -> Table | View | None:
        """The table or view of that name, if there is one."""
        return self.objects.get(self.path(parts))

    def get(self, parts: tuple[str, ...]) -> Table | View:
        """The table or view of that name.

        Raises BindError with the closest name there is.
        """
        found = self.find(parts)
        if found is None:
            raise self.unknown(parts)
        return found

    def unknown(self, parts: tuple[str, ...]) -> BindError:
        """The error that there is no such table or view."""
        path = self.path(parts)
        if path[:2] not in self.databases:
            return self.unknown_database(path[:2])
        names = [name for *database, name in self.objects if tuple(database) == path[:2]]
        hint = did_you_mean(path[2], names) or (
            "there are " + ", ".join(sorted(names)) if names else "no table is created yet"
        )
        return BindError(f"there is no table or view '{path[2]}'", code="sql-unknown-table", hint=hint)

    def unknown_database(self, path: tuple[str, str]) -> BindError:
        """The error that there is no such database."""
        names = [database for _, database in self.databases]
        return BindError(
            f"there is no database '{path[1]}'",
            code="sql-unknown-database",
            hint=did_you_mean(path[1], names) or "there are " + ", ".join(sorted(names)),
        )

    def names(self, database: tuple[str, str], kind: type | None = None) -> list[str]:
        """The names in a database, sorted; of tables or views alone, if `kind` says so."""
        return sorted(
            name
            for (*path, name), o in self.objects.items()
            if tuple(path) == database and (kind is None or isinstance(o, kind))
        )
