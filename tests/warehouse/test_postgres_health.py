"""A real PostgreSQL as a part that is probed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import WarehouseError
from penstock.project.health.component import Component, Verdict, components_of
from penstock.project.opening import open_project
from penstock.warehouse.postgres import PoolUse
from tests.parts import until
from tests.postgres import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from tests.postgres import PostgresServer

pytestmark = pytest.mark.real


def test_a_server_that_is_down_is_a_part_that_is_down(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DW_PASSWORD", PASSWORD)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "tables.sql").write_text("CREATE TABLE t (a INT) WITH ('connector' = 'print');")
    (tmp_path / "penstock.toml").write_text(
        f'[warehouse]\nurl = "{server.url(server.database())}"\npassword = "${{DW_PASSWORD}}"\n'
        f'ca = "{server.authority.certificate}"\npool = 2\noverflow = 1\n'
    )
    with open_project(tmp_path) as penstock:
        (part,) = (component for component in components_of(penstock) if component.name == "database")
        assert penstock.warehouse.pool == PoolUse(0, 0, 0, 3)
        assert part.look() == Verdict(True)
        until(lambda: _used(penstock) == 0, "a connection is not given back")
        server.crash()
        with pytest.raises(WarehouseError, match="cannot be used"):
            part.look()
        server.start()
        until(lambda: _is_up(part), "it is not found up again")


def _used(penstock: Penstock) -> int:
    use = penstock.warehouse.pool
    assert use is not None
    assert (use.waiting, use.most) == (0, 3)
    return use.used


def _is_up(part: Component) -> bool:
    try:
        return part.look() == Verdict(True)
    except WarehouseError:
        return False
