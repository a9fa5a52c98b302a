"""INSERTs whose rows may replace each other: what Flink wants said of them, and ON CONFLICT that says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors import CONNECTORS
from penstock.core.errors import BindError, UnsupportedError
from penstock.sql import config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.definition import PipelineDefinition
    from penstock.sql.plan import Sink

__all__ = ["HINT", "check_conflicts", "unsaid_conflicts"]

HINT = f"end it with ON CONFLICT DO DEDUPLICATE, or SET '{config.ON_CONFLICT.name}' = 'false' before it"


def unsaid_conflicts(definition: PipelineDefinition) -> Iterator[Sink]:
    """The INSERTs that Flink 2.3 refuses because nothing says what becomes of several rows of one key.

    Pipelines read rows that are never changed, and to Flink such rows have no key of their own: it asks for
    every table whose rows replace each other.
    """
    if definition.settings.get(config.ON_CONFLICT.name, config.ON_CONFLICT.default):
        yield from (s for s in definition.plan.parts if _replaces(s) and not s.deduplicates)


def check_conflicts(definition: PipelineDefinition, *, as_flink: bool) -> None:
    """Raises BindError for ON CONFLICT where no row replaces another.

    With `as_flink` raises UnsupportedError where ON CONFLICT is missing.
    """
    for sink in definition.plan.parts:
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


def _replaces(sink: Sink) -> bool:
    connector = CONNECTORS.get(sink.table.connector)
    return connector is not None and connector.changes
