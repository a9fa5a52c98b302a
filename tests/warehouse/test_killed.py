"""Loads into a file of DuckDB that are killed: nothing of them is there, and done again they end as if they had not."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from penstock.warehouse import DuckDatabase
from tests.warehouse.load_child import begun

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

TABLES = (
    "SELECT * FROM staging.customers",
    "SELECT * FROM warehouse.customer",
    "SELECT * FROM warehouse.credits",
    "SELECT * FROM quarantine",
    'SELECT run, source, "read", duplicate, quarantined, loaded FROM _loads',
    "SELECT * FROM _parts",
)


def tables(folder: Path) -> list[list[tuple[Any, ...]]]:
    """What is there, once nobody has the file open."""
    database = DuckDatabase(folder / "dw.duckdb", threads=1)
    with database.transaction() as session:
        found = [sorted(session.rows(sql), key=repr) for sql in TABLES]
    database.close()
    return found


def test_a_load_that_is_killed_at_any_phase_leaves_nothing_and_is_done_again(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    shop = begun(whole)
    shop.load("second")
    phases = shop.told.phases[len(shop.told.phases) // 2 :]
    shop.database.close()
    begun(killed).database.close()
    before = tables(killed)

    def child(last: int) -> subprocess.CompletedProcess[str]:
        said = [sys.executable, "-m", "tests.warehouse.load_child", str(killed), str(last)]
        return subprocess.run(said, capture_output=True, text=True, check=False)

    for last in sorted({phases.index(name) + 1 for name in phases}):
        assert child(last).returncode == -signal.SIGKILL
        assert tables(killed) == before, f"killed at {phases[last - 1]}"
    done = child(0)
    assert done.stdout.split() == phases, done.stderr
    assert tables(killed) == tables(whole) != before
