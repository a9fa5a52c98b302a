"""`Parts`: what a project consists of, each part opened at its first use; a `Penstock` does the acts."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from penstock.connectors.world import World
from penstock.core.clock import SystemClock
from penstock.core.errors import ConfigError, SqlError
from penstock.history import Footers, Instances, Questions, SmallFiles
from penstock.log import Log
from penstock.project.audit import doer
from penstock.project.budget import Budget
from penstock.project.home import made
from penstock.project.retention import system_limits
from penstock.project.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.core.trace import Tracer
    from penstock.log import Durability
    from penstock.project.access.accounts import Accounts
    from penstock.project.access.caller import Caller
    from penstock.project.access.stored import StoredAccounts
    from penstock.project.definition import Definition
    from penstock.project.settings import Settings
    from penstock.sql.catalog import Catalog
    from penstock.sql.session import Session

__all__ = ["Parts"]


class Parts:
    """Definition, settings, log, users, memory, and what questions keep for the next one.

    `fault` is what is wrong in the definition, raised by whatever needs it whole; `log` stands in for that of `home`.
    Once closed it stays so: what needs the log then raises ConfigError.
    """

    def __init__(
        self,
        definition: Definition,
        home: Path | None,
        clock: Clock | None = None,
        fault: SqlError | None = None,
        log: Log | None = None,
    ) -> None:
        self._definition = definition
        self.fault = fault
        self.home = home
        self.clock = clock or SystemClock()
        self.skip_lost = False
        self.questions = Questions()
        self.footers, self.small_files = Footers(), SmallFiles()
        self.instances = Instances()
        self.warehouse = Warehouse(home, definition.settings.warehouse)
        self.budget = Budget(definition.settings.memory, self.clock, self._spare)
        self.url = ""
        """Where its page is served; empty while it is not."""
        self.tracer: Tracer | None = None
        """Where spans go; by default, from the first start on, as settings and environment say."""
        self._log = log
        self._opening = threading.Lock()
        self._closed = False

    @property
    def definition(self) -> Definition:
        """What the SQL files define. Raises SqlError where one of them is wrong."""
        if self.fault is not None:
            raise self.fault.with_traceback(None)
        return self._definition

    @property
    def folder(self) -> Path:
        return self._definition.folder

    @property
    def settings(self) -> Settings:
        return self._definition.settings

    def take_settings(self, settings: Settings) -> None:
        """Let other settings hold for what is made or started from now on."""
        self._definition.settings = settings

    @property
    def session(self) -> Session:
        return self.definition.session

    @property
    def catalog(self) -> Catalog:
        return self.session.catalog

    @property
    def log(self) -> Log:
        """The project's log, opened at first use; for reading alone where nobody may write it."""
        with self._opening:
            if self._closed:
                raise ConfigError("this project is closed", code="project-closed", hint="open it again")
            if self._log is None:
                path = None if self.home is None else made(self.home) / "log.db"
                durability: Durability = "full" if self.settings.durability == "full" else "relaxed"
                self._log = Log.open(
                    path,
                    durability=durability,
                    clock=self.clock,
                    read_only=self.reads_only,
                    least_free=self.settings.least_free,
                    require=self.budget.require,
                )
                self._log.limits = system_limits(self.settings.system)
            return self._log

    @property
    def reads_only(self) -> bool:
        """Whether there is a log in a place that this user may not write to."""
        path = None if self.home is None else self.home / "log.db"
        return path is not None and path.exists() and not all(os.access(p, os.W_OK) for p in (path, path.parent))

    @property
    def world(self) -> World:
        """What the connectors work with."""
        roots = () if self.home is None else (self.folder, *((self.folder / r) for r in self.settings.roots))
        said = self.settings
        return World(
            self.log,
            self.folder,
            self.clock,
            roots,
            said.topics,
            self.skip_lost,
            tables=said.tables,
            s3=said.s3,
            allow=said.allow,
            traced=self.tracer is not None,
            own=self.url or said.url,
        )

    @property
    def accounts(self) -> Accounts:
        """Users and their tokens; what is changed in them is audited as done by the system's user."""
        return self.accounts_by((by := doer()).caller, by.address)

    def accounts_by(self, caller: Caller, address: str) -> StoredAccounts:
        """The same, as changed by somebody else, from a network address."""
        from penstock.project.access.stored import StoredAccounts

        return StoredAccounts(self.log, self.clock, lambda: self.catalog, caller, address)

    def close(self) -> None:
        """Close the log, and what stands on it; idempotent."""
        self._closed = True
        self.instances.close()
        self.warehouse.close()
        if self.tracer is not None:
            self.tracer.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _spare(self) -> None:
        """Let go of what can be had again."""
        self.instances.close()
        self.small_files.clear()
