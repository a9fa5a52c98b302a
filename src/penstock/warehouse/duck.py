"""The warehouse in a file of DuckDB: what a project has that names no PostgreSQL."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.filesystem.staging import sync
from penstock.core.errors import WarehouseError
from penstock.core.sql_text import literal, quoted
from penstock.history.parquet import Stream
from penstock.warehouse.database import Dialect

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    import duckdb

    from penstock.warehouse.database import Table

__all__ = ["DUCKDB", "DuckDatabase"]

DUCKDB = Dialect(
    name="duckdb",
    kinds={
        pl.Int8: "TINYINT",
        pl.Int16: "SMALLINT",
        pl.Int32: "INTEGER",
        pl.Int64: "BIGINT",
        pl.Float32: "FLOAT",
        pl.Float64: "DOUBLE",
        pl.Boolean: "BOOLEAN",
        pl.String: "VARCHAR",
        pl.Binary: "BLOB",
        pl.Date: "DATE",
        pl.Time: "TIME",
        pl.Datetime: "TIMESTAMP",
    },
    decimal="DECIMAL",
    number="CAST('0x' || {hex} AS BIGINT)",
    place="rowid",
    slice="hash({columns}) % {count}",
)

_MEMORY = 512 << 20
"""What DuckDB may hold before it spills: a load keeps its frames beside it."""
_LOOKS_EVERY = 0.05
"""Seconds between two tries to open a file that another process has open, or to write it: nobody is woken."""
_WHERE = "the warehouse (DuckDB)"
_SCANNED = 500_000
"""So many rows of a table are read at once."""

_DAMAGED = (
    "put a backup of the file there, or move it away: the next run makes a new one and loads all that sources still"
    " have; earlier versions of rows, and what was set aside, are lost with it"
)
"""What to do with a file that is none of DuckDB's, or not any more."""

_CATALOG = "_file"
"""What the file is called in SQL: named after itself, warehouse.duckdb would be taken for the schema `warehouse`."""


class DuckDatabase:
    """A file of DuckDB, open in this process alone."""

    dialect = DUCKDB

    def __init__(
        self,
        path: Path,
        *,
        memory: int = _MEMORY,
        threads: int | None = None,
        read_only: bool = False,
        patience: float = 0.0,
    ) -> None:
        """Make the file where there is none, unless it is to be read alone; `memory` in bytes.

        Where another process has it open, that may take `patience` seconds to let go. Raises WarehouseError where it
        cannot be opened.
        """
        settings = {
            "memory_limit": f"'{memory}B'",
            "temp_directory": literal(f"{path}.tmp"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "TimeZone": "'UTC'",
        }
        if threads is not None:
            settings["threads"] = str(threads)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _not_opened(path, error) from None
        root = _connected(path, time.monotonic() + patience, read_only=read_only)
        for name, value in settings.items():
            root.execute(f"SET GLOBAL {name} = {value}")
        self._root: duckdb.DuckDBPyConnection | None = root
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._path = path

    @contextmanager
    def transaction(self) -> Iterator[DuckSession]:
        with self._lock:
            if self._root is None:
                raise self._closed()
            connection = self._root.cursor()
        session = DuckSession(connection, self._writing)
        try:
            connection.execute(f"USE {_CATALOG}")
            connection.execute("BEGIN")
            try:
                yield session
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            with _explained():
                connection.execute("COMMIT")
        finally:
            connection.close()
            session.unlock()

    @contextmanager
    def snapshot(self, seconds: float) -> Iterator[DuckSession]:  # whoever stops reading has no more to wait for
        with self.transaction() as session:
            session.rows("SELECT count(*) FROM duckdb_tables()")  # the moment is that of the first look
            yield session

    def _closed(self) -> WarehouseError:
        return WarehouseError(f"the warehouse {self._path} is closed", code="warehouse-closed")

    def copy(self, path: Path) -> None:
        """Write what is in it at one moment, and nothing else, as the new file `path`.

        Raises WarehouseError where that cannot be written.
        """
        with self._lock:
            if self._root is None:
                raise self._closed()
            connection = self._root.cursor()
        try:
            with _explained():
                connection.execute(f"ATTACH {literal(str(path))} AS _copy")
                try:
                    connection.execute(f"COPY FROM DATABASE {_CATALOG} TO _copy")
                finally:
                    connection.execute("DETACH _copy")
        finally:
            connection.close()
        sync(path)

    def close(self) -> None:
        with self._lock:
            root, self._root = self._root, None
        if root is not None:
            root.close()


class DuckSession:
    """A transaction in a file of DuckDB."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection, writing: threading.Lock) -> None:
        self._connection = connection
        self._writing, self._locked = writing, False
        self._interrupted = False
        self._streams: dict[object, tuple[str, Stream]] = {}

    def lock(self, *names: str) -> None:
        while not self._locked:
            with self._asking():
                self._locked = self._writing.acquire(timeout=_LOOKS_EVERY)

    def unlock(self) -> None:
        """At the end of the transaction."""
        if self._locked:
            self._writing.release()
            self._locked = False

    def interrupt(self) -> None:
        self._interrupted = True
        self._connection.interrupt()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        if self._interrupted:
            raise WarehouseError("it was interrupted", code="warehouse-interrupted", where=_WHERE)
        with _explained():
            yield

    def run(self, sql: str, *parameters: Any) -> int:
        with self._asking():
            found = self._connection.execute(sql, parameters or None).fetchall()
        told = self._connection.description
        return int(found[0][0]) if found and told and told[0][0] == "Count" else 0

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._asking():
            return self._connection.execute(sql, parameters or None).fetchall()

    def frame(self, sql: str, *parameters: Any) -> pl.DataFrame:
        with self._asking():
            return pl.DataFrame(self._connection.sql(sql, params=parameters or None))

    def scan(
        self, table: Table, columns: Collection[str], where: str = "", rows: int | None = None
    ) -> Iterator[pl.DataFrame]:
        select = f"SELECT {', '.join(map(quoted, columns))} FROM {table.sql} WHERE ({where or 'TRUE'})"
        ((last,),) = self.rows(f"SELECT max(rowid) FROM {table.sql}")
        for first in range(0, 1 if last is None else last + 1, _SCANNED):
            limit = "" if rows is None else f" LIMIT {rows}"
            frame = self.frame(f"{select} AND rowid BETWEEN {first} AND {first + _SCANNED - 1}{limit}")
            yield frame
            if rows is not None and (rows := rows - frame.height) <= 0:
                return

    def append(self, table: Table, frames: Iterable[pl.DataFrame]) -> int:
        appended = 0
        for frame in frames:
            names = ", ".join(quoted(name) for name in frame.columns)
            view, stream = self._stream(frame)
            stream.frame = frame
            try:
                appended += self.run(f"INSERT INTO {table.sql} ({names}) SELECT {names} FROM {view}")
            finally:
                stream.frame = frame.clear()
        return appended

    def _stream(self, frame: pl.DataFrame) -> tuple[str, Stream]:
        """What such frames are read through: DuckDB keeps whatever was registered until the transaction ends."""
        columns = tuple(frame.schema.items())
        if columns not in self._streams:
            found = f"_appended_{len(self._streams)}", Stream(frame)
            self._connection.register(*found)
            self._streams[columns] = found
        return self._streams[columns]

    def columns(self, table: Table) -> dict[str, str] | None:
        where = f"table_name = {literal(table.name)}"
        if table.schema:
            where += f" AND schema_name = {literal(table.schema)}"
        told = f"SELECT column_name, data_type FROM duckdb_columns() WHERE {where} ORDER BY column_index"
        return dict(self.rows(told)) or None


@contextmanager
def _explained() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        text = str(error).split("\n\nLINE", maxsplit=1)[0].strip()
        raise WarehouseError(text, code="warehouse-sql", where=_WHERE) from error


def _connected(path: Path, until: float, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """The file, opened as soon as no other process has it, at the latest at the monotonic time `until`."""
    import duckdb

    root = duckdb.connect()
    while True:
        try:
            root.execute(f"ATTACH {literal(str(path))} AS {_CATALOG}{' (READ_ONLY)' if read_only else ''}")
        except duckdb.Error as error:
            if "Conflicting lock" not in str(error) or time.monotonic() >= until:
                raise _not_opened(path, error) from None
            time.sleep(_LOOKS_EVERY)
        else:
            return root


def rewrite(path: Path) -> None:
    """Put a file in the place of `path`, which nobody has open, with its rows and nothing else.

    Raises WarehouseError where that cannot be written; the file is as it was then.
    """
    aside = path.with_name(f"{path.name}.anew")
    aside.unlink(missing_ok=True)  # of a time when this was cut off
    with closing(DuckDatabase(path, read_only=True)) as there:
        there.copy(aside)
    aside.replace(path)
    sync(path.parent)


def _not_opened(path: Path, error: Exception) -> WarehouseError:
    text = str(error).splitlines()[0]
    if "Conflicting lock" in text:
        return WarehouseError(
            f"the warehouse {path} is open in another process",
            code="warehouse-locked",
            hint="end it, or ask the running penstock: a file of DuckDB is written by one process at a time",
        )
    damaged = path.is_file() and not isinstance(error, OSError) and "Cannot open file" not in text
    return WarehouseError(
        f"the warehouse {path} cannot be opened: {text}", code="warehouse-open", hint=_DAMAGED if damaged else ""
    )
