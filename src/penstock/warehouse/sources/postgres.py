"""`PostgresSource`: a table of a PostgreSQL, whole or from the greatest value on that a column has had."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.secrets import require_no_password, revealed, secret
from penstock.core.errors import ConfigError, DataError, WarehouseError, did_you_mean
from penstock.core.options import Option, choice, duration, text, texts
from penstock.core.sql_text import quoted
from penstock.warehouse.database import Table
from penstock.warehouse.postgres import Address
from penstock.warehouse.postgres.address import TLS
from penstock.warehouse.postgres.copying import decoded
from penstock.warehouse.postgres.database import cancel
from penstock.warehouse.sources.away import AwayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import psycopg

    from penstock.core.clock import Clock
    from penstock.core.toml_table import TomlTable

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["OPTIONS", "PostgresPart", "PostgresSource", "read_postgres"]

URL = Option("url", text, "", "postgresql://USER@HOST:PORT/DATABASE, or ${NAME}.", required=True)
PASSWORD = Option("password", secret('password = "${CRM_PASSWORD}"'), "", "The variable that has the password.")
TRUST = Option("tls", choice(*TLS), "verify-full", "How the server is trusted; off sends all in the clear.")
CA = Option("ca", text, "", "The file with the authority's certificate, by which verify-ca and verify-full trust it.")
TABLE = Option("table", text, "", "The table or view: orders, or sales.orders.", required=True)
COLUMNS: Option[tuple[str, ...]] = Option("columns", texts('a list of columns: ["id"]'), (), "Only these; none: all.")
GROWS = Option("incremental", text, "", "The column that grows, such as updated_at: only what is new is read.")
OVERLAP = Option("overlap", duration, 0, "incremental, of a time: so much is read again, for what was committed late.")
OPTIONS: tuple[Option[Any], ...] = (URL, PASSWORD, TRUST, CA, TABLE, COLUMNS, GROWS, OVERLAP)

_TYPED = {"int2", "int4", "int8", "float4", "float8", "bool", "bytea", "date", "time", "timestamp", "timestamptz"}
_TIMES = ("date", "timestamp")
_DECIMALS = 38


@dataclass(frozen=True, slots=True)
class PostgresSource:
    """A table, as a file says it; `address` and `password` may be names of variables still, `overlap` is in ms."""

    name: str
    where: str
    url: str
    password: str
    tls: str
    ca: Path | None
    table: Table
    clock: Clock
    columns: tuple[str, ...] = ()
    incremental: str = ""
    overlap: int = 0

    def parts(self, seen: Mapping[str, str]) -> Iterator[PostgresPart]:
        """The one part; `seen` has what was the greatest value of the last load, by its name.

        Raises ConfigError where the environment lacks what the file names, or the url is none.
        """
        address = Address(
            revealed(self.url, self.where),
            self.tls,
            self.ca,
            revealed(self.password, self.where),
            self.where,
            f"source {self.name}",
        )
        name = f"{address}/{self.table}"
        yield PostgresPart(self, name, address, seen.get(name, ""))


class PostgresPart:
    """What a table has at one moment; `mark` is the greatest value of the growing column, as text."""

    def __init__(self, source: PostgresSource, name: str, address: Address, mark: str) -> None:
        self.name = name
        self.mark = mark
        self._source, self._address = source, address

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows in typed columns; JSON, arrays and what Polars has no type for are text.

        Raises AwayError where the server cannot be used now, ConfigError for a table or column that is not there,
        DataError for a value that no type of ours has.
        """
        import psycopg

        try:
            with (
                psycopg.connect("", **self._address.parameters()) as connection,
                self._source.clock.awaiting(partial(cancel, connection)),
            ):
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                yield from self._read(connection)
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidSchemaName,
            psycopg.errors.UndefinedColumn,
        ) as error:
            raise ConfigError(
                f"{self._address}: {error.diag.message_primary}", code="source-table", where=self._source.where
            ) from None
        except psycopg.Error as error:
            raise self._away(error) from None
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"{self._source.table} has a value that has no place here, such as infinity: {error}",
                code="source-value",
                where=self._source.where,
                hint="read a view instead, which says what to make of it",
            ) from None

    def _read(self, connection: Connection) -> Iterator[pl.DataFrame]:
        source = self._source
        there = self._columns(connection)
        kinds = {name: there[name] for name in source.columns or there}
        wanted = ", ".join(f"{_sent(quoted(name), kind)} AS {quoted(name)}" for name, kind in kinds.items())
        rows = f"SELECT {wanted} FROM {source.table.sql}"
        if source.incremental:
            rows += self._new(connection, there[source.incremental])
        columns = {name: kind if _has_type(kind) else "text" for name, kind in kinds.items()}
        with connection.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT csv)".encode()) as copy:
            yield from decoded(copy, columns)

    def _columns(self, connection: Connection) -> dict[str, str]:
        """The types of the table's columns by name. Raises ConfigError where one that is named is not there."""
        source = self._source
        described = connection.execute(f"SELECT * FROM {source.table.sql} LIMIT 0".encode()).description or []
        there = {one.name: one.type_display for one in described}
        for name in (*source.columns, *filter(None, (source.incremental,))):
            if name not in there:
                raise ConfigError(
                    f"{source.table} has no column '{name}'",
                    code="source-column",
                    where=source.where,
                    hint=did_you_mean(name, there) or f"it has {', '.join(there)}",
                )
        if source.overlap and not there[source.incremental].startswith(_TIMES):
            raise ConfigError(
                f"overlap goes with a time, and '{source.incremental}' is {there[source.incremental]}",
                code="source-overlap",
                where=source.where,
            )
        return there

    def _new(self, connection: Connection, kind: str) -> str:
        """The condition, in SQL, of rows that are new, and those of which nobody can tell; the mark goes on."""
        from psycopg.sql import Literal

        source, grows, mark = self._source, quoted(self._source.incremental), ""
        if self.mark:
            mark = f"{Literal(self.mark).as_string(connection)}::{kind}"
        told = f"SELECT greatest(max({grows}), {mark or 'NULL'})::text FROM {source.table.sql}"
        ((greatest,),) = connection.execute(told.encode()).fetchall()
        self.mark = greatest or ""
        begin = f"{mark} - interval '{source.overlap} milliseconds'" if source.overlap else mark
        return f" WHERE {grows} >= {begin} OR {grows} IS NULL" if mark else ""

    def _away(self, error: psycopg.Error) -> AwayError:
        told: WarehouseError = self._address.unreachable(error)
        return AwayError(told.message, where=told.where, hint=told.hint)


def _has_type(kind: str) -> bool:
    """Whether frames have a type for all values of one of PostgreSQL's."""
    name, _, size = kind.removesuffix(")").partition("(")
    return name in _TYPED or (name == "numeric" and bool(size) and int(size.split(",")[0]) <= _DECIMALS)


def _sent(column: str, kind: str) -> str:
    """What is asked for, in SQL: itself, or its text, which is JSON for an array."""
    if _has_type(kind):
        return column
    return f"to_json({column})::text" if kind.endswith("[]") else f"{column}::text"


def read_postgres(name: str, table: TomlTable, project: Path, clock: Clock) -> PostgresSource:
    """What the file of source `name` says beside what all sources have, which `table` has no more; read on `clock`.

    Raises ConfigError at the line of what is missing, unknown or does not fit.
    """
    values = table.values(OPTIONS)
    schema, dot, plain = values[TABLE].rpartition(".")
    if not plain or (dot and not schema):
        raise ConfigError(
            f"'{values[TABLE]}' is no table", code="source-table", where=table.where(TABLE.name), hint="sales.orders"
        )
    instead = 'password = "${CRM_PASSWORD}"; or the whole url as a variable, url = "${CRM_URL}"'
    require_no_password(values[URL], table.where(URL.name), instead)
    if values[OVERLAP] and not values[GROWS]:
        raise ConfigError("overlap goes with incremental", code="source-overlap", where=table.where(OVERLAP.name))
    return PostgresSource(
        name=name,
        where=table.where(),
        url=values[URL],
        password=values[PASSWORD],
        tls=values[TRUST],
        ca=project / values[CA] if values[CA] else None,
        table=Table(schema, plain),
        clock=clock,
        columns=values[COLUMNS],
        incremental=values[GROWS],
        overlap=values[OVERLAP],
    )
