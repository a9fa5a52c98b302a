"""Where a PostgreSQL is and how it is reached, and what keeps it from being reached, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, WarehouseError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LEAST_VERSION", "TLS", "Address"]

TLS = ("off", "require", "verify-ca", "verify-full")
"""Without encryption; encrypted; and by a server that an authority knows; and under the name by which it was called."""

_CONNECT_SECONDS = 10
LEAST_VERSION = 15
"""The first PostgreSQL that has MERGE."""

_REASONS = (
    ("password authentication failed", "warehouse-login",
     "user or password is wrong", "look at the variable that has the password, and at the user in the url"),
    ("no password supplied", "warehouse-login",
     "it wants a password, and none was given", 'password = "${NAME}", the variable that has it'),
    *((sign, "warehouse-tls", "its certificate was not signed by the authority that is trusted here",
       "ca names the file with the authority's certificate")
      for sign in ("certificate verify failed", "provider signature failure")),
    ("does not match host name", "warehouse-tls",
     "its certificate is for another name", "name the host in the url as the certificate does, or take verify-ca"),
    ("server does not support SSL", "warehouse-tls",
     "it offers no TLS", "turn on ssl at the server; tls = \"off\" sends all in the clear"),
    ("no pg_hba.conf entry", "warehouse-login", "it lets this user or machine in by no rule", "see its pg_hba.conf"),
    ("Connection refused", "warehouse-unreachable", "nothing listens there", "is it running, and on that port?"),
    ("No such file or directory", "warehouse-unreachable", "nothing listens there", "is the server running?"),
    ("failed to resolve host", "warehouse-unreachable", "no machine has that name", "look at the url"),
    ("timeout expired", "warehouse-unreachable",
     f"it did not answer within {_CONNECT_SECONDS} s", "does a firewall stand between?"),
    ("does not exist", "warehouse-database", "it has no such database", "createdb makes one"),
    ("the database system is", "warehouse-unreachable", "it is starting or stopping", "try again in a moment"),
    ("too many clients", "warehouse-full",
     "it has no connection left", "lower pool and overflow, or raise max_connections at the server"),
    ("remaining connection slots", "warehouse-full",
     "it has no connection left", "lower pool and overflow, or raise max_connections at the server"),
)  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A server's url, ``postgresql://USER@HOST:PORT/DATABASE``, and how it is trusted (`tls`, one of TLS).

    `ca` has the certificate of the authority; without it verify-full takes those that the system trusts. `where` is
    the place that says so, `what` the words for what is there. Raises ConfigError for a url that is none, or that says
    otherwise than `tls`.
    """

    url: str = field(repr=False)
    tls: str = "verify-full"
    ca: Path | None = None
    password: str = field(default="", repr=False)
    where: str = ""
    what: str = "the warehouse"

    def __post_init__(self) -> None:
        self.parameters()

    def parameters(self) -> dict[str, Any]:
        """How psycopg connects."""
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            given = conninfo_to_dict(self.url)
        except psycopg.Error as error:
            said = str(error).strip()
            raise ConfigError(
                f"the url of {self.what} is none" if self.url in said else f"the url of {self.what} is none: {said}",
                code="warehouse-url",
                where=self.where,
                hint="postgresql://USER@HOST:5432/DATABASE",
            ) from None
        found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        wrong = [name for name in found if name.startswith("ssl")]
        if wrong or "options" in found:
            name = wrong[0] if wrong else "options"
            raise ConfigError(
                f"the url of {self.what} has '{name}'",
                code="warehouse-url",
                where=self.where,
                hint="tls and ca say how the server is trusted; nothing else belongs there",
            )
        if not str(found.get("port", "5432")).isdigit():
            raise ConfigError(
                f"the url of {self.what} has the port '{found['port']}', allowed is a number",
                code="warehouse-url",
                where=self.where,
            )
        if not found.get("dbname"):
            raise ConfigError(
                f"the url of {self.what} names no database",
                code="warehouse-url",
                where=self.where,
                hint="postgresql://USER@HOST:5432/DATABASE",
            )
        return found | self._trust() | self._ours()

    def _ours(self) -> dict[str, Any]:
        ours: dict[str, Any] = {
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "penstock",
            "client_encoding": "UTF8",
            # the server ends what a process that was killed has asked for
            "options": "-c TimeZone=UTC -c DateStyle=ISO -c client_connection_check_interval=5000",
            # a server that vanished without a word is noticed
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }
        return ours | ({"password": self.password} if self.password else {})

    def _trust(self) -> dict[str, Any]:
        if self.tls not in TLS:
            raise ConfigError(
                f"tls is '{self.tls}', allowed is one of {', '.join(TLS)}",
                code="option-value",
                where=self.where,
                hint=did_you_mean(self.tls, TLS),
            )
        if self.tls == "off":
            return {"sslmode": "disable"}
        if self.ca is None:
            if self.tls == "verify-ca":
                raise ConfigError(
                    "verify-ca needs the certificate of the authority",
                    code="warehouse-ca",
                    where=self.where,
                    hint='ca = "/etc/ssl/own-ca.pem"',
                )
            return {"sslmode": self.tls, "sslrootcert": "system" if self.tls == "verify-full" else ""}
        if not self.ca.is_file():
            raise ConfigError(
                f"there is no file {self.ca}, which should have the certificate of the authority",
                code="warehouse-ca",
                where=self.where,
            )
        return {"sslmode": self.tls, "sslrootcert": str(self.ca)}

    def __str__(self) -> str:
        """Without its password."""
        said = self.parameters()
        user = f"{said['user']}@" if "user" in said else ""
        port = f":{said['port']}" if "port" in said else ""
        return f"postgresql://{user}{said.get('host', 'localhost')}{port}/{said['dbname']}"

    def too_old(self, version: int) -> WarehouseError:
        return WarehouseError(
            f"{self} cannot be used: it is PostgreSQL {version}, needed is {LEAST_VERSION} or newer",
            code="warehouse-version",
            where=self.where,
        )

    def unreachable(self, error: Exception) -> WarehouseError:
        """What keeps a connection from being made, told by the server or by psycopg."""
        said = str(error)
        for sign, code, reason, hint in _REASONS:
            if sign in said:
                return WarehouseError(f"{self} cannot be used: {reason}", code=code, where=self.where, hint=hint)
        last = said.strip().splitlines()[-1].strip() if said.strip() else type(error).__name__
        _, fatal, text = last.partition("FATAL:")
        reason = text.strip() if fatal else last
        return WarehouseError(f"{self} cannot be used: {reason}", code="warehouse-unreachable", where=self.where)
