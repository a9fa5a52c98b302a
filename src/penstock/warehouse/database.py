"""What every database that holds a warehouse can do, and the few words by which their SQL differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from penstock.core.sql_text import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

__all__ = ["INSTANT", "Database", "Dialect", "Session", "Table"]

INSTANT = "TIMESTAMP WITH TIME ZONE"
"""The type of a moment in time, whatever the time zone, in every database."""


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table by schema and name; without a schema it is one of our own, or a temporary one."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """Its name in a statement."""
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database says what the others say otherwise.

    `kinds` has the name of each Polars type as `Session.columns` tells it; `decimal` that of numbers with a scale.
    `number` is an integer of 60 bits from a text in hexadecimal digits, ``{hex}``. `indexed`: rows are found by an
    index. `place` is the hidden column with a whole number for each row, in the order in which rows were appended;
    empty where there is none. `slice` is a whole number below ``{count}`` made of ``{columns}``; empty where groups of
    any number of rows fit. `room` are the statements by which a transaction gets the memory that a load needs.
    `changing` ends the statement that makes a table whose rows are going to change.
    """

    name: str
    kinds: Mapping[type[pl.DataType], str]
    decimal: str
    number: str
    indexed: bool = False
    place: str = ""
    slice: str = ""
    room: tuple[str, ...] = ()
    changing: str = ""

    def kind_of(self, kind: pl.DataType) -> str:
        """The type of a column that holds values of a Polars type; nested values are JSON as text.

        Raises KeyError for a type that no column of a warehouse has.
        """
        if isinstance(kind, pl.Decimal):
            return f"{self.decimal}({kind.precision or 38},{kind.scale})"
        if isinstance(kind, pl.Datetime):
            return self.kinds[pl.Datetime] if kind.time_zone is None else INSTANT
        return self.kinds[type(kind)]

    def kinds_of(self, columns: Mapping[str, pl.DataType]) -> dict[str, str]:
        """The types of columns by name. Raises as `kind_of`."""
        return {name: self.kind_of(kind) for name, kind in columns.items()}

    def surrogate(self, *terms: str) -> str:
        """An integer of 60 bits, not negative, that is a function of the texts of SQL `terms` alone; NULLs count."""
        texts = (f"CAST({term} AS VARCHAR)" for term in terms)
        parts = (f"COALESCE(CAST(length({text}) AS VARCHAR) || ':' || {text}, '-')" for text in texts)
        return self.number.format(hex=f"substr(md5({' || '.join(parts)}), 1, 15)")


class Session(Protocol):
    """A transaction that is open; parameters are $1, $2, ... in the SQL.

    Each method raises WarehouseError with what the database says, and then the transaction is lost. A temporary table
    has to be dropped by whoever made it.
    """

    @property
    def dialect(self) -> Dialect: ...

    def lock(self, *names: str) -> None:
        """Wait until no other transaction has locks of these names, and hold them until this one ends.

        What others have committed until then is seen by the next statement. In a file of DuckDB any two names are the
        same one, and it sees so only if it has asked nothing before.
        """
        ...

    def run(self, sql: str, *parameters: Any) -> int:
        """Run a statement; how many rows it inserted, changed or deleted (0 for others)."""
        ...

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        ...

    def frame(self, sql: str, *parameters: Any) -> pl.DataFrame:
        """The rows of an answer, as a frame."""
        ...

    def scan(
        self, table: Table, columns: Collection[str], where: str = "", rows: int | None = None
    ) -> Iterator[pl.DataFrame]:
        """These columns of a table, as frames that memory has room for; at least one.

        Of all rows, or of those for which the condition `where` holds, and of no more than `rows`.
        """
        ...

    def append(self, table: Table, frames: Iterable[pl.DataFrame]) -> int:
        """Insert the rows of frames, by the names of their columns; how many.

        What is wrong with one may be raised by the next statement only, or at the end of the transaction.
        """
        ...

    def interrupt(self) -> None:
        """From another thread: what it is at, or waits for, raises WarehouseError, and so does all that follows."""
        ...

    def columns(self, table: Table) -> dict[str, str] | None:
        """The columns of a table with their types, spelled as `Dialect.kinds` spells them; None if there is none."""
        ...


class Database(Protocol):
    """A warehouse's database. Threads may share it: each transaction has a connection of its own."""

    @property
    def dialect(self) -> Dialect: ...

    def transaction(self) -> AbstractContextManager[Session]:
        """Commits at the end, rolls back on an exception. Raises WarehouseError where the database is out of reach."""
        ...

    def snapshot(self, seconds: float) -> AbstractContextManager[Session]:
        """What was committed at one moment, to be read alone, within so many seconds. Raises as `transaction`."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...
