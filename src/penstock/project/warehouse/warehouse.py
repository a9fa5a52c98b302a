"""The project's warehouse: one database, which loads write and questions read."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError
from penstock.project.warehouse.settings import WarehouseSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.warehouse import Database, Session
    from penstock.warehouse.postgres import PoolUse

__all__ = ["FILE", "Warehouse"]

FILE = "dw.duckdb"
"""The file of DuckDB in the project's home, where no other warehouse is named.

DuckDB calls its catalog after it: `warehouse.x` would mean two things in a file warehouse.duckdb, for every tool.
"""

_LOAD_WAITS = 90.0
"""Seconds that a load waits for a question of another process, which may take a minute."""
_QUESTION_WAITS = 5.0
"""Seconds that a question waits for another process that has no socket to be asked through."""


class Warehouse:
    """Opened at its first use. Threads may share it.

    Once a load has written, the file of DuckDB stays open here, and no other process can read it. A process that has
    only questions opens it for reading alone, as long as one of them takes. A PostgreSQL that the settings name stays
    connected from its first use on.
    """

    def __init__(self, home: Path | None, settings: WarehouseSettings | None = None) -> None:
        self._path = None if home is None else home / FILE
        self._settings = settings or WarehouseSettings()
        self.lasting = False
        """Whether this process is here to stay, and has connections ready."""
        self._database: Database | None = None
        self._opening = threading.Lock()

    def database(self) -> Database:
        """To be written, with the tables of our own.

        Raises WarehouseError where it cannot be opened, ConfigError where the project is in memory.
        """
        from penstock.warehouse import migrate

        with self._opening:
            if self._database is None:
                database = self._connected()
                try:
                    migrate(database)
                except BaseException:
                    database.close()
                    raise
                self._database = database
            return self._database

    @property
    def is_there(self) -> bool:
        """Whether it is a PostgreSQL, or anything was ever to be loaded into its file."""
        if self._settings.url or self._database is not None:
            return True
        return self._path is not None and self._path.exists()

    def probe(self) -> None:
        """Raises WarehouseError where it cannot be used now, ConfigError as `database`."""
        if not self._settings.url:
            with self.snapshot(_QUESTION_WAITS) as session:
                session.rows("SELECT 1")
            return
        from penstock.warehouse.postgres import PostgresDatabase

        database = self.database()
        if isinstance(database, PostgresDatabase):
            database.probe()

    @property
    def pool(self) -> PoolUse | None:
        """What the connections to a PostgreSQL do; None where it is none."""
        if not self._settings.url:
            return None
        from penstock.warehouse.postgres import PoolUse, PostgresDatabase

        database = self._database
        if isinstance(database, PostgresDatabase):
            return database.use
        return PoolUse(0, 0, 0, self._settings.pool + self._settings.overflow)

    def _connected(self) -> Database:
        from penstock.warehouse import DuckDatabase

        if self._settings.url:
            return self._settings.open(lasting=self.lasting)
        if self._path is None:
            raise ConfigError("a project in memory has no warehouse", code="warehouse-memory", hint="give it a folder")
        return DuckDatabase(self._path, patience=_LOAD_WAITS)

    @contextmanager
    def snapshot(self, seconds: float) -> Iterator[Session]:
        """What is in it at one moment, to be read within so many seconds: before the first load our own tables, empty.

        Raises WarehouseError where it cannot be opened.
        """
        if not self.is_there:
            with _nothing_yet() as empty:
                yield empty
            return
        if self._settings.url:
            with self.database().snapshot(seconds) as session:
                yield session
            return
        with self._opening:
            if self._database is None:
                from penstock.warehouse import DuckDatabase

                assert self._path is not None
                alone = DuckDatabase(self._path, read_only=True, patience=min(seconds, _QUESTION_WAITS))
                with closing(alone), alone.snapshot(seconds) as session:
                    yield session
                return
        with self._database.snapshot(seconds) as session:
            yield session

    @property
    def file(self) -> Path | None:
        """The file of DuckDB; None where there is none yet, or the warehouse is a PostgreSQL."""
        return None if self._settings.url or self._path is None or not self._path.exists() else self._path

    def copy(self, target: Path) -> None:
        """Write what `file` has at one moment as the new file `target`.

        Raises WarehouseError: with the code `warehouse-locked` where another process has it open.
        """
        from penstock.warehouse import DuckDatabase

        with self._opening:
            database = self._database
            if database is None:
                assert self._path is not None
                with closing(DuckDatabase(self._path, read_only=True, patience=_QUESTION_WAITS)) as alone:
                    alone.copy(target)
                return
        assert isinstance(database, DuckDatabase)
        database.copy(target)

    def rewrite(self) -> None:
        """Write the file of DuckDB anew, so that nothing is left in it of rows that are gone; nobody has it open."""
        from penstock.warehouse.duck import rewrite

        self.close()
        if self._path is not None and self._path.exists():
            rewrite(self._path)

    def close(self) -> None:
        """Idempotent."""
        with self._opening:
            database, self._database = self._database, None
        if database is not None:
            database.close()


@contextmanager
def _nothing_yet() -> Iterator[Session]:
    """A warehouse in memory, as it is before the first load."""
    from penstock.warehouse import DuckDatabase, migrate

    with closing(DuckDatabase(Path(":memory:"))) as empty:
        migrate(empty)
        with empty.transaction() as session:
            yield session
