"""The real PostgreSQL of this folder's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.postgres import postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running
