"""The warehouse in a PostgreSQL, 15 or newer."""

from __future__ import annotations

from penstock.warehouse.postgres.address import TLS, Address
from penstock.warehouse.postgres.database import POSTGRES, PoolUse, PostgresDatabase

__all__ = ["POSTGRES", "TLS", "Address", "PoolUse", "PostgresDatabase"]
