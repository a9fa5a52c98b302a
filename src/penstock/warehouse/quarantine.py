"""Rows that were set aside, with where they stood, why, and what they were: the warehouse's table `quarantine`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.sql_text import quoted
from penstock.warehouse.database import Table
from penstock.warehouse.record_id import record_ids
from penstock.warehouse.sources.source import LINE, RAW, raw_columns

if TYPE_CHECKING:
    from penstock.warehouse.database import Session

__all__ = ["Quarantine"]

_TABLE = Table("", "quarantine")
_ARRIVED = Table("", "_arrived")


class Quarantine:
    """The table as a load of `source` adds to it: rows wait until its end, since DuckDB holds those of tables that are
    there in memory until then too.
    """

    def __init__(self, session: Session, source: str, run: str) -> None:
        self._session, self._source, self._run = session, source, run
        self.rules: Counter[str] = Counter()
        """By what was set aside, how many rows: a row that breaks several rules stands with each."""
        session.run(f"CREATE TEMP TABLE {_ARRIVED.sql} AS SELECT * FROM {_TABLE.sql} WHERE 1 = 0")

    def add(self, rows: pl.DataFrame, out: pl.DataFrame, parts: pl.Series) -> None:
        """Rows that are out.

        `out` has a code, rules and a reason for each of `rows`, whose columns are what is kept of a row; LINE is where
        it stood; `parts` where each comes from.
        """
        arrived = _arrived(rows, out, self._source, self._run, parts)
        self._session.append(_ARRIVED, [arrived])
        self.rules.update(dict(arrived["rules"].str.split(", ").explode().value_counts().iter_rows()))

    def settle(self) -> None:
        """Add what the table has not yet; a row that comes again stays what people have made of it."""
        names = ", ".join(map(quoted, self._session.columns(_TABLE) or ()))
        self._session.run(
            f"INSERT INTO {_TABLE.sql} ({names}) SELECT DISTINCT ON (id) {names} FROM {_ARRIVED.sql} AS a"
            f" WHERE NOT EXISTS (SELECT 1 FROM {_TABLE.sql} AS q WHERE q.id = a.id) ORDER BY id, part, line"
        )
        self._session.run(f"DROP TABLE {_ARRIVED.sql}")


def _arrived(rows: pl.DataFrame, out: pl.DataFrame, source: str, run: str, parts: pl.Series) -> pl.DataFrame:
    """Rows that are out, as rows of the table."""
    plain = rows.select(raw_columns(rows))
    whole = plain.select(pl.struct(pl.all()).struct.json_encode().alias("row")).to_series()
    if RAW in rows.columns:
        broken = rows.select(pl.struct(pl.col(RAW)).struct.json_encode().alias("row")).to_series()
        whole = broken.zip_with(rows[RAW].is_not_null(), whole)
    lines = rows[LINE] if LINE in rows.columns else pl.repeat(None, rows.height, dtype=pl.Int64, eager=True)
    said = out.select("code", pl.col("rules").list.join(", "), "reason")
    return pl.DataFrame([record_ids(source, whole), *said, lines.alias("line"), whole.alias("row")]).with_columns(
        source=pl.lit(source), run=pl.lit(run), part=parts, state=pl.lit("open")
    )
