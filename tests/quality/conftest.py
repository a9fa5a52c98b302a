"""Warehouses of both kinds; the real PostgreSQL is started where a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.postgres import PASSWORD, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def warehouse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The section of penstock.toml that names the warehouse; nothing where it is the file of DuckDB."""
    if request.param == "duckdb":
        return ""
    server: PostgresServer = request.getfixturevalue("server")
    monkeypatch.setenv("WAREHOUSE_PASSWORD", PASSWORD)
    url, ca = server.url(server.database()), server.authority.certificate
    return f'[warehouse]\nurl = "{url}"\npassword = "${{WAREHOUSE_PASSWORD}}"\nca = "{ca}"\n'
