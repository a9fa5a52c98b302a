"""`PostgresDatabase`: transactions over a pool of connections."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import WarehouseError
from penstock.core.sql_text import quoted
from penstock.warehouse.database import Dialect, Table
from penstock.warehouse.postgres.address import LEAST_VERSION
from penstock.warehouse.postgres.binary import encoded
from penstock.warehouse.postgres.copying import decoded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    import psycopg
    from psycopg_pool import ConnectionPool

    from penstock.warehouse.postgres.address import Address

__all__ = ["POSTGRES", "PoolUse", "PostgresDatabase", "PostgresSession", "cancel"]

POSTGRES = Dialect(
    name="postgres",
    kinds={
        pl.Int8: "SMALLINT",
        pl.Int16: "SMALLINT",
        pl.Int32: "INTEGER",
        pl.Int64: "BIGINT",
        pl.Float32: "REAL",
        pl.Float64: "DOUBLE PRECISION",
        pl.Boolean: "BOOLEAN",
        pl.String: "TEXT",
        pl.Binary: "BYTEA",
        pl.Date: "DATE",
        pl.Time: "TIME WITHOUT TIME ZONE",
        pl.Datetime: "TIMESTAMP WITHOUT TIME ZONE",
    },
    decimal="NUMERIC",
    number="CAST(CAST('x0' || {hex} AS BIT(64)) AS BIGINT)",
    indexed=True,
    room=("SET LOCAL work_mem = '64MB'", "SET LOCAL maintenance_work_mem = '256MB'"),
    changing=" WITH (fillfactor = 90)",  # a row that finds room on its page is changed without its indexes
)

_WAITS = 30.0
"""Seconds that a transaction waits for a connection."""
_IDLE = 60.0
"""Seconds after which one of the connections that nobody needed is closed, beyond those that are kept."""
_CANCELS = 3.0
"""Seconds that a server has to hear that it is to break something off."""
_COUNTED = {"INSERT", "UPDATE", "DELETE", "MERGE"}
"""Statements that say how many rows they changed."""
_LOST = {None, "57P01", "57P02", "57P03"}
"""What the end of a connection is told as: by nobody, or by a server that is shut down."""
_NO_NUL = "PostgreSQL keeps no NUL character in a text: let cleaning take it out"
_SCANNED = 2048
"""So many pages of a table, of 8 kB, are read at once."""
_PAGES = """
SELECT pg_relation_size(oid) / current_setting('block_size')::int
FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'r'
"""
_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)""")


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections that are open, those in use, transactions that wait for one, and how many there can be."""

    open: int
    used: int
    waiting: int
    most: int


class PostgresDatabase:
    """A PostgreSQL, with a pool of connections: `kept` of them open all the time, `overflow` more when they are needed.

    What SQLAlchemy means by a pool of 20 with an overflow of 40 differs in two points: it opens the first 20 when they
    are needed, and closes the others as soon as they are given back; here they are opened beside the first transaction,
    and of the others one is closed each minute in which it was not needed.
    """

    dialect = POSTGRES

    def __init__(self, address: Address, *, kept: int = 20, overflow: int = 40) -> None:
        """Connect. Raises WarehouseError that says why it cannot, ConfigError for an address that is none."""
        from psycopg import RawCursor
        from psycopg_pool import ConnectionPool

        self.address = address
        self.probe()
        self._pool: ConnectionPool[psycopg.Connection[tuple[Any, ...]]] = ConnectionPool(
            "",
            kwargs={**address.parameters(), "prepare_threshold": None, "cursor_factory": RawCursor},
            min_size=kept,
            max_size=kept + overflow,
            timeout=_WAITS,
            max_idle=_IDLE,
            check=ConnectionPool.check_connection,
            name="warehouse",
            open=True,
        )

    @contextmanager
    def transaction(self) -> Iterator[PostgresSession]:
        with _explained(self.address), self._connection() as connection:
            session = PostgresSession(connection, self.address)
            try:
                yield session
                session.settle()
            finally:
                session.end()

    @contextmanager
    def snapshot(self, seconds: float) -> Iterator[PostgresSession]:
        with self.transaction() as session:
            session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            session.run(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
            yield session

    @property
    def use(self) -> PoolUse:
        """How many connections there are, and what they do."""
        told = self._pool.get_stats()
        size, idle = told.get("pool_size", 0), told.get("pool_available", 0)
        return PoolUse(size, size - idle, told.get("requests_waiting", 0), self._pool.max_size)

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        from psycopg_pool import PoolClosed, PoolTimeout

        try:
            connection = self._pool.getconn()
        except PoolTimeout:
            self.probe()
            raise WarehouseError(
                f"{self._pool.max_size} connections to {self.address} are in use, and none came free in {_WAITS:.0f} s",
                code="warehouse-full",
                hint="run fewer jobs at once, or raise pool and overflow",
            ) from None
        except PoolClosed:
            raise WarehouseError(f"the warehouse {self.address} is closed", code="warehouse-closed") from None
        try:
            with connection:
                yield connection
        finally:
            self._pool.putconn(connection)

    def probe(self) -> None:
        """Connect anew, whatever the pool does. Raises WarehouseError where the server is out of reach, or too old."""
        import psycopg

        try:
            with psycopg.connect("", **self.address.parameters()) as connection:
                version = connection.info.server_version // 10_000
        except psycopg.Error as error:
            raise self.address.unreachable(error) from None
        if version < LEAST_VERSION:
            raise self.address.too_old(version)


class PostgresSession:
    """A transaction in a PostgreSQL.

    The last frame that was appended is still being sent while the next one is made; the next statement waits for it,
    and raises what was wrong with it.
    """

    dialect = POSTGRES

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], address: Address) -> None:
        self._connection = connection
        self._address = address
        self._beside = ThreadPoolExecutor(1, "copy")
        self._sending: Future[int] | None = None
        self._interrupted = False

    def settle(self) -> None:
        """Wait until what was appended is sent. Raises WarehouseError where it could not be, or is to be no more."""
        if self._interrupted:
            where = f"the warehouse ({self._address})"
            raise WarehouseError("it was interrupted", code="warehouse-interrupted", where=where)
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.result()

    def end(self) -> None:
        """At the end of the transaction, before its connection is given back."""
        self._beside.shutdown()

    def interrupt(self) -> None:
        self._interrupted = True
        cancel(self._connection)

    def lock(self, *names: str) -> None:
        for name in sorted(set(names)):  # in one order, so that two never wait for each other
            self.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)

    def run(self, sql: str, *parameters: Any) -> int:
        self.settle()
        with _explained(self._address):
            done = self._connection.execute(sql, parameters or None)
        command = (done.statusmessage or "").partition(" ")[0]
        return done.rowcount if command in _COUNTED else 0

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        self.settle()
        with _explained(self._address):
            return self._connection.execute(sql, parameters or None).fetchall()

    def frame(self, sql: str, *parameters: Any) -> pl.DataFrame:
        self.settle()
        asked = self._literal(sql, parameters)
        with _explained(self._address), self._connection.cursor() as cursor:
            described = cursor.execute(f"SELECT * FROM ({asked}) AS asked LIMIT 0").description or []
            columns = {one.name: one.type_display for one in described}
            with cursor.copy(f"COPY ({asked}) TO STDOUT (FORMAT csv)") as copy:
                return pl.concat(decoded(copy, columns))

    def scan(
        self, table: Table, columns: Collection[str], where: str = "", rows: int | None = None
    ) -> Iterator[pl.DataFrame]:
        select = f"SELECT {', '.join(map(quoted, columns))} FROM {table.sql} WHERE ({where or 'TRUE'})"
        told = self.rows(_PAGES, table.sql)
        pages = told[0][0] if told else 0
        # page by page: whoever reads may ask something else in between, and a COPY that is open lets nobody
        for first in range(0, pages, _SCANNED):
            limit = "" if rows is None else f" LIMIT {rows}"
            frame = self.frame(f"{select} AND ctid >= '({first},0)' AND ctid < '({first + _SCANNED},0)'{limit}")
            yield frame
            if rows is not None and (rows := rows - frame.height) <= 0:
                return
        if not pages:  # a view, or an empty table
            yield self.frame(select)

    def append(self, table: Table, frames: Iterable[pl.DataFrame]) -> int:
        appended = 0
        for frame in frames:  # each by a COPY of its own: frames may be read from this transaction
            kinds = self.columns(table) or {}
            self._sending = self._beside.submit(self._send, table, frame, kinds)
            appended += frame.height
        return appended

    def _send(self, table: Table, frame: pl.DataFrame, kinds: Mapping[str, str]) -> int:
        names = ", ".join(map(quoted, frame.columns))
        with _explained(self._address), self._connection.cursor() as cursor:
            with cursor.copy(f"COPY {table.sql} ({names}) FROM STDIN (FORMAT binary)") as copy:
                for piece in encoded(frame, kinds):
                    copy.write(piece)
            return cursor.rowcount

    def columns(self, table: Table) -> dict[str, str] | None:
        told = (
            "SELECT attname, upper(format_type(atttypid, atttypmod)) FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return dict(self.rows(told, table.sql)) or None

    def _literal(self, sql: str, parameters: tuple[Any, ...]) -> str:
        """The statement with its parameters written out: COPY takes none."""
        from psycopg.sql import Literal

        def written(found: re.Match[str]) -> str:
            return Literal(parameters[int(found[1]) - 1]).as_string(self._connection) if found[1] else found[0]

        return _PARAMETER.sub(written, sql) if parameters else sql


def cancel(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Break off, from another thread, what a connection is at; where nobody hears that, it goes on."""
    import psycopg

    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=_CANCELS)


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        where = f"the warehouse ({address})"
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate in _LOST:
            raise WarehouseError(
                f"the connection to {address} was lost: {str(error).strip().splitlines()[0]}",
                code="warehouse-lost",
                hint="nothing of the transaction was kept; it can be run again",
            ) from error
        told = error.diag
        parts = (told.message_primary or str(error).strip(), told.message_detail, told.context)
        hint = _NO_NUL if "0x00" in str(error) else told.message_hint or ""
        text = "\n".join(part for part in parts if part)
        raise WarehouseError(text, code="warehouse-sql", where=where, hint=hint) from error
