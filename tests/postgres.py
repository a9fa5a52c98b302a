"""A real PostgreSQL for tests: Debian's, with TLS by an authority of its own, as a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from penstock.warehouse.postgres import Address
from tests.certificates import Authority
from tests.parts import MissingPartError, apt_get, cache, free_port, locked, run, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from subprocess import Popen

__all__ = ["PASSWORD", "USER", "PostgresServer", "postgres_server"]

USER, PASSWORD = "loader", "p:ss w/rd"
_PROGRAMS = Path("/usr/lib/postgresql")
_SETTINGS = """
listen_addresses = '127.0.0.1'
ssl = on
ssl_cert_file = 'server.pem'
ssl_key_file = 'server.key'
max_connections = 90
fsync = off
shared_buffers = 64MB
"""
_RULES = f"""
local all postgres trust
hostssl all {USER} 127.0.0.1/32 scram-sha-256
"""


@dataclass
class PostgresServer:
    """A server whose certificate is for localhost, and not for 127.0.0.1; it runs while the test wants it to."""

    folder: Path
    programs: Path
    authority: Authority
    port: int
    options: dict[str, Any]
    process: Popen[bytes] | None = None
    _running: AbstractContextManager[Popen[bytes]] | None = None
    _names: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """Returns when it answers."""
        command: list[str | Path] = [
            self.programs / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
            "-k",
            self.folder,
        ]
        self._running = service(command, self.folder / "log", self._answers, **self.options)
        self.process = self._running.__enter__()

    def crash(self) -> None:
        """Ends it at once; what was committed is there when it starts again."""
        running, process = self._running, self.process
        self._running = self.process = None
        if running is not None and process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(60)
            running.__exit__(None, None, None)

    def database(self) -> str:
        """The name of a new database, which is the user's."""
        name = f"d{next(self._names)}"
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {USER}")
        return name

    def address(self, database: str, **options: object) -> Address:
        """Of a database of this server, by verify-full unless `options` (of Address) say otherwise."""
        said = {"url": self.url(database), "ca": self.authority.certificate, "password": PASSWORD, **options}
        return Address(**said)  # type: ignore[arg-type]

    def url(self, database: str, host: str = "localhost", user: str = USER) -> str:
        return f"postgresql://{user}@{host}:{self.port}/{database}"

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the administrator, for what tests look at from outside."""
        where = f"host={self.folder} port={self.port} user=postgres dbname={database}"
        return psycopg.connect(where, autocommit=True)

    def _answers(self) -> bool:
        try:
            with self.admin():
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that runs. Raises MissingPartError."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="penstock-postgres-"))
    try:
        server = _made(folder, programs)
        server.start()
        try:
            with server.admin() as connection:
                connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.crash()
    finally:
        shutil.rmtree(folder)


def _made(folder: Path, programs: Path) -> PostgresServer:
    authority = Authority(folder)
    options: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    pem, key = authority.certify("server", ["localhost"])
    data = folder / "data"
    data.mkdir()
    _give(options, folder, data)
    initialise = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    run([*map(str, initialise), "--no-sync"], dict(os.environ), 60, **options)
    for path in (pem, key):
        path.rename(data / path.name)
    (data / "postgresql.auto.conf").write_text(_SETTINGS)
    (data / "pg_hba.conf").write_text(_RULES)
    (data / "server.key").chmod(0o600)
    _give(options, *data.iterdir())
    return PostgresServer(folder, programs, authority, free_port(), options)


def _give(options: dict[str, Any], *paths: Path) -> None:
    if "user" in options:
        for path in paths:
            os.chown(path, options["user"], options["group"])


def _programs() -> Path:
    """The folder of its programs, which Debian keeps off the path."""
    with locked(cache()):
        if not (found := _installed()):
            apt_get(["postgresql-15", "postgresql"], "PostgreSQL")
            found = _installed()
    if not found:
        raise MissingPartError(f"PostgreSQL was installed, and there is no initdb in {_PROGRAMS}")
    return found[-1]


def _installed() -> list[Path]:
    return sorted(path.parent for path in _PROGRAMS.glob("*/bin/initdb"))
