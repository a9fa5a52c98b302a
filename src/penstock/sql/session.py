"""A session: statements in order, each against the catalog that the ones before it left. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.core.errors import BindError, PenstockError, SqlError, UnsupportedError
from penstock.sql import config
from penstock.sql import statements as st
from penstock.sql.bind.inserts import bind_insert
from penstock.sql.bind.queries import QueryBinder
from penstock.sql.bind.scope import Origin
from penstock.sql.bind.tables import altered, created
from penstock.sql.catalog import CATALOG, SYSTEM_DATABASE, Catalog, Table, TableColumn, View
from penstock.sql.changelog import changes_text, require_runnable
from penstock.sql.functions import AGGREGATES, FUNCTIONS
from penstock.sql.functions.spec import Context
from penstock.sql.grammar import parse, statements
from penstock.sql.help import HELP
from penstock.sql.plan import Sink, Sinks, explain
from penstock.sql.rules import optimize
from penstock.sql.show import create_table, create_view, describe, like

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlglot import exp

    from penstock.sql.plan import Column, Node

__all__ = ["SHOWN", "Answer", "Done", "Outcome", "Rows", "Session", "Write", "shown"]

SHOWN = "show"
"""The connector, and the table, of a SELECT's rows."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement asks for or has done."""

    statement: st.Statement


@dataclass(frozen=True, slots=True)
class Done(Outcome):
    """The catalog or a setting has changed; `message` says what."""

    message: str


@dataclass(frozen=True, slots=True)
class Rows(Outcome):
    """A small answer of the catalog itself: SHOW, DESCRIBE, EXPLAIN."""

    names: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class Answer(Outcome):
    """A query whose rows are to be shown: a pipeline into the table `SHOWN`."""

    query: Node
    context: Context
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Write(Outcome):
    """A pipeline: one INSERT, or all of a statement set; `name` is that of SET 'pipeline.name', if any."""

    plan: Sinks
    name: str
    context: Context
    settings: Mapping[str, object]


def shown(query: Node) -> Sinks:
    """A pipeline of `query` into the table `SHOWN`."""
    columns = tuple(TableColumn(c.name, c.type) for c in query.columns)
    table = Table(("", "", SHOWN), columns, {"connector": SHOWN})
    return Sinks((), (Sink(query.columns, query, table),))


class Session:
    """Executes statements; `catalog` and `settings` are what they leave behind."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog = catalog or Catalog()
        self.settings: dict[str, object] = {}

    def run(self, text: str, source: str = "") -> Iterator[Outcome]:
        """The outcome of each statement of `text`, one after the other; `source` names the file in errors.

        Raises SqlError or ConfigError at the first that cannot be read or does not fit; those before it stay done.
        QUIT and EXIT end it.
        """
        for statement in statements(text, source):
            if isinstance(statement, st.Quit):
                return
            yield self.execute(statement, text, source)

    @property
    def context(self) -> Context:
        """What expressions may depend on now."""
        zone = self.settings.get(config.LOCAL_TIME_ZONE.name, config.LOCAL_TIME_ZONE.default)
        return Context(zone=str(zone), database=self.catalog.current[1])

    def execute(self, statement: st.Statement, text: str, source: str = "") -> Outcome:
        """The outcome of one statement, which was read from `text`."""
        origin = Origin(text, source, self.context)
        try:
            return self._execute(statement, origin)
        except SqlError as error:
            if not error.where:
                error.where = origin.where(statement.span)
            raise
        except PenstockError as error:
            error.where = origin.where(statement.span)
            raise

    def _execute(self, statement: st.Statement, origin: Origin) -> Outcome:
        match statement:
            case st.Query(query=query):
                plan = optimize(QueryBinder(self.catalog, origin).bind(query))
                require_runnable(plan)
                return Answer(statement, plan, self.context, dict(self.settings))
            case st.Insert():
                return self._write(statement, (statement,), origin)
            case st.StatementSet(inserts=inserts):
                return self._write(statement, inserts, origin)
            case st.CreateTable() | st.DropTable() | st.AlterTable():
                return Done(statement, self._table(statement, origin))
            case st.CreateView() | st.DropView() | st.AlterView():
                return Done(statement, self._view(statement, origin))
            case st.CreateDatabase() | st.DropDatabase() | st.AlterDatabase() | st.Use():
                return Done(statement, self._database(statement))
            case st.Set():
                return self._set(statement)
            case st.Reset(key=key):
                if key:
                    self.settings.pop(key, None)
                else:
                    self.settings.clear()
                return Done(
                    statement, f"'{key}' is back at its default" if key else "all settings are back at their defaults"
                )
            case st.Show():
                return self._show(statement)
            case st.Describe(name=name):
                return Rows(statement, *describe(self.catalog.get(name.parts)))
            case st.Help():
                return Rows(statement, ("statement", "what it does"), HELP)
            case st.Quit():
                hint = "it ends a session of penstock sql; a file of a project ends by itself"
                raise UnsupportedError("QUIT is not supported here", code="sql-quit", hint=hint)
            case st.Explain(statement=inner):
                return Rows(statement, ("plan",), ((self._explain(inner, origin),),))
        raise TypeError(f"unknown statement {type(statement).__name__}")

    def _write(self, statement: st.Statement, inserts: tuple[st.Insert, ...], origin: Origin) -> Write:
        views: dict[tuple[str, str, str], Node] = {}
        plan = optimize(Sinks((), tuple(bind_insert(i, self.catalog, origin, views) for i in inserts)))
        assert isinstance(plan, Sinks)
        require_runnable(plan)
        name = str(self.settings.get(config.PIPELINE_NAME.name, ""))
        return Write(statement, plan, name, self.context, dict(self.settings))

    def _explain(self, statement: st.Statement, origin: Origin) -> str:
        outcome = self._execute(statement, origin)
        assert isinstance(outcome, (Answer, Write))
        return explain(outcome.query if isinstance(outcome, Answer) else outcome.plan, changes_text)

    # -- tables and views --------------------------------------------------------------------------

    def _path(self, name: st.Name) -> tuple[str, str, str]:
        path = self.catalog.path(name.parts)
        if path[1] == SYSTEM_DATABASE:
            raise BindError(
                f"the database '{SYSTEM_DATABASE}' holds the system's own tables",
                code="sql-system",
                hint="choose another database",
            )
        if path[:2] not in self.catalog.databases:
            raise self.catalog.unknown_database(path[:2])
        return path

    def _table(self, statement: st.CreateTable | st.DropTable | st.AlterTable, origin: Origin) -> str:
        path = self._path(statement.name)
        existing = self.catalog.objects.get(path)
        match statement:
            case st.CreateTable():
                if existing is not None:
                    if statement.if_not_exists:
                        return f"table {path[2]} is there already"
                    raise BindError(
                        f"there is a table or view '{path[2]}' already",
                        code="sql-exists",
                        hint="CREATE TABLE IF NOT EXISTS",
                    )
                base = self._get_table(statement.like.name) if statement.like else None
                self.catalog.objects[path] = created(statement, path, base, origin)
                return f"table {path[2]} is created"
            case st.DropTable():
                if existing is None and statement.if_exists:
                    return f"there is no table {path[2]}"
                self._get_table(statement.name)
                del self.catalog.objects[path]
                return f"table {path[2]} is dropped"
        if existing is None and statement.if_exists:
            return f"there is no table {path[2]}"
        table = self._get_table(statement.name)
        if isinstance(statement.action, st.RenameTable):
            return self._rename(path, statement.action.to)
        self.catalog.objects[path] = altered(statement, table, origin)
        return f"table {path[2]} is altered"

    def _get_table(self, name: st.Name) -> Table:
        found = self.catalog.get(name.parts)
        if not isinstance(found, Table):
            raise BindError(
                f"'{name}' is a view, not a table", code="sql-not-a-table", hint="say VIEW instead of TABLE"
            )
        return found

    def _rename(self, path: tuple[str, str, str], to: st.Name) -> str:
        new = self._path(to) if len(to.parts) > 1 else (path[0], path[1], to.parts[0])
        if new in self.catalog.objects:
            raise BindError(f"there is a table or view '{new[2]}' already", code="sql-exists")
        found = self.catalog.objects.pop(path)
        self.catalog.objects[new] = replace(found, path=new)
        return f"{path[2]} is now {new[2]}"

    def _view(self, statement: st.CreateView | st.DropView | st.AlterView, origin: Origin) -> str:
        path = self._path(statement.name)
        existing = self.catalog.objects.get(path)
        if isinstance(statement, st.CreateView):
            if existing is not None:
                if statement.if_not_exists:
                    return f"view {path[2]} is there already"
                raise BindError(
                    f"there is a table or view '{path[2]}' already", code="sql-exists", hint="CREATE VIEW IF NOT EXISTS"
                )
            self.catalog.objects[path] = self._bound_view(statement, path, origin)
            return f"view {path[2]} is created"
        if existing is None and isinstance(statement, st.DropView) and statement.if_exists:
            return f"there is no view {path[2]}"
        view = self.catalog.get(statement.name.parts)
        if not isinstance(view, View):
            raise BindError(
                f"'{statement.name}' is a table, not a view", code="sql-not-a-view", hint="say TABLE instead of VIEW"
            )
        if isinstance(statement, st.DropView):
            del self.catalog.objects[path]
            return f"view {path[2]} is dropped"
        if statement.to is not None:
            return self._rename(path, statement.to)
        assert statement.query is not None
        plan = QueryBinder(self.catalog, origin).bind(statement.query)
        self.catalog.objects[path] = replace(
            view, columns=plan.columns, query=self._reread(statement.query_text), text=statement.query_text
        )
        return f"view {path[2]} is altered"

    def _bound_view(self, statement: st.CreateView, path: tuple[str, str, str], origin: Origin) -> View:
        plan = QueryBinder(self.catalog, origin).bind(statement.query)
        columns: tuple[Column, ...] = plan.columns
        if statement.columns:
            if len(statement.columns) != len(columns):
                raise BindError(
                    f"view '{path[2]}' names {len(statement.columns)} columns, its query has {len(columns)}",
                    code="sql-column-names",
                )
            columns = tuple(replace(c, name=n) for c, n in zip(columns, statement.columns, strict=True))
        query = self._reread(statement.query_text)
        return View(
            path, columns, query, statement.query_text, self.catalog.current, statement.comment, statement.temporary
        )

    @staticmethod
    def _reread(text: str) -> exp.Expr:
        """The query with positions inside its own text, for the marks of later errors."""
        (statement,) = parse(text)
        assert isinstance(statement, st.Query)
        return statement.query

    # -- databases, settings, SHOW -----------------------------------------------------------------

    def _database(self, statement: st.CreateDatabase | st.DropDatabase | st.AlterDatabase | st.Use) -> str:
        databases = self.catalog.databases
        parts = statement.name.parts
        if isinstance(statement, st.Use) and statement.catalog:
            if parts != (CATALOG,):
                raise UnsupportedError(
                    f"there is no catalog '{statement.name}'", code="sql-catalog", hint=f"the only one is {CATALOG}"
                )
            return f"using catalog {CATALOG}"
        path = (CATALOG, parts[-1]) if len(parts) == 1 else (parts[0], parts[-1])
        name = path[1]
        if isinstance(statement, st.CreateDatabase):
            if name == SYSTEM_DATABASE:
                raise BindError(f"the database '{name}' is the system's own", code="sql-system", hint="choose another")
            if path in databases and not statement.if_not_exists:
                raise BindError(
                    f"there is a database '{name}' already", code="sql-exists", hint="CREATE DATABASE IF NOT EXISTS"
                )
            databases.setdefault(path, statement.comment)
            return f"database {name} is created"
        if path not in databases:
            if isinstance(statement, st.DropDatabase) and statement.if_exists:
                return f"there is no database {name}"
            raise self.catalog.unknown_database(path)
        if isinstance(statement, st.Use):
            self.catalog.current = path
            return f"using {name}"
        if isinstance(statement, st.AlterDatabase):
            return f"database {name} is altered"
        self._drop_database(path, cascade=statement.cascade)
        return f"database {name} is dropped"

    def _drop_database(self, path: tuple[str, str], *, cascade: bool) -> None:
        inside = [p for p in self.catalog.objects if p[:2] == path]
        if path == self.catalog.current:
            raise BindError(f"database '{path[1]}' is in use", code="sql-database", hint="USE another one first")
        if inside and not cascade:
            raise BindError(
                f"database '{path[1]}' holds {len(inside)} tables and views",
                code="sql-database",
                hint="DROP DATABASE ... CASCADE",
            )
        for p in inside:
            del self.catalog.objects[p]
        del self.catalog.databases[path]

    def _set(self, statement: st.Set) -> Outcome:
        if not statement.key:
            return Rows(statement, ("key", "value"), tuple(sorted((k, str(v)) for k, v in self.settings.items())))
        self.settings[statement.key] = config.checked(statement.key, statement.value)
        note = " (accepted, without effect here)" if config.is_ignored(statement.key) else ""
        return Done(statement, f"'{statement.key}' = '{statement.value}'{note}")

    def _show(self, statement: st.Show) -> Rows:
        catalog = self.catalog
        scope = statement.name
        match statement.kind:
            case "CREATE TABLE" | "CREATE VIEW" if scope is not None:
                found = catalog.get(scope.parts)
                text = create_table(found) if isinstance(found, Table) else create_view(found)
                return Rows(statement, ("result",), ((text,),))
            case "COLUMNS" if scope is not None:
                names, rows = describe(catalog.get(scope.parts))
                return Rows(statement, names, tuple(r for r in rows if like(str(r[0]), statement)))
            case "CURRENT DATABASE":
                return Rows(statement, ("current database name",), ((catalog.current[1],),))
            case "CURRENT CATALOG":
                return Rows(statement, ("current catalog name",), ((catalog.current[0],),))
            case "DATABASES":
                found_names = [name for _, name in catalog.databases]
            case "CATALOGS":
                found_names = [CATALOG]
            case "FUNCTIONS":
                found_names = [n for n in {**FUNCTIONS, **AGGREGATES} if re.fullmatch(r"\w+", n)]
            case _:
                database = (catalog.current[0], scope.parts[-1]) if scope else catalog.current
                if database not in catalog.databases:
                    raise catalog.unknown_database(database)
                kind = View if statement.kind == "VIEWS" else None
                found_names = catalog.names(database, kind)
        label = statement.kind.lower().removesuffix("s") + " name"
        return Rows(statement, (label,), tuple((n,) for n in sorted(found_names) if like(n, statement)))
