"""The warehouse: rows of sources, cleaned and checked, as the changes of staging tables, then dimensions and facts.

What is loaded goes into one database, a file of DuckDB or a PostgreSQL, by the same SQL but for a `Dialect`.
"""

from __future__ import annotations

from penstock.warehouse.column_figures import ColumnFigures
from penstock.warehouse.database import Database, Dialect, Session, Table
from penstock.warehouse.duck import DuckDatabase
from penstock.warehouse.migrations import MIGRATIONS, OWN_TABLES, migrate
from penstock.warehouse.model import Model, read_model
from penstock.warehouse.target import Changes

__all__ = [
    "MIGRATIONS", "OWN_TABLES", "Changes", "ColumnFigures", "Database", "Dialect", "DuckDatabase", "Model", "Session",
    "Table", "migrate", "read_model",
]  # fmt: skip
