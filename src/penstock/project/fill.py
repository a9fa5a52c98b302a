"""Rows from elsewhere as the contents of a table of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.spec import TableOptions
from penstock.core.errors import DataError, UnsupportedError, did_you_mean
from penstock.history import Limits
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["fill_table"]

_MOST_ROWS = 50_000_000


def fill_table(penstock: Penstock, name: str, rows: pl.DataFrame) -> tuple[int, int]:
    """Let `rows` be all that the table `name` holds, as `Penstock.fill` has it."""
    table = penstock.catalog.find((name,))
    if not isinstance(table, Table):
        known = sorted(t.name for t in penstock.definition.tables)
        raise UnsupportedError(
            f"there is no table '{name}' to fill", code="fill-table", hint=did_you_mean(name, known) or ", ".join(known)
        )
    connector = connector_named(table)
    if connector.files is None or connector.replace is None:
        raise UnsupportedError(
            f"table {name} holds no files", code="fill-connector", hint="rows are appended to a topic with topic write"
        )
    schema = {c.name: c.type.polars for c in table.sink_columns}
    if set(rows.columns) != set(schema):
        raise DataError(
            f"the rows have the columns {', '.join(rows.columns)}, table {name} has {', '.join(schema)}",
            code="fill-columns",
        )
    before = penstock.query(f'SELECT * FROM "{name}"', Limits(rows=_MOST_ROWS)).polars()
    options = TableOptions(table, connector)
    after = rows.select(pl.col(c).cast(t) for c, t in schema.items())
    return connector.replace(
        table, options, penstock.world, before.select(pl.col(c).cast(t) for c, t in schema.items()), after
    )
