"""`RunLog`: the lines that runs write, a table of the system."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.log import Log

__all__ = ["LOG_TABLE", "Line", "RunLog", "lines_table"]

LOG_TABLE = "run_log"
"""Its columns: time (ms since 1970), run, attempt, step, level, line."""

_SCHEMA = {
    "time": pl.Int64(),
    "run": pl.String(),
    "attempt": pl.Int32(),
    "step": pl.String(),
    "level": pl.String(),
    "line": pl.String(),
}
_FULL = 500
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a run's log; `time` in ms since 1970."""

    time: int
    run: str
    attempt: int
    step: str
    level: str
    line: str


class RunLog:
    """Lines are kept back until `flush`, or until there are many. Threads may share it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = Lock()
        self._waiting: list[Line] = []

    def write(self, line: Line) -> None:
        """A long line is cut."""
        text = line.line if len(line.line) <= _LONGEST else line.line[:_LONGEST] + "..."
        with self._lock:
            self._waiting.append(Line(line.time, line.run, line.attempt, line.step, line.level, text))
            full = len(self._waiting) >= _FULL
        if full:
            self.flush()

    def flush(self) -> None:
        """Those that wait can be read from here on."""
        with self._lock:
            if lines := self._waiting:
                columns = {
                    name: pl.Series(name, [getattr(line, name) for line in lines], kind)
                    for name, kind in _SCHEMA.items()
                }
                self._log.tables.append(LOG_TABLE, pl.DataFrame(columns))
                self._waiting = []

    def tail(self, run: str, since: int, most: int) -> list[Line]:
        """The last lines of a run that began at `since`, at most so many."""
        found: list[pl.DataFrame] = []
        for frame in self._back(run, since, 0):
            found.append(frame)
            if sum(one.height for one in found) >= most:
                break
        rows = pl.concat(reversed(found)).tail(most) if found else pl.DataFrame()
        return _lines(rows)

    def of(self, run: str, since: int, after: int = 0, limit: int = 10_000) -> tuple[int, list[Line]]:
        """The first lines of a run that began at `since`, numbered above `after`; and the number of the last one.

        Where there are none, the number is what no line of the run is below.
        """
        found = [*self._back(run, since, after)]
        rows = pl.concat(reversed(found)).head(limit) if found else pl.DataFrame()
        last = int(rows["number"][-1]) if rows.height else after
        return last, _lines(rows)

    def _back(self, run: str, since: int, after: int) -> Iterator[pl.DataFrame]:
        """The lines of a run that began at `since`, each with its `number`, above `after`: the last ones come first."""
        self.flush()
        before = 1 << 62
        while before > after + 1:
            before, frame = self._log.tables.rows_before(LOG_TABLE, before)
            if frame.is_empty():
                return
            numbered = frame.with_row_index("number", offset=before)
            yield numbered.filter(pl.col("run") == run, pl.col("number") > after)
            newest = frame["time"].max()
            if isinstance(newest, int) and newest < since:
                return


def _lines(rows: pl.DataFrame) -> list[Line]:
    return [Line(*values[1:]) for values in rows.iter_rows()]


def lines_table(log: Log) -> pl.DataFrame:
    """The lines of all runs that are kept."""
    parts = [pl.DataFrame(schema=_SCHEMA)]
    last = 0
    while True:
        last, frame = log.tables.rows(LOG_TABLE, after=last)
        if not frame.height:
            return pl.concat(parts).cast({"time": pl.Datetime("ms", "UTC")})
        parts.append(frame.select(*_SCHEMA))
