"""Queries to logical plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.core.errors import BindError, ParseError, SqlError, UnsupportedError, did_you_mean
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.grouping import Grouping
from penstock.sql.bind.joins import Joined
from penstock.sql.bind.scope import Origin, Reach, Scope
from penstock.sql.bind.windows import WINDOW_FUNCTIONS, window_table
from penstock.sql.catalog import Table, View
from penstock.sql.changelog import is_table_of_changes
from penstock.sql.coercion import cast_to, common_type
from penstock.sql.expr import Literal, Ref
from penstock.sql.functions import REFUSED
from penstock.sql.grammar import hint_options
from penstock.sql.plan import Column, Limit, Node, Normalize, Project, Scan, Union, Values

if TYPE_CHECKING:
    from penstock.sql.catalog import Catalog

__all__ = ["QueryBinder", "scan"]

_MAX_DEPTH = 100

_TABLE_WORDS: dict[type[exp.Expr], str] = {
    exp.Unnest: "nearest is to reach into the array by place: items[1], items[2]; CARDINALITY(items) counts them",
    exp.Lateral: "nearest is to write the expressions in SELECT itself",
}
_SORT_HINT = "rows come in the order of the log; sort what is stored: penstock query DIR 'SELECT ... ORDER BY ...'"
_QUALIFY_HINT = "nearest is a subquery with ROW_NUMBER() OVER (...) AS n, and WHERE n <= 3 around it"


class QueryBinder:
    """Binds queries against a catalog; `ctes` are the names of WITH in reach.

    `views` are the plans of those that were bound already: each is bound once a statement, however often it is read.
    """

    def __init__(
        self,
        catalog: Catalog,
        origin: Origin,
        ctes: dict[str, Node] | None = None,
        depth: int = 0,
        views: dict[tuple[str, str, str], Node] | None = None,
    ) -> None:
        self.catalog = catalog
        self.origin = origin
        self.ctes = ctes or {}
        self.depth = depth
        self.views = {} if views is None else views

    def bind(self, query: exp.Expr) -> Node:
        """The plan of `query`.

        Raises BindError or UnsupportedError with the place marked.
        """
        if self.depth > _MAX_DEPTH:
            raise self.origin.error(BindError, "the query is nested too deeply", "sql-depth", query)
        binder = self._with(query)
        match query:
            case exp.Select():
                plan = binder._select(query)
            case exp.SetOperation():
                plan = binder._set_operation(query)
            case exp.Values():
                plan = binder._values(query)
            case exp.Subquery():
                plan = binder.bind(query.this)
            case _:
                raise self._unsupported(query, type(query).__name__.upper())
        return binder._limited(plan, query)

    def _inner(self, ctes: dict[str, Node] | None = None) -> QueryBinder:
        ctes = ctes if ctes is not None else self.ctes
        return QueryBinder(self.catalog, self.origin, ctes, self.depth + 1, self.views)

    def _unsupported(self, place: exp.Expr, what: str, hint: str = "") -> Exception:
        return self.origin.error(UnsupportedError, f"{what} is not supported", "sql-unsupported", place, hint)

    # -- around a query ----------------------------------------------------------------------------

    def _with(self, query: exp.Expr) -> QueryBinder:
        clause = query.args.get("with_")
        if clause is None:
            return self
        if clause.args.get("recursive"):
            raise self._unsupported(clause, "WITH RECURSIVE")
        ctes = dict(self.ctes)
        for cte in clause.expressions:
            plan = self._inner(ctes).bind(cte.this)
            names = [c.name for c in cte.args["alias"].args.get("columns") or []]
            ctes[cte.alias] = self._renamed(plan, names, cte) if names else plan
        return QueryBinder(self.catalog, self.origin, ctes, self.depth, self.views)

    def _limited(self, plan: Node, query: exp.Expr) -> Node:
        for key, what, hint in (
            ("order", "ORDER BY", _SORT_HINT),
            ("qualify", "QUALIFY", _QUALIFY_HINT),
        ):
            clause = query.args.get(key)
            if clause:
                place = clause[0] if isinstance(clause, list) else clause
                raise self._unsupported(place, what, hint)
        limit, offset = query.args.get("limit"), query.args.get("offset")
        if limit is None and offset is None:
            return plan
        if limit is None:
            assert offset is not None
            raise self._unsupported(offset, "OFFSET without LIMIT", "LIMIT n OFFSET m")
        count = limit.args.get("expression") or limit.args.get("count")
        return Limit(plan.columns, plan, self._count(count), self._count(offset.expression) if offset else 0)

    def _count(self, node: exp.Expr) -> int:
        number = isinstance(node, exp.Literal)
        bound = ExpressionBinder(Scope(self.origin)).bind(node) if number else None
        if not isinstance(bound, Literal) or not isinstance(bound.value, int) or bound.value < 0:
            raise self.origin.error(ParseError, "LIMIT and OFFSET take a whole number", "sql-limit", node)
        return bound.value

    def _renamed(self, plan: Node, names: list[str], place: exp.Expr) -> Node:
        if len(names) != len(plan.columns):
            message = f"{len(names)} names are given for {len(plan.columns)} columns"
            raise self.origin.error(BindError, message, "sql-column-names", place)
        columns = tuple(replace(c, name=n) for c, n in zip(plan.columns, names, strict=True))
        return Project(columns, plan, tuple(Ref(c.type, c.name) for c in plan.columns))

    # -- SELECT ------------------------------------------------------------------------------------

    def _select(self, query: exp.Select) -> Node:
        if not query.expressions:
            raise self.origin.error(ParseError, "SELECT names no column", "sql-syntax", query)
        for key, what in (("laterals", "LATERAL"), ("into", "SELECT INTO"), ("pivots", "PIVOT")):
            found = query.args.get(key)
            if found:
                raise self._unsupported(found[0] if isinstance(found, list) else found, what)
        where = query.args.get("where")
        if where is not None and query.args.get("from_") is None:
            raise self.origin.error(ParseError, "WHERE without FROM", "sql-syntax", where)
        sources = self._from(query.args.get("from_"), query.args.get("joins") or [])
        names = Scope(
            self.origin, sources.reach, frozenset(e.alias for e in query.expressions if isinstance(e, exp.Alias))
        )
        condition = None
        if where is not None:
            condition = ExpressionBinder(names, place="in WHERE").bind_boolean(where.this, "the condition of WHERE")
        return Grouping(names, sources.plan(condition), query).select()

    def _table_word(self, node: exp.Expr) -> Exception:
        return self._unsupported(node, type(node).__name__.upper(), _TABLE_WORDS[type(node)])

    def _from(self, clause: exp.Expr | None, joins: list[exp.Expr]) -> Joined:
        if clause is None:
            return Joined(self.origin, Values((), ((),)), ())
        plan, alias = self._relation(clause.this)
        joined = Joined(self.origin, plan, tuple(Reach(alias, c.name, c) for c in plan.columns))
        for join in joins:
            if type(join.this) in _TABLE_WORDS:
                raise self._table_word(join.this)
            plan, alias = self._relation(join.this, versioned=True)
            joined.add(join, plan, tuple(Reach(alias, c.name, c) for c in plan.columns))
        return joined

    def _relation(self, node: exp.Expr, *, versioned: bool = False) -> tuple[Node, tuple[str, ...]]:
        """The plan of something in FROM, and the name its columns are qualified with.

        `versioned`: it may be asked for at a time.
        """
        alias_node = node.args.get("alias")
        alias: tuple[str, ...] = (node.alias,) if node.alias else ()
        match node:
            case exp.Table() if isinstance(node.this, exp.Anonymous):
                plan = self._table_function(node.this)
            case exp.Table():
                if node.args.get("version") is not None and not versioned:
                    hint = "write it behind JOIN, with an event time of the left side"
                    raise self._unsupported(node, "FOR SYSTEM_TIME AS OF alone", hint)
                if node.args.get("sample") is not None:
                    raise self._unsupported(node, "TABLESAMPLE", "nearest is WHERE RAND() < 0.1")
                if node.args.get("joins"):
                    raise self._unsupported(node, "JOIN in brackets", "joins go from left to right without them")
                plan = self._table(node)
                alias = alias or self._path(node)
            case exp.Subquery() if isinstance(node.this, exp.Table):
                raise self._unsupported(node, "JOIN in brackets", "joins go from left to right without them")
            case exp.Subquery() | exp.Values():
                inner = node.this if isinstance(node, exp.Subquery) else node
                plan = self._inner().bind(inner)
            case exp.Unnest() | exp.Lateral():
                raise self._table_word(node)
            case _:
                raise self._unsupported(node, type(node).__name__.upper())
        names = [c.name for c in alias_node.args.get("columns") or []] if alias_node is not None else []
        return (self._renamed(plan, names, node) if names else plan), alias

    def _path(self, node: exp.Table) -> tuple[str, ...]:
        """What qualifies the columns of a table without an alias."""
        parts = tuple(p.name for p in node.parts)
        return parts if parts[0] in self.ctes else self.catalog.path(parts)

    def _table(self, node: exp.Table) -> Node:
        parts = tuple(p.name for p in node.parts)
        if len(parts) == 1 and parts[0] in self.ctes:
            return self.ctes[parts[0]]
        found = self.catalog.find(parts)
        if found is None:
            error = self.catalog.unknown(parts)
            raise self.origin.error(BindError, error.message, error.code, node, error.hint)
        hints = self._hints(node)
        if isinstance(found, View):
            if hints:
                raise self.origin.error(BindError, "a view takes no hints", "sql-hint", node)
            return self._view(found)
        return scan(found, hints)

    def _hints(self, node: exp.Table) -> dict[str, str]:
        """What ``/*+ OPTIONS(...) */`` behind a table says."""
        if "hints" not in node.meta:
            return {}
        try:
            return hint_options(node.meta["hints"])
        except SqlError as error:
            error.where = self.origin.where(node)
            raise

    def _view(self, view: View) -> Node:
        if (known := self.views.get(view.path)) is not None:
            return known
        catalog = replace(self.catalog, current=view.database)
        origin = Origin(view.text, view.name, self.origin.context)
        plan = QueryBinder(catalog, origin, None, self.depth + 1, self.views).bind(view.query)
        names = [c.name for c in view.columns]
        named = plan if names == [c.name for c in plan.columns] else self._renamed(plan, names, view.query)
        self.views[view.path] = named
        return named

    def _table_function(self, call: exp.Anonymous) -> Node:
        if call.name.upper() == "TABLE" and len(call.expressions) == 1:
            return self._table_function(call.expressions[0])
        name = call.name.upper()
        if name in REFUSED and name not in WINDOW_FUNCTIONS:
            raise self._unsupported(call, f"the table function {name}", REFUSED[name].reason)
        if name not in WINDOW_FUNCTIONS:
            hint = did_you_mean(name, WINDOW_FUNCTIONS) or "table functions are TUMBLE, HOP, CUMULATE and SESSION"
            raise self.origin.error(BindError, f"there is no table function {name}", "sql-unknown-function", call, hint)
        return window_table(call, self.origin, self._argument)

    def _argument(self, table: exp.Expr) -> Node:
        """The relation of ``TABLE t`` or ``TABLE (query)`` inside a table function."""
        if isinstance(table, exp.Table):
            return self._table(table)
        return self._inner().bind(table)

    # -- UNION ALL, VALUES -------------------------------------------------------------------------

    def _set_operation(self, query: exp.SetOperation) -> Node:
        parts: list[Node] = []
        self._flatten(query, parts)
        width = len(parts[0].columns)
        for part in parts[1:]:
            if len(part.columns) != width:
                message = f"UNION ALL of {width} and {len(part.columns)} columns"
                raise self.origin.error(BindError, message, "sql-union", query, "both sides need the same number")
        columns = tuple(self._union_column([p.columns[i] for p in parts], query) for i in range(width))
        return Union(columns, tuple(_aligned(p, columns) for p in parts))

    def _flatten(self, query: exp.Expr, parts: list[Node]) -> None:
        """The sides of a chain of UNION ALL, from left to right."""
        if isinstance(query, exp.SetOperation) and not query.args.get("limit") and not query.args.get("with_"):
            if not isinstance(query, exp.Union) or query.args.get("distinct"):
                name = "UNION" if isinstance(query, exp.Union) else type(query).__name__.upper()
                raise self._unsupported(query, name, "UNION ALL is supported")
            self._flatten(query.this, parts)
            self._flatten(query.expression, parts)
        elif isinstance(query, exp.SetOperation) and not parts:
            self._flatten(query.this, parts)
            self._flatten(query.expression, parts)
        else:
            parts.append(self._inner().bind(query))

    def _union_column(self, columns: list[Column], place: exp.Expr) -> Column:
        common = common_type([c.type for c in columns])
        if common is None:
            kinds = ", ".join(str(c.type) for c in columns)
            message = f"column '{columns[0].name}' of UNION ALL has no common type: {kinds}"
            raise self.origin.error(BindError, message, "sql-union", place, "CAST the sides to one type")
        kept = all((c.role, c.window) == (columns[0].role, columns[0].window) for c in columns)
        first = columns[0]
        return Column(first.name, common, first.role if kept else "", first.window if kept else None)

    def _values(self, query: exp.Values) -> Node:
        binder = ExpressionBinder(Scope(self.origin), place="in VALUES")
        rows = [[binder.bind(e) for e in _row_items(row)] for row in query.expressions]
        if len({len(r) for r in rows}) > 1:
            raise self.origin.error(BindError, "the rows of VALUES differ in length", "sql-values", query)
        columns = []
        for i, name in enumerate(f"EXPR${i}" for i in range(len(rows[0]))):
            common = common_type([r[i].type for r in rows])
            if common is None:
                kinds = ", ".join(str(r[i].type) for r in rows)
                raise self.origin.error(
                    BindError, f"a column of VALUES has no common type: {kinds}", "sql-values", query
                )
            columns.append(Column(name, common))
        typed = tuple(tuple(cast_to(e, c.type) for e, c in zip(r, columns, strict=True)) for r in rows)
        return Values(tuple(columns), typed)


def _row_items(row: exp.Expr) -> list[exp.Expr]:
    if isinstance(row, exp.Tuple):
        return list(row.expressions)
    if isinstance(row, exp.Anonymous) and row.name.upper() == "ROW":
        return list(row.expressions)
    return [row.this if isinstance(row, exp.Paren) else row]


def _aligned(plan: Node, columns: tuple[Column, ...]) -> Node:
    """`plan` with the names and types of `columns`."""
    if all(
        have.name == want.name and have.type.with_nullable() == want.type.with_nullable()
        for have, want in zip(plan.columns, columns, strict=True)
    ):
        return plan
    exprs = tuple(
        cast_to(Ref(have.type, have.name), want.type) for have, want in zip(plan.columns, columns, strict=True)
    )
    return Project(columns, plan, exprs)


def scan(table: Table, hints: dict[str, str] | None = None) -> Node:
    """All columns of a table, its event time marked.

    Computed columns are the scan's own where there is a watermark, since it is made before any filter;
    else they are a projection, computed only for rows that are used, as in Flink.
    """
    options = tuple((hints or {}).items())
    columns = tuple(
        Column(c.name, c.type, "rowtime" if c.name == table.watermark_column else "") for c in table.columns
    )
    if table.watermark is not None or all(c.computed is None for c in table.columns):
        return _as_changes(Scan(columns, table, options))
    stored = tuple(c for c, d in zip(columns, table.columns, strict=True) if d.computed is None)
    exprs = tuple(d.computed or Ref(c.type, c.name) for c, d in zip(columns, table.columns, strict=True))
    return Project(columns, _as_changes(Scan(stored, table, options)), exprs)


def _as_changes(rows: Scan) -> Node:
    """What is read of a table whose records replace each other: the changes of its rows."""
    if is_table_of_changes(rows.table) and rows.table.primary_key:
        return Normalize(rows.columns, rows, rows.table.primary_key)
    return rows
