"""Instances of DuckDB: one takes more time to make than most questions to answer, so it stays for the next one."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from penstock.core.sql_text import literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

__all__ = ["Confines", "Instances"]

_IDLE = 4
"""So many are kept, each with nothing in it."""


@dataclass(frozen=True, slots=True)
class Confines:
    """What an instance may take: `memory` in bytes, `folders` to read, one to `spill` to; and its time `zone`."""

    memory: int
    zone: str
    spill: Path | None
    folders: frozenset[str]


class Instances:
    """Each answers one question at a time; what one has left there is gone before the next. Threads may share it."""

    def __init__(self) -> None:
        self._idle: list[tuple[Confines, duckdb.DuckDBPyConnection]] = []
        self._lock = threading.Lock()

    @contextmanager
    def lent(self, confines: Confines) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to an instance that is confined so, and can no longer be configured.

        What is made in it is temporary, the connection's alone, or kept knowingly, and then no rows of tables. After an
        error nobody gets the instance again.
        """
        instance = self._taken(confines) or _made(confines)
        try:
            connection = instance.cursor()
            try:
                yield connection
            finally:
                connection.close()
        except BaseException:
            instance.close()
            raise
        with self._lock:
            self._idle.append((confines, instance))
            spare = self._idle.pop(0)[1] if len(self._idle) > _IDLE else None
        if spare is not None:
            spare.close()

    def close(self) -> None:
        """Those that wait end; idempotent."""
        with self._lock:
            ending, self._idle = self._idle, []
        for _, instance in ending:
            instance.close()

    def _taken(self, confines: Confines) -> duckdb.DuckDBPyConnection | None:
        with self._lock:
            for at, (theirs, instance) in enumerate(self._idle):
                if theirs == confines:
                    del self._idle[at]
                    return instance
        return None


def _made(confines: Confines) -> duckdb.DuckDBPyConnection:
    import duckdb

    instance = duckdb.connect(":memory:")
    folders = set(confines.folders)
    settings = {
        "memory_limit": f"'{confines.memory}B'",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "enable_external_file_cache": "false",  # the system keeps what is read often
        "TimeZone": literal(confines.zone),
    }
    if confines.spill is not None:
        confines.spill.mkdir(parents=True, exist_ok=True)
        settings["temp_directory"] = literal(str(confines.spill))
        folders.add(str(confines.spill))
    if find_spec("pyarrow") is not None:
        # DuckDB has it filter streams then, and the values a join leaves as a filter fail on Polars' string views:
        # https://github.com/duckdb/duckdb-python/issues/227
        settings["disabled_optimizers"] = "'join_filter_pushdown'"
    if folders:
        settings["allowed_directories"] = f"[{', '.join(literal(one) for one in sorted(folders))}]"
    settings |= {"enable_external_access": "false", "lock_configuration": "true"}
    try:
        for name, value in settings.items():
            instance.execute(f"SET GLOBAL {name} = {value}")
    except BaseException:
        instance.close()
        raise
    return instance
