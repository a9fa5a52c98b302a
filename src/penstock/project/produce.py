"""Appending one record by hand: checked as the tables over its topic read it, unless that is not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import log_scan
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import upsert_scan
from penstock.core.errors import DataError
from penstock.project.append import topic_named
from penstock.project.audit import audited
from penstock.project.ingest import require_no_results
from penstock.project.record_key import declared_key
from penstock.project.topics import require_not_system, topic_of
from penstock.sql import plan as p
from penstock.sql.bind.queries import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["produce"]

_SCHEMA: dict[str, Any] = {
    "key": pl.Binary,
    "value": pl.Binary,
    "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
    "partition": pl.Int32,
}


def produce(
    penstock: Penstock,
    name: str,
    value: bytes | None,
    *,
    key: bytes | None = None,
    headers: Mapping[str, bytes | None] | None = None,
    partition: int | None = None,
    checked: bool = True,
) -> tuple[int, int]:
    """Append one record to a topic, or to that of the table called so: its partition and offset.

    A `value` of None is a tombstone; without a `key` it is made as the table declares it. Where it is `checked`, every
    table over the topic must be able to read it. Raises DataError where one cannot, LogError where there is no such
    topic, it does not fit, is the system's own, or a pipeline writes it.
    """
    topic = topic_named(penstock, name)
    require_not_system(topic)
    require_no_results(penstock, topic)
    make_key = declared_key(penstock, name)
    if key is None and value is not None and make_key is not None:
        key = make_key(value)
    marks = [{"key": k, "value": v} for k, v in (headers or {}).items()]
    record = pl.DataFrame([(key, value, marks, partition)], schema=_SCHEMA, orient="row")
    if partition is None:
        record = record.drop("partition")
    if checked:
        for table in penstock.definition.tables:
            if topic_of(table) == topic:
                _check(penstock, table, record)
    ((at, offset),) = penstock.append(topic, record).rows()
    audited(penstock.log, "topic-produce", topic, partition=at, offset=offset, checked=checked)
    return at, offset


def _check(penstock: Penstock, table: Table, record: pl.DataFrame) -> None:
    """Raises DataError where `table` cannot read the record."""
    options = TableOptions(table, connector_named(table))
    node = next(n for n in p.nodes(scan(table)) if isinstance(n, p.Scan))
    names = tuple(column.name for column in options.physical)
    made = upsert_scan if options.connector.changes else log_scan
    decoded = made(node, table.name, options, names, penstock.world).decode(record["value"], lambda: record["key"])
    for code, reason in decoded.bad.select("code", "reason").iter_rows():
        raise DataError(
            f"table {table.name} cannot read it: {reason}",
            code=code,
            hint="mend it, or append it unchecked: it is then a reject",
        )
