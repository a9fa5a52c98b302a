"""A backup that is killed while rows come in leaves nothing in its place; the next one is whole, and exact."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.project.backup.restore import Backup, restore
from tests.cli.shell import make_project, orders, started
from tests.parts import until
from tests.project.test_backup import SQL, ids, taken

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 200


@pytest.mark.real
def test_backups_are_killed_under_load_and_the_engine_too(tmp_path: Path) -> None:
    sql = SQL.replace("'sink.rolling-policy.rows' = '10'", "'sink.rolling-policy.rows' = '2000'")
    shop = make_project(tmp_path / "shop", sql)
    target = tmp_path / "backup"
    engine = started("run", shop, "--no-serve", PENSTOCK_PORT="0")
    with penstock.open(shop) as project:
        project.append("orders", orders(ROWS))
        sent = ROWS
        until(lambda: taken(project) > 0, "the engine does not start")
        for attempt in range(6):
            child = started("backup", shop, target)
            began = time.monotonic()
            while child.poll() is None and time.monotonic() - began < 0.6 + 0.15 * attempt:
                project.append("orders", orders(ROWS, first=sent))
                sent += ROWS
            child.kill()
            child.communicate()
            if target.exists():  # it was quicker than the kill: then it is whole
                Backup.open(target).verify()
                target.rename(tmp_path / f"quick-{attempt}")
        child = started("backup", shop, target)
        while child.poll() is None:
            project.append("orders", orders(ROWS, first=sent))
            sent += ROWS
        child.communicate()
        assert child.returncode == 0
    engine.kill()
    engine.communicate()
    assert not (tmp_path / ".backup.partial").exists()
    restore(Backup.open(target), tmp_path / "again")
    with penstock.open(tmp_path / "again") as project:
        rows = project.log.ends("orders")[0]
        assert 0 < rows <= sent
        project.run(bounded=True)
        project.log.verify()
        assert ids(project) == [*range(rows)]
