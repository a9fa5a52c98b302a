"""What a load keeps of the columns of a source."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from penstock.warehouse import ColumnFigures, DuckDatabase, migrate

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def test_figures_add_up_over_frames_and_a_run_has_them_once(tmp_path: Path) -> None:
    found = ColumnFigures()
    day, at = (
        pl.Series([dt.date(2026, 3, 1), None]),
        pl.Series([DAY, DAY.replace(hour=7)]).cast(pl.Datetime("ms", "UTC")),
    )
    found.add(
        pl.DataFrame({"name": ["a", None], "day": day, "at": at.dt.convert_time_zone("Asia/Almaty"), "_hash": [1, 2]})
    )
    found.add(pl.DataFrame({"name": [None], "day": [None], "at": [DAY.replace(hour=3)], "_hash": [3]}))
    found.add(pl.DataFrame())
    database = DuckDatabase(tmp_path / "dw.duckdb", threads=1)
    migrate(database)
    with database.transaction() as session:
        for _ in range(2):
            found.write(session, "r1", "customers", DAY)
        ColumnFigures().write(session, "r1", "sales", DAY)
        rows = session.rows(
            'SELECT source, name, "rows", missing, missing_rate, latest FROM column_figures ORDER BY source, name'
        )
    database.close()
    assert rows == [
        ("customers", "at", 3, 0, 0.0, DAY.replace(hour=7)),
        ("customers", "day", 3, 2, 2 / 3, dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),
        ("customers", "name", 3, 2, 2 / 3, None),
    ]
