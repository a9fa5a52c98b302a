"""The tables of our own in a warehouse, made step by step: what has run is written down there and never runs again."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from penstock.core.errors import WarehouseError
from penstock.warehouse.database import INSTANT

if TYPE_CHECKING:
    from penstock.warehouse.database import Database

__all__ = ["MIGRATIONS", "OWN_TABLES", "migrate"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE SCHEMA IF NOT EXISTS staging",
        "CREATE SCHEMA IF NOT EXISTS warehouse",
        f"""CREATE TABLE _loads (
            run VARCHAR NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL,
            extracted_at {INSTANT} NOT NULL, loaded_at {INSTANT} NOT NULL,
            "read" BIGINT NOT NULL, duplicate BIGINT NOT NULL, dropped BIGINT NOT NULL,
            quarantined BIGINT NOT NULL, loaded BIGINT NOT NULL,
            outcome VARCHAR NOT NULL, PRIMARY KEY (run, source))""",
        f"""CREATE TABLE _parts (
            source VARCHAR NOT NULL, part VARCHAR NOT NULL, digest VARCHAR NOT NULL, run VARCHAR NOT NULL,
            loaded_at {INSTANT} NOT NULL, "read" BIGINT NOT NULL, PRIMARY KEY (source, part))""",
        f"""CREATE TABLE _schema_versions (
            source VARCHAR NOT NULL, version BIGINT NOT NULL, run VARCHAR NOT NULL, changed_at {INSTANT} NOT NULL,
            policy VARCHAR NOT NULL, changes VARCHAR NOT NULL, columns VARCHAR NOT NULL,
            PRIMARY KEY (source, version))""",
        f"""CREATE TABLE pipeline_executions (
            id VARCHAR PRIMARY KEY, pipeline_name VARCHAR NOT NULL, status VARCHAR NOT NULL,
            records_processed BIGINT NOT NULL, start_time {INSTANT} NOT NULL, end_time {INSTANT},
            error_message VARCHAR)""",
    ),
    ("CREATE TABLE _targets (name VARCHAR PRIMARY KEY, definition VARCHAR NOT NULL)",),
    (
        f"""CREATE TABLE column_figures (
            run VARCHAR NOT NULL, source VARCHAR NOT NULL, name VARCHAR NOT NULL, "time" {INSTANT} NOT NULL,
            "rows" BIGINT NOT NULL, missing BIGINT NOT NULL, missing_rate DOUBLE PRECISION, latest {INSTANT},
            PRIMARY KEY (run, source, name))""",
    ),
    (
        """CREATE TABLE quarantine (
            id VARCHAR PRIMARY KEY, source VARCHAR NOT NULL, run VARCHAR NOT NULL, part VARCHAR NOT NULL, line BIGINT,
            code VARCHAR NOT NULL, rules VARCHAR NOT NULL, reason VARCHAR NOT NULL, "row" VARCHAR NOT NULL,
            state VARCHAR NOT NULL)""",
    ),
    (
        f"ALTER TABLE quarantine ADD COLUMN discarded {INSTANT}",
        "ALTER TABLE quarantine ADD COLUMN discarded_by VARCHAR",
        "ALTER TABLE quarantine ADD COLUMN discarded_reason VARCHAR",
    ),
)
"""Each is a list of statements that all databases understand; one that was released never changes: add another."""

OWN_TABLES = frozenset(re.findall(r"CREATE TABLE (\w+)", " ".join(chain.from_iterable(MIGRATIONS))))
"""The names of our own tables, but for the one of the migrations themselves."""


def migrate(database: Database, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> int:
    """Bring the tables of our own to the newest version, which is returned; in one transaction.

    Raises WarehouseError where a newer Penstock has been at work in this warehouse.
    """
    with database.transaction() as session:
        session.lock("_migrations")
        session.run("CREATE TABLE IF NOT EXISTS _migrations (version BIGINT PRIMARY KEY)")
        ((done,),) = session.rows("SELECT COALESCE(max(version), 0) FROM _migrations")
        if done > len(migrations):
            raise WarehouseError(
                f"the warehouse has version {done}, this Penstock knows up to {len(migrations)}",
                code="warehouse-version",
                hint="use the newer Penstock that has written it",
            )
        for version, statements in enumerate(migrations[done:], done + 1):
            for statement in statements:
                session.run(statement)
            session.run("INSERT INTO _migrations VALUES ($1)", version)
    return len(migrations)
