"""Rows of a table as records of its topic, for those who append from Python or the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import TOPIC, ensure_topic, record_encoder
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import upsert_encoder
from penstock.core.errors import DataError, LogError, SqlError, did_you_mean
from penstock.log import RECORD_COLUMNS
from penstock.project.topics import topic_of
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.project.penstock import Penstock

__all__ = ["records_of", "topic_named"]

ROW = "a row is a dict of its columns"

Decoded = tuple[str, pl.DataFrame]


def records_of(
    penstock: Penstock, name: str, rows: pl.DataFrame | pl.LazyFrame | Sequence[Mapping[str, Any]]
) -> tuple[str, pl.DataFrame, Decoded | None]:
    """(topic, records, decoded columns to keep beside them) for `rows` of the table or topic `name`.

    Raises LogError where there is no such topic, DataError where a row does not fit the table.
    """
    rows = _taken(rows)
    if (
        isinstance(rows, pl.DataFrame)
        and rows.schema.get("value") == pl.Binary
        and set(rows.columns) <= set(RECORD_COLUMNS)
    ):
        return topic_named(penstock, name), rows, None
    table = _table(penstock, name)
    options = TableOptions(table, connector_named(table))
    ensure_topic(options, penstock.world)
    frame = _frame(rows, table)
    encoder = (upsert_encoder if options.connector.changes else record_encoder)(options, penstock.world)
    return options.values[TOPIC], *encoder.records(frame)


def _taken(rows: Any) -> pl.DataFrame | Sequence[Mapping[str, Any]]:
    """`rows` as a frame or a list of dicts. Raises DataError where they are neither."""
    if isinstance(rows, pl.DataFrame):
        return rows
    if isinstance(rows, pl.LazyFrame):
        return rows.collect()
    if isinstance(rows, Sequence) and not isinstance(rows, (str, bytes)):
        others = [row for row in rows if not isinstance(row, Mapping)]
        if not others:
            return rows
        hint = 'bytes go into a frame: pl.DataFrame({"value": [...]})' if isinstance(others[0], bytes) else ROW
        raise DataError(
            f"append takes a list of dicts or a frame, this is a list with {others[0]!r}", code="append-form", hint=hint
        )
    hint = "put it into a list: [{...}]" if isinstance(rows, Mapping) else ROW
    raise DataError(
        f"append takes a list of dicts or a frame, this is a {type(rows).__name__}", code="append-form", hint=hint
    )


def topic_named(penstock: Penstock, name: str) -> str:
    """The topic called so, or the one that the table called so stands on; made if a table says how.

    Raises SqlError where a mistake in the project's SQL keeps its tables away, and no topic is called so.
    """
    try:
        found = penstock.catalog.find((name,))
    except SqlError:
        if not penstock.log.has(name):
            raise
        return name
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


def _frame(rows: pl.DataFrame | Sequence[Mapping[str, Any]], table: Table) -> pl.DataFrame:
    """`rows` with all stored columns of the table; what is not given is NULL."""
    types = {c.name: c.type for c in table.sink_columns}
    given = set(rows.columns) if isinstance(rows, pl.DataFrame) else {k for row in rows for k in row}
    unknown = sorted(given - types.keys())
    if unknown:
        hint = did_you_mean(unknown[0], types) or "columns are " + ", ".join(types)
        raise DataError(f"table {table.name} has no column '{unknown[0]}' to write", code="append-column", hint=hint)
    columns = []
    for name, data_type in types.items():
        values = (
            (rows[name] if isinstance(rows, pl.DataFrame) else [r.get(name) for r in rows]) if name in given else None
        )
        if values is None:
            columns.append(pl.Series(name, [None] * len(rows), data_type.polars))
            continue
        try:
            columns.append(_series(name, values, data_type))
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            raise _misfit(name, values, data_type, table.name) from None
    return pl.DataFrame(columns)


def _series(name: str, values: pl.Series | Sequence[Any], data_type: DataType) -> pl.Series:
    """Values as the column's type; times may be texts, 2026-01-31 12:00:00."""
    if isinstance(values, pl.Series):
        return values.cast(data_type.polars)
    dtype = data_type.polars
    if isinstance(dtype, (pl.Datetime, pl.Date, pl.Time)) and all(v is None or isinstance(v, str) for v in values):
        return pl.Series(name, values, pl.String).str.strptime(dtype)
    return pl.Series(name, values, dtype)


def _misfit(name: str, values: pl.Series | Sequence[Any], data_type: DataType, table: str) -> DataError:
    """The first value that is none of the type."""
    for row in range(len(values)):
        try:
            _series(name, values[row : row + 1], data_type)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            break
    return DataError(
        f"row {row} does not fit table {table}: column '{name}' is {data_type.name}, this is {values[row]!r}",
        code="append-rows",
        hint="nothing was appended",
    )
