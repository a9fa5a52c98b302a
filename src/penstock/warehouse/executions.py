"""`Executions`: the runs of loads and of ingestion as rows of the warehouse's table `pipeline_executions`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from penstock.core.clock import Clock
    from penstock.warehouse.database import Database

__all__ = ["Executions"]


class Executions:
    """A run is RUNNING, and then SUCCESS, PARTIAL or FAILED; `records_processed` is what its sources had."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def begin(self, run: str, name: str) -> None:
        """A run is begun, or goes on: with what it has come to before."""
        with self._database.transaction() as session:
            session.run(
                "INSERT INTO pipeline_executions (id, pipeline_name, status, records_processed, start_time)"
                " VALUES ($1, $2, 'RUNNING', 0, $3)"
                " ON CONFLICT (id) DO UPDATE SET status = 'RUNNING', end_time = NULL, error_message = NULL",
                *(run, name, self._now()),
            )

    def end(self, run: str, status: Literal["SUCCESS", "PARTIAL", "FAILED"], read: int, error: str | None) -> None:
        """An attempt at a run is over, with so many rows read in all; one that follows takes that back."""
        with self._database.transaction() as session:
            session.run(
                "UPDATE pipeline_executions SET end_time = $2, status = $3, records_processed = $4,"
                " error_message = $5 WHERE id = $1",
                *(run, self._now(), status, read, error),
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
