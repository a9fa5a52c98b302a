"""INSERT: the query's columns onto the table's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import BindError, did_you_mean
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.queries import QueryBinder
from penstock.sql.bind.scope import Scope
from penstock.sql.catalog import SYSTEM_DATABASE, Table
from penstock.sql.coercion import cast_to, may_cast_implicitly
from penstock.sql.expr import Expr, Literal, Ref
from penstock.sql.plan import Column, Project, Sink

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql import statements as st
    from penstock.sql.bind.scope import Origin
    from penstock.sql.catalog import Catalog
    from penstock.sql.plan import Node

__all__ = ["bind_insert"]


def bind_insert(
    statement: st.Insert, catalog: Catalog, origin: Origin, views: dict[tuple[str, str, str], Node]
) -> Sink:
    """The plan of an INSERT; its input has the table's stored columns in the table's order; `views` as QueryBinder's.

    Raises BindError where the columns do not fit.
    """
    found = catalog.find(statement.table.parts)
    if found is None:
        error = catalog.unknown(statement.table.parts)
        raise origin.error(BindError, error.message, error.code, statement.table.span, error.hint)
    if not isinstance(found, Table):
        message = f"'{statement.table}' is a view, INSERT writes into tables"
        raise origin.error(BindError, message, "sql-insert", statement.table.span)
    if found.path[1] == SYSTEM_DATABASE:
        message = f"'{statement.table}' is the system's own, nobody else writes it"
        raise origin.error(BindError, message, "sql-insert", statement.table.span)
    plan = QueryBinder(catalog, origin, views=views).bind(statement.query)
    wanted = {c.name: c for c in found.sink_columns}
    names = list(statement.columns) or [c for c in wanted if c not in statement.partition]
    for name in (*names, *statement.partition):
        if name not in wanted:
            hint = did_you_mean(name, wanted) or "columns are " + ", ".join(wanted)
            raise origin.error(
                BindError,
                f"{found.name} has no column '{name}' to write",
                "sql-unknown-column",
                statement.table.span,
                hint,
            )
    if len(names) != len(plan.columns):
        raise origin.error(
            BindError,
            f"INSERT INTO {found.name} takes {len(names)} columns, the query gives {len(plan.columns)}",
            "sql-insert-columns",
            statement.query,
            f"{found.name} has " + ", ".join(f"{n} {wanted[n].type}" for n in names),
        )
    given: dict[str, Expr] = {n: Ref(c.type, c.name) for n, c in zip(names, plan.columns, strict=True)}
    constants = ExpressionBinder(Scope(origin), place="in PARTITION")
    given |= {n: constants.bind(e) for n, e in statement.partition.items()}
    exprs = tuple(
        _fitted(given.get(name), column.type, name, found, statement, origin) for name, column in wanted.items()
    )
    columns = tuple(Column(name, e.type) for name, e in zip(wanted, exprs, strict=True))
    options = tuple(statement.hints.items())
    return Sink(columns, Project(columns, plan, exprs), found, statement.overwrite, options, statement.deduplicates)


def _fitted(expr: Expr | None, target: DataType, name: str, table: Table, statement: st.Insert, origin: Origin) -> Expr:
    """The value of one column of the table, cast where Flink casts unasked."""
    if expr is None:
        if not target.nullable:
            raise origin.error(
                BindError,
                f"column '{name}' of {table.name} is NOT NULL and gets no value",
                "sql-insert-columns",
                statement.table.span,
            )
        return Literal(target, None)
    if not may_cast_implicitly(expr.type, target):
        raise origin.error(
            BindError,
            f"column '{name}' of {table.name} is {target.name}, the query gives {expr.type.name}",
            "sql-insert-types",
            statement.query,
            f"CAST(... AS {target.name})",
        )
    return cast_to(expr, target)
