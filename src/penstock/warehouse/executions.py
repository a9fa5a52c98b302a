"""`Executions`: the runs of loads as rows of the warehouse's table `pipeline_executions`."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.core.clock import Clock
    from penstock.warehouse.database import Database

__all__ = ["Executions"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWAY = "a source did not answer"


class Executions:
    """A run is RUNNING, and then SUCCESS, PARTIAL or FAILED; `records_processed` is what its loads have read."""

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

    def end(self, run: str, *, partial: bool) -> None:
        """The last source of a run is loaded; `partial`: others were passed over."""
        self._end(run, "PARTIAL" if partial else "SUCCESS", _AWAY if partial else None)

    @contextmanager
    def failing(self, run: str) -> Iterator[None]:
        """What fails within is written down as the run's end; an attempt that follows takes that back."""
        try:
            yield
        except BaseException as error:
            self._end(run, "FAILED", str(error) or "it was stopped")
            raise

    def _end(self, run: str, status: str, error: str | None) -> None:
        with self._database.transaction() as session:
            session.run(
                "UPDATE pipeline_executions SET end_time = $2, status = $3, error_message = $4,"
                ' records_processed = (SELECT COALESCE(sum("read"), 0) FROM _loads WHERE run = $1) WHERE id = $1',
                *(run, self._now(), status, error),
            )

    def _now(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self._clock.now_ms())
