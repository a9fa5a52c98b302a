"""The warehouse: rows of sources, cleaned and checked, as the changes of staging tables, then dimensions and facts.

What is loaded goes into one database, a file of DuckDB or a PostgreSQL, by the same SQL but for a `Dialect`.
"""

from __future__ import annotations

from penstock.warehouse.database import Database, Dialect, Session, Table
from penstock.warehouse.duck import DuckDatabase
from penstock.warehouse.migrations import MIGRATIONS, migrate

__all__ = ["MIGRATIONS", "Database", "Dialect", "DuckDatabase", "Session", "Table", "migrate"]
