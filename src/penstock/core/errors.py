"""Every error a user can meet, as one tree with stable codes.

::

    PenstockError
    ├── SqlError            a statement is wrong
    │   ├── ParseError          not the dialect's grammar
    │   ├── BindError           a name, type or argument does not fit
    │   └── UnsupportedError    Flink has it, Penstock refuses it by name
    ├── ConfigError         a setting, option or project file is wrong
    ├── DataError           a value cannot be read, cast or computed (Flink would fail the job)
    ├── LogError            a topic, offset or group does not fit
    │   ├── CorruptLogError     a stored blob does not match its checksum
    │   ├── PositionLostError   retention deleted what a reader still wanted
    │   └── StorageError        the disk is full, read-only or gone
    ├── StateError          stored state does not fit the plan
    ├── LockedError         another process holds the project
    ├── RegistryError       a schema does not fit its subject, or the schema registry does not know it
    ├── QueryError          a question about history was refused or cut short
    ├── WarehouseError      a warehouse is out of reach, or what is to be loaded does not fit it
    ├── RequestError        a request over HTTP was refused
    └── InternalError       a promise of ours does not hold
        └── LedgerError         rows were lost or doubled

A message says what, where, what was allowed and the likely fix; the code never changes once released.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BindError",
    "ConfigError",
    "CorruptLogError",
    "DataError",
    "InternalError",
    "LedgerError",
    "LockedError",
    "LogError",
    "ParseError",
    "PenstockError",
    "PositionLostError",
    "QueryError",
    "RegistryError",
    "RequestError",
    "SqlError",
    "StateError",
    "StorageError",
    "UnsupportedError",
    "WarehouseError",
    "as_error",
    "did_you_mean",
]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The hint ``did you mean X?`` for the closest of `known`, or ``""`` if none is close."""
    by_fold = {k.casefold(): k for k in known}
    found = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[found[0]]}?" if found else ""


class PenstockError(Exception):
    """What went wrong (`message`), where (`where`), and the likely fix (`hint`).

    `code` is stable and unique; scripts and the server may match it.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(self.where)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class SqlError(PenstockError):
    """A statement is wrong; `underline` has drawn the place into `where`."""

    code = "sql"


class ParseError(SqlError):
    code = "sql-syntax"


class BindError(SqlError):
    code = "sql-bind"


class UnsupportedError(SqlError):
    code = "sql-unsupported"


class ConfigError(PenstockError):
    code = "config"


class DataError(PenstockError):
    code = "data"


class LogError(PenstockError):
    code = "log"


class CorruptLogError(LogError):
    code = "log-corrupt"


class PositionLostError(LogError):
    code = "log-position-lost"


class StorageError(LogError):
    code = "storage"


class StateError(PenstockError):
    code = "state"


class LockedError(PenstockError):
    code = "locked"


class RegistryError(PenstockError):
    code = "registry"


class UnreachableError(RegistryError):
    """A registry gives no schema now: what needs it waits."""

    code = "registry-unreachable"


class QueryError(PenstockError):
    code = "query"


class WarehouseError(PenstockError):
    code = "warehouse"


class RequestError(PenstockError):
    code = "request"


class InternalError(PenstockError):
    code = "internal"


class LedgerError(InternalError):
    code = "ledger"


def as_error(raised: BaseException) -> Exception:
    """What work in a thread of its own has ended with, to be shown: a panic of Polars is no Exception by its type."""
    if isinstance(raised, Exception):
        return raised
    words = f"{type(raised).__name__}: {str(raised).partition(chr(10))[0]}"
    made = InternalError(words, hint="please report this with what the process has written and what led to it")
    made.__cause__ = raised
    return made
