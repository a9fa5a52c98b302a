"""Loads into a real PostgreSQL that are killed, or lose their server: in the end it is as if they had not."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import WarehouseError
from penstock.warehouse.postgres import PostgresDatabase
from penstock.warehouse.postgres.binary import encoded
from tests.postgres import PASSWORD
from tests.warehouse.load_child import begun
from tests.warehouse.loads import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from tests.postgres import PostgresServer

pytestmark = pytest.mark.real

TABLES = (
    "SELECT id, name, credit, since, _hash, _changed_at, _deleted, _source FROM staging.customers",
    "SELECT * FROM warehouse.customer",
    "SELECT * FROM warehouse.credits",
    "SELECT id, line, reason, state FROM quarantine",
    'SELECT run, source, "read", duplicate, quarantined, loaded FROM _loads',
    "SELECT part, digest, run FROM _parts",
)


@pytest.fixture
def opened(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the databases that shops get, in their order."""
    names: list[str] = []
    made: list[PostgresDatabase] = []

    def database(_: Path) -> PostgresDatabase:
        names.append(server.database())
        made.append(PostgresDatabase(server.address(names[-1]), kept=1))
        return made[-1]

    monkeypatch.setattr(Shop, "opened", staticmethod(database))
    yield names
    for one in made:
        one.close()


def tables(shop: Shop) -> list[list[tuple[Any, ...]]]:
    return [sorted(shop.rows(sql), key=repr) for sql in TABLES]


def test_a_load_that_is_killed_at_any_phase_leaves_nothing_and_is_done_again(
    tmp_path: Path, server: PostgresServer, opened: list[str]
) -> None:
    whole, shop = begun(tmp_path / "whole"), begun(tmp_path / "killed")
    whole.load("second")
    before = tables(shop)

    def child(last: int) -> subprocess.CompletedProcess[str]:
        said = [str(shop.folder), str(last), server.url(opened[1]), str(server.authority.certificate), PASSWORD]
        return subprocess.run(
            [sys.executable, "-m", "tests.warehouse.load_child", *said], capture_output=True, text=True, check=False
        )

    phases = whole.told.phases[len(whole.told.phases) // 2 :]
    for last in sorted(phases.index(name) + 1 for name in ("clean", "check", "stage", "warehouse")):
        assert child(last).returncode == -signal.SIGKILL
        assert tables(shop) == before, f"killed at {phases[last - 1]}"
    done = child(0)
    assert done.stdout.split() == phases, done.stderr
    assert tables(shop) == tables(whole)


def test_a_load_whose_server_ends_in_the_middle_of_a_copy_is_done_again(
    tmp_path: Path, server: PostgresServer, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, shop = begun(tmp_path / "whole"), begun(tmp_path / "lost")
    whole.load("second")
    before, expected = tables(shop), tables(whole)

    def torn(frame: pl.DataFrame, kinds: Mapping[str, str]) -> Iterator[bytes]:
        piece = b"".join(encoded(frame, kinds))
        yield piece[: len(piece) // 2]
        server.crash()
        yield piece[len(piece) // 2 :]

    with monkeypatch.context() as broken, pytest.raises(WarehouseError) as caught:
        broken.setattr("penstock.warehouse.postgres.database.encoded", torn)
        shop.load("second")
    assert str(caught.value).startswith(f"the connection to {server.url(opened[1])} was lost: ")
    assert caught.value.hint == "nothing of the transaction was kept; it can be run again"
    with pytest.raises(WarehouseError, match="nothing listens there"):
        PostgresDatabase(server.address(opened[1]))
    server.start()
    assert tables(shop) == before
    shop.clock.advance(-1_000)
    shop.load("second")
    assert tables(shop) == expected
