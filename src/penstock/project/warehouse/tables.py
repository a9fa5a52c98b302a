"""The tables of the warehouse in questions: those of its schemas by both names, our own ones by their name alone."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from penstock.core.errors import QueryError, did_you_mean
from penstock.core.sql_text import quoted
from penstock.history import Need, Rows
from penstock.warehouse import OWN_TABLES, Table
from penstock.warehouse.narrowing import condition_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from penstock.project.warehouse.warehouse import Warehouse
    from penstock.warehouse import Session

__all__ = ["SCHEMAS", "WarehouseTables"]

SCHEMAS = ("staging", "warehouse")
"""The schemas that questions can name tables of."""

_LISTED = f"""
SELECT CASE WHEN table_schema IN {SCHEMAS} THEN table_schema ELSE '' END, table_name
FROM information_schema.tables
WHERE table_catalog = current_database() AND (table_schema IN {SCHEMAS} OR table_schema = current_schema())
ORDER BY table_schema, table_name"""


class WarehouseTables:
    """For one question: all its tables are as they were at one moment. To be closed."""

    def __init__(self, warehouse: Warehouse, seconds: float) -> None:
        self._warehouse = warehouse
        self._seconds = seconds
        self._open = ExitStack()
        self._session: Session | None = None
        self._known: dict[str, Table] | None = None

    def close(self) -> None:
        """Idempotent."""
        self._open.close()

    def names(self) -> list[str]:
        """Before the first load they are our own."""
        return list(self._tables())

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Rows | None:
        """Its rows, of its columns at least those in `columns`; None where there is no table of that name.

        Raises QueryError for one that a schema of the warehouse has not.
        """
        if len(name) > 2 or (len(name) == 2 and name[0] not in SCHEMAS):
            return None
        known = self._tables()
        table = known.get(".".join(name))
        if table is None and len(name) == 2:
            loaded = [one for one, table in known.items() if table.schema]
            hint = did_you_mean(".".join(name), loaded) or "there are " + ", ".join(loaded)
            raise QueryError(
                f"there is no table '{'.'.join(name)}' in the warehouse",
                code="query-unknown-table",
                hint=hint if loaded else "nothing was loaded yet",
            )
        if table is None or self._session is None:
            return None
        session = self._session
        kinds = session.columns(table) or {}
        asked = None if columns is None else {column.lower() for column in columns}
        wanted = [c for c in kinds if asked is None or c.lower() in asked] or [*kinds][:1]

        def needed(need: Need) -> Iterator[pl.DataFrame]:
            return session.scan(table, wanted, condition_of(need, kinds), need.rows)

        schema = session.frame(f"SELECT {', '.join(map(quoted, wanted))} FROM {table.sql} LIMIT 0").schema
        return Rows(needed(Need()), schema, needed)

    def _tables(self) -> dict[str, Table]:
        if self._known is None:
            self._session = self._open.enter_context(self._warehouse.snapshot(self._seconds))
            listed = [Table(*row) for row in self._session.rows(_LISTED)]
            self._known = {str(one): one for one in listed if one.schema or one.name in OWN_TABLES}
        return self._known
