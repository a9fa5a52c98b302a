"""Loads into a file of DuckDB that are killed: nothing of them is there, and done again they end as if they had not."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from penstock.warehouse import DuckDatabase
from tests.warehouse.load_child import MODEL, RULES, SCHEMA, SOURCE
from tests.warehouse.loads import Shop

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

FIRST = "id,name,credit,since\n" + "".join(f"{n},n{n},{n}.5,2026-01-01 10:00:00\n" for n in range(50))
SECOND = FIRST.replace("7,n7,", "7,seven,").replace("9,n9,9.5", "9,n9,-1").replace("\n3,n3,3.5,2026-01-01 10:00:00", "")
TABLES = (
    "SELECT * FROM staging.customers",
    "SELECT * FROM warehouse.customer",
    "SELECT * FROM warehouse.credits",
    "SELECT * FROM quarantine",
    'SELECT run, source, "read", duplicate, quarantined, loaded FROM _loads',
    "SELECT * FROM _parts",
)


def begun(folder: Path) -> Shop:
    """A shop whose first night is loaded, and whose second one is delivered."""
    folder.mkdir()
    shop = Shop(folder, SCHEMA, SOURCE, RULES, MODEL)
    shop.deliver(FIRST)
    shop.load("first")
    shop.deliver(SECOND)
    return shop


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
