"""[warehouse] of penstock.toml: which PostgreSQL the warehouse is in, and how it is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import require_no_password, revealed, secret
from penstock.core.options import Option, choice, integer, text

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.options import Values
    from penstock.warehouse.postgres import PostgresDatabase

__all__ = ["WAREHOUSE_OPTIONS", "WarehouseSettings", "read_warehouse"]

_WHERE = "penstock.toml, [warehouse]"

URL = Option(
    "url",
    text,
    "",
    "A PostgreSQL, 15 or newer: postgresql://USER@HOST:5432/DATABASE, or the variable of the environment that has it;"
    " by default the warehouse is a file of DuckDB in the project's home.",
)
PASSWORD = Option(
    "password", secret('password = "${WAREHOUSE_PASSWORD}"', _WHERE), "", "The variable that has its user's password."
)
TRUST = Option(
    "tls",
    choice("off", "require", "verify-ca", "verify-full"),
    "verify-full",
    "How it is trusted: require encrypts, verify-ca asks for a certificate that the authority has signed, verify-full"
    " for one with the name in the url; off sends all in the clear.",
)
CA: Option[str | None] = Option(
    "ca", text, None, "The file with the authority's certificate, in PEM; by default those that the system trusts."
)
POOL = Option("pool", integer(1, 1_000), 20, "How many connections `penstock run` keeps open.")
OVERFLOW = Option("overflow", integer(0, 1_000), 40, "How many more there are when they are needed.")

WAREHOUSE_OPTIONS: tuple[Option[Any], ...] = (URL, PASSWORD, TRUST, CA, POOL, OVERFLOW)


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """A PostgreSQL as penstock.toml says it; without a `url` there is none. Secrets are still names of variables."""

    url: str = ""
    password: str = ""
    tls: str = TRUST.default
    ca: Path | None = None
    pool: int = POOL.default
    overflow: int = OVERFLOW.default

    def open(self, *, lasting: bool) -> PostgresDatabase:
        """Connect; unless it is `lasting`, with no more connections than are needed.

        Raises ConfigError for what is no address or is not in the environment, WarehouseError where it cannot be used.
        """
        from penstock.warehouse.postgres import Address, PostgresDatabase

        url, password = revealed(self.url, _WHERE), revealed(self.password, _WHERE)
        address = Address(url, self.tls, self.ca, password, _WHERE)
        kept = self.pool if lasting else 1
        return PostgresDatabase(address, kept=kept, overflow=self.pool + self.overflow - kept)


def read_warehouse(values: Values, folder: Path) -> WarehouseSettings:
    """Raises ConfigError for a url that has a password in it."""
    url, ca = values[URL], values[CA]
    require_no_password(url, _WHERE, 'url = "${WAREHOUSE_URL}", or password = "${WAREHOUSE_PASSWORD}"')
    return WarehouseSettings(
        url=url,
        password=values[PASSWORD],
        tls=values[TRUST],
        ca=None if ca is None else folder / ca,
        pool=values[POOL],
        overflow=values[OVERFLOW],
    )
