"""Asking: one question, bounded in time, rows and memory."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from penstock.core.errors import QueryError, did_you_mean
from penstock.history.answer import fetch
from penstock.history.guard import Question, read_question
from penstock.history.instances import Confines, Instances
from penstock.history.need import need_of
from penstock.history.parquet import Files, Stream, files_needed, select_of
from penstock.history.result import Result
from penstock.history.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import duckdb

    from penstock.history.guard import Question
    from penstock.history.need import Need

__all__ = ["Files", "Limits", "Rows", "Tables", "query"]


_MEANT_A_TIME = re.compile(r"'\d{4}\b[^']*' to INT64|timestamp field format")
"""How DuckDB says that a text is no time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`rows` of the answer at most, `seconds` for all of it, `memory` in bytes.

    Above `rows` it is an error, or where `cut` says so the answer has the first of them.
    """

    rows: int = 1_000_000
    seconds: float = 60.0
    memory: int = 1 << 30
    cut: bool = False

    def too_large(self) -> QueryError:
        """What is told of a question that needs more memory."""
        return QueryError(
            f"the question needs more than {self.memory >> 20} MB",
            code="query-memory",
            hint="narrow it down, or select fewer columns",
        )

    def stopped(self, stop: Stop) -> QueryError:
        """What is told of a question that `stop` has ended."""
        if stop.reason == "cancelled":
            return QueryError("the question was cancelled", code="query-cancelled")
        if stop.reason == "put off":
            return QueryError("the question was put off", code="query-put-off")
        return QueryError(f"the question took longer than {self.seconds:g} s", code="query-time", hint="narrow it down")


@dataclass(frozen=True, slots=True)
class Rows:
    """A table as frames of the same columns, made one after the other.

    `needed`, where there is one, gives instead no more than the rows that a question needs.
    """

    frames: Iterator[pl.DataFrame]
    schema: pl.Schema
    needed: Callable[[Need], Iterator[pl.DataFrame]] | None = None


class Tables(Protocol):
    """What names mean; the project implements it."""

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Rows | Files:
        """The table of that name; of its columns at least those in `columns`, where that is not None.

        Raises QueryError with the closest name there is.
        """
        ...

    def names(self) -> list[tuple[str, str]]:
        """Every name that `table` knows, and what it is: a table, a view, a topic or a system table."""
        ...

    def position(self) -> Any:
        """For which commit the answer stands, as JSON data; asked for once before the tables of each try."""
        ...


def query(
    sql: str,
    tables: Tables,
    limits: Limits | None = None,
    spill: Path | None = None,
    zone: str = "UTC",
    parameters: Mapping[str, Any] | None = None,
    stop: Stop | None = None,
    instances: Instances | None = None,
) -> Result:
    """The answer to `sql`, a SELECT; or DESCRIBE or SUMMARIZE of one or of a table, or SHOW TABLES.

    `spill` is a folder for what does not fit in memory; `zone` is that of texts that become moments, and of moments
    that become texts. `parameters` are the values of ``$name`` in it, bound and never pasted; more may be given than
    it has. `instances` of DuckDB are kept for the next question. Types that Polars has not come as text (see
    `answer`). Raises QueryError where the question is not allowed, wrong, too large, too slow or stopped.
    """
    limits, stop = limits or Limits(), stop or Stop()
    kept = instances or Instances()
    question = read_question(sql)
    values = _values(question, parameters or {})
    end = time.monotonic() + limits.seconds
    while True:
        try:
            return _answer(question, values, tables, limits, spill, zone, stop, kept)
        except _GoneError as gone:  # what has taken its place is listed by another try
            if stop.reason or time.monotonic() > end:
                assert gone.__cause__ is not None
                raise _explained(gone.__cause__, limits, stop) from None


def _answer(
    question: Question,
    values: dict[str, Any],
    tables: Tables,
    limits: Limits,
    spill: Path | None,
    zone: str,
    stop: Stop,
    instances: Instances,
) -> Result:
    """The answer. Raises _GoneError where a file that was listed is no longer there, else as `query`."""
    position = tables.position()
    if question.shows_tables:
        return Result(pl.DataFrame(tables.names(), {"name": pl.String, "kind": pl.String}, orient="row"), position)
    found = {name: tables.table(name, question.columns) for name in question.tables}
    if question.about == "DESCRIBE":  # of which no row is needed
        found = {name: Rows(iter(()), table.schema) for name, table in found.items()}
    files = [table for table in found.values() if isinstance(table, Files)]
    confines = Confines(limits.memory, zone, spill, frozenset[str]().union(*(table.folders for table in files)))
    try:
        with instances.lent(confines) as connection, stop.within(limits.seconds, connection.interrupt):
            for name, table in found.items():
                if isinstance(table, Files):
                    table = files_needed(connection, table, question, name, values)  # noqa: PLW2901
                elif table.needed is not None:
                    table = Rows(table.needed(need_of(question, name, values)), table.schema)  # noqa: PLW2901
                _present(connection, question.names[name], table, stop)
            frame, complete = fetch(connection, question.statement, values, limits.rows, cut=limits.cut)
            return Result(frame, position, complete)
    except (Exception, pl.exceptions.PanicException) as error:  # it is explained
        if any(not Path(path).exists() for table in files for path in table.paths):
            raise _GoneError from error
        raise _of_topics(_explained(error, limits, stop), question, tables) from None


def _of_topics(error: BaseException, question: Question, tables: Tables) -> BaseException:
    """What is wrong with a question, with what topics among its tables have: their tables may be gone."""
    if isinstance(error, QueryError) and error.message.startswith("Binder Error"):
        kinds = dict(tables.names())
        if topics := [name for *_, name in question.tables if kinds.get(name) == "topic"]:
            error.message = error.message.split("\nCandidate bindings", maxsplit=1)[0].strip()
            error.hint = (
                f"no table is called {topics[0]}, or none any more: it is a topic, whose columns DESCRIBE shows"
            )
    return error


def _values(question: Question, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the question's parameters. Raises QueryError for one that has none."""
    for name in question.parameters:
        if not name or name not in given:
            told = f"${name}" if name else "?"
            raise QueryError(
                f"the question has a parameter {told}, and no value of that name is given",
                code="query-parameter",
                hint=did_you_mean(name, given) if name else "name it: $name",
            )
    return {name: given[name] for name in question.parameters}


class _GoneError(Exception):
    """A file was there when it was listed, and is not now: upkeep has put others in its place."""


class _StoppedError(Exception):
    """The question is stopped while rows are still being read."""


def _present(connection: duckdb.DuckDBPyConnection, name: str, table: Rows | Files, stop: Stop) -> None:
    """Make `table` known under `name`, unless it is stopped meanwhile."""
    if isinstance(table, Files) and table.paths:
        union = ""
        if table.beside is not None:
            _present(connection, f"{name}_beside", Rows(table.beside, table.schema), stop)
            union = f' UNION ALL BY NAME SELECT * FROM "{name}_beside"'
        kept = table.small and table.small.of(connection, table)
        if kept:
            connection.register(f"{name}_kept", Stream(kept.frame))
        select = kept.select(f"{name}_kept") if kept else select_of(connection, table)
        connection.execute(f'CREATE TEMP VIEW "{name}" AS {select}{union}')
        return
    frames = table.frames if isinstance(table, Rows) else table.beside or iter(())
    first = next(frames, None)
    second = next(frames, None)
    if second is None:
        connection.register(name, Stream(first if first is not None else pl.DataFrame(schema=table.schema)))
        return
    assert first is not None
    connection.register("chunk", Stream(first))
    connection.execute(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM chunk')
    chunk: pl.DataFrame | None = second
    while chunk is not None:
        connection.register("chunk", Stream(chunk))
        connection.execute(f'INSERT INTO "{name}" SELECT * FROM chunk')
        chunk = None if stop.reason else next(frames, None)
    connection.unregister("chunk")
    if stop.reason:
        raise _StoppedError


def _explained(error: BaseException, limits: Limits, stop: Stop) -> BaseException:
    import duckdb

    if stop.reason and isinstance(error, (duckdb.Error, _StoppedError)):
        return limits.stopped(stop)
    if isinstance(error, duckdb.OutOfMemoryException):
        return limits.too_large()
    if isinstance(error, duckdb.Error):
        text = str(error).split("\n\nLINE", maxsplit=1)[0].strip()
        hint = "a time is written TIMESTAMP '2026-01-31 12:00:00'" if _MEANT_A_TIME.search(text) else ""
        return QueryError(text, code="query-wrong", hint=hint)
    if isinstance(error, pl.exceptions.PanicException):
        return QueryError(
            f"Polars cannot hold this: {str(error).splitlines()[0]}",
            code="query-answer",
            hint="CAST(... AS VARCHAR) turns any value into text",
        )
    return error
