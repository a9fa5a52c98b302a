"""Rows of a table as records of its topic, for those who append from Python or the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import TOPIC, ensure_topic, record_encoder
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import upsert_encoder
from penstock.core.errors import DataError, LogError, did_you_mean
from penstock.log import RECORD_COLUMNS
from penstock.project.topics import topic_of
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.project.penstock import Penstock

__all__ = ["records_of"]

Decoded = tuple[str, pl.DataFrame]


def records_of(
    penstock: Penstock, name: str, rows: pl.DataFrame | Sequence[Mapping[str, Any]]
) -> tuple[str, pl.DataFrame, Decoded | None]:
    """(topic, records, decoded columns to keep beside them) for `rows` of the table or topic `name`.

    Raises LogError where there is no such topic, DataError where a row does not fit the table.
    """
    if (
        isinstance(rows, pl.DataFrame)
        and rows.schema.get("value") == pl.Binary
        and set(rows.columns) <= set(RECORD_COLUMNS)
    ):
        return _topic(penstock, name), rows, None
    table = _table(penstock, name)
    options = TableOptions(table, connector_named(table))
    ensure_topic(options, penstock.world)
    schema = {c.name: c.type.polars for c in table.sink_columns}
    frame = _frame(rows, schema, table.name)
    encoder = (upsert_encoder if options.connector.changes else record_encoder)(table, options)
    return options.values[TOPIC], *encoder.records(frame)


def _topic(penstock: Penstock, name: str) -> str:
    """The topic called so, or the one that the table called so stands on; made if a table says how."""
    found = penstock.catalog.find((name,))
    if isinstance(found, Table) and topic_of(found) is not None:
        options = TableOptions(found, connector_named(found))
        ensure_topic(options, penstock.world)
        return str(options.values[TOPIC])
    return name


def _table(penstock: Penstock, name: str) -> Table:
    """The table called so, or the only one over the topic called so."""
    tables = [t for t in penstock.catalog.objects.values() if isinstance(t, Table) and topic_of(t) is not None]
    for table in tables:
        if name in (table.name, topic_of(table)):
            return table
    known = sorted({t.name for t in tables} | {topic_of(t) or "" for t in tables})
    raise LogError(
        f"there is no table over a topic '{name}'",
        code="append-unknown",
        hint=did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "CREATE TABLE makes one"),
    )


def _frame(
    rows: pl.DataFrame | Sequence[Mapping[str, Any]], schema: dict[str, pl.DataType], table: str
) -> pl.DataFrame:
    """`rows` with all stored columns of the table; what is not given is NULL."""
    given = set(rows.columns) if isinstance(rows, pl.DataFrame) else {k for row in rows for k in row}
    unknown = sorted(given - schema.keys())
    if unknown:
        hint = did_you_mean(unknown[0], schema) or "columns are " + ", ".join(schema)
        raise DataError(f"table {table} has no column '{unknown[0]}' to write", code="append-column", hint=hint)
    try:
        frame = (
            rows
            if isinstance(rows, pl.DataFrame)
            else pl.DataFrame(list(rows), schema={k: schema[k] for k in schema if k in given})
        )
        return frame.select(
            pl.col(n).cast(t) if n in given else pl.lit(None, dtype=t).alias(n) for n, t in schema.items()
        )
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(
            f"rows do not fit table {table}: {str(error).splitlines()[0]}",
            code="append-rows",
            hint="columns are " + ", ".join(f"{n} {t}" for n, t in schema.items()),
        ) from None
