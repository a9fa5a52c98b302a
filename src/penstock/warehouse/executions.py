"""`Executions`: the runs of loads and of ingestion as rows of the warehouse's table `pipeline_executions`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.warehouse.database import Database

__all__ = ["Execution", "Executions", "Status"]

Status = Literal["SUCCESS", "PARTIAL", "FAILED"]


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that is over; `read` is how many rows its sources had, times are in ms since 1970."""

    run: str
    name: str
    status: Status
    read: int
    began: int
    ended: int
    error: str | None


class Executions:
    """A run is RUNNING, and then SUCCESS, PARTIAL or FAILED."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: str, name: str, began: int) -> None:
        """A run is begun, or goes on: with what it has come to before. `began` in ms since 1970."""
        with self._database.transaction() as session:
            session.run(
                "INSERT INTO pipeline_executions (id, pipeline_name, status, records_processed, start_time)"
                " VALUES ($1, $2, 'RUNNING', 0, $3)"
                " ON CONFLICT (id) DO UPDATE SET status = 'RUNNING', end_time = NULL, error_message = NULL",
                *(run, name, _at(began)),
            )

    def end(self, found: Iterable[Execution]) -> None:
        """These are over, whether they are known yet or not."""
        with self._database.transaction() as session:
            for one in found:
                session.run(
                    "INSERT INTO pipeline_executions"
                    " (id, pipeline_name, status, records_processed, start_time, end_time, error_message)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status,"
                    " records_processed = EXCLUDED.records_processed, end_time = EXCLUDED.end_time,"
                    " error_message = EXCLUDED.error_message",
                    *(one.run, one.name, one.status, one.read, _at(one.began), _at(one.ended), one.error),
                )


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
