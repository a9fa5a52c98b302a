"""Connectors: one file each, its options declared once."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from penstock.connectors.blackhole import BLACKHOLE
from penstock.connectors.datagen import DATAGEN
from penstock.connectors.filesystem import FILESYSTEM
from penstock.connectors.http import HTTP
from penstock.connectors.kafka import KAFKA
from penstock.connectors.print import PRINT
from penstock.connectors.upsert_kafka import UPSERT_KAFKA
from penstock.core.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.connectors.spec import Connector
    from penstock.sql.catalog import Table

__all__ = ["CONNECTORS", "connector_named"]

CONNECTORS: Mapping[str, Connector] = MappingProxyType(
    {c.name: c for c in (KAFKA, UPSERT_KAFKA, FILESYSTEM, HTTP, DATAGEN, PRINT, BLACKHOLE)}
)
"""The connectors by name."""


def connector_named(table: Table) -> Connector:
    """The connector of a table. Raises ConfigError with the closest that there is."""
    found = CONNECTORS.get(table.connector)
    if found is None:
        hint = did_you_mean(table.connector, CONNECTORS) or "there are " + ", ".join(sorted(CONNECTORS))
        message = f"there is no connector '{table.connector}'" if table.connector else "a table needs a connector"
        raise ConfigError(message, code="connector-unknown", where=table.where("connector"), hint=hint)
    return found
