"""Whether results are right: row for row what an independent query of DuckDB gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

import penstock

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_ledger", "check_results"]

_CLOSE = "abs(a.length - b.length) <= 1e-12 * abs(b.length) * a.events"


def check_results(found: Path, wanted: Path) -> int:
    """Compare the Parquet files of two paths (patterns); the number of rows. Raises AssertionError."""
    connection = duckdb.connect()
    for name, path in (("a", found), ("b", wanted)):
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{path}')")
    (rows,) = connection.execute("SELECT count(*) FROM b").fetchall()[0]
    (same,) = connection.execute(
        "SELECT count(*) FROM a JOIN b USING (window_start, meeting_id)"
        f" WHERE a.events = b.events AND a.users = b.users AND {_CLOSE}"
    ).fetchall()[0]
    (given,) = connection.execute("SELECT count(*) FROM a").fetchall()[0]
    if not rows or not rows == given == same:
        raise AssertionError(f"{given} rows came out, {rows} were wanted, {same} are the same")
    return int(rows)


def check_ledger(folder: Path, events: int) -> None:
    """All events were read and counted in a window, none was late or rejected. Raises AssertionError."""
    with penstock.open(folder) as project:
        ledger = project.ledger()
    window = ledger.row(by_predicate=pl.col("kind") == "window aggregate", named=True)
    if (window["taken"], window["passed"], window["late"], window["rejected"]) != (events, events, 0, 0):
        raise AssertionError(f"of {events} events the ledger says {window}")
