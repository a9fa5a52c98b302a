"""INSERTs whose rows change or replace each other: which tables take that, and what Flink wants said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors import CONNECTORS
from penstock.core.errors import BindError, UnsupportedError
from penstock.sql import config
from penstock.sql.changelog import changes_text, is_keyed_by, updating

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.definition import PipelineDefinition
    from penstock.sql.plan import Sink

__all__ = ["HINT", "check_conflicts", "unsaid_conflicts"]

HINT = f"end it with ON CONFLICT DO DEDUPLICATE, or SET '{config.ON_CONFLICT.name}' = 'false' before it"


def unsaid_conflicts(definition: PipelineDefinition) -> Iterator[Sink]:
    """The INSERTs that Flink 2.3 refuses because nothing says what becomes of several rows of one key.

    Where a query's changes go by the very key of the table, there can be none. Rows that are never changed have no
    key of their own to Flink: it asks for every table whose rows replace each other.
    """
    if definition.settings.get(config.ON_CONFLICT.name, config.ON_CONFLICT.default):
        yield from (s for s in definition.plan.parts if _replaces(s) and not s.deduplicates and not _by_key(s))


def check_conflicts(definition: PipelineDefinition, *, as_flink: bool) -> None:
    """Raises UnsupportedError where rows change and the table takes only rows that stay.

    Raises BindError for ON CONFLICT where no row replaces another. With `as_flink` raises UnsupportedError where ON
    CONFLICT is missing.
    """
    for sink in definition.plan.parts:
        _check_changes(sink)
        if sink.deduplicates and not _replaces(sink):
            raise BindError(
                f"ON CONFLICT is for tables whose rows replace each other by key, {sink.table.name} keeps every row",
                code="sql-on-conflict",
                where=f"INSERT INTO {sink.table.name}",
                hint="leave it out, or INSERT INTO a table of connector 'upsert-kafka'",
            )
    for sink in unsaid_conflicts(definition) if as_flink else ():
        key = ", ".join(sink.table.primary_key)
        raise UnsupportedError(
            f"a row may replace another of the same key ({key}), and nothing says that it shall",
            code="sql-on-conflict",
            where=f"INSERT INTO {sink.table.name}",
            hint=HINT,
        )


def _check_changes(sink: Sink) -> None:
    """Raises UnsupportedError where the query changes rows in a way that the table cannot take."""
    table = sink.table
    connector = CONNECTORS.get(table.connector)
    if not updating(sink.input) or connector is None or connector.shows_changes:
        return
    if not connector.changes:
        raise UnsupportedError(
            f"connector '{connector.name}' takes rows that stay as they are, and this query changes its rows"
            f" ({changes_text(sink.input)})",
            code="sql-updates",
            where=f"INSERT INTO {table.name}",
            hint="INSERT INTO a table of connector 'upsert-kafka' with a PRIMARY KEY, or aggregate over windows:"
            " their rows are final",
        )
    if not _by_key(sink):
        raise UnsupportedError(
            f"this query changes its rows ({changes_text(sink.input)}), and not by the key of {table.name}"
            f" ({', '.join(table.primary_key)})",
            code="sql-upsert-key",
            where=f"INSERT INTO {table.name}",
            hint="group by the key of the table, or make what the query groups by its PRIMARY KEY",
        )


def _by_key(sink: Sink) -> bool:
    return updating(sink.input) and is_keyed_by(sink.input, sink.table.primary_key)


def _replaces(sink: Sink) -> bool:
    connector = CONNECTORS.get(sink.table.connector)
    return connector is not None and connector.changes
