"""The memory of the process, and who holds what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.shell import call
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path


def test_the_process_tells_who_holds_its_memory(tmp_path: Path) -> None:
    with serve(tmp_path / "shop") as served:
        until(lambda: served.get("/api/pipelines/orders")["rows"] == 130, "not all is read")
        for life in served.penstock.current.lives.values():  # type: ignore[union-attr]
            life.commit()  # windows that are over have closed, and nothing changes any more
        told = served.get("/api/memory")
        held = {one["pipeline"]: 0 for one in told["held"]}
        for one in told["held"]:
            held[one["pipeline"]] += one["bytes"]
        assert held == {p.name: p.executor.state_bytes for p in served.penstock.running}
        assert sum(held.values()) < told["resident"] < told["limit"]
        assert (told["running"], told["viewers"], told["questions"]) == (True, 0, 0)
        shown = call("memory", tmp_path / "shop", "--format", "json").out.splitlines()
        assert [json.loads(line) for line in shown] == told["held"]


def test_what_does_not_run_holds_no_memory(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", engine=False, rows=0) as served:
        assert served.get("/api/memory")["running"] is False
    assert "no process runs the project, and its states are on disk" in call("memory", tmp_path / "shop").err
