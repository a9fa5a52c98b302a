"""Backups and upkeep by calls: begun, looked at, ended; what is not to be is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from penstock.project import long_work
from penstock.project.backup.backup import back_up
from tests.cli.shell import call, make_project
from tests.parts import until
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_project(tmp_path_factory.mktemp("kept") / "shop", toml='[backup]\nfolder = "../backups"\n')
    with serve(folder) as served:
        yield served


def ended(served: Served, operation: dict[str, Any]) -> Any:
    """An operation, when it goes on no more."""

    def look() -> Any:
        found = served.get(f"/api/operations/{operation['id']}")
        return found if found["state"] != "running" else None

    return until(look, "it does not end")


def endless(*_: Any, progress: Any, **__: Any) -> None:
    while True:
        progress("the log", 1, 2)


def test_a_backup_is_made_checked_and_restored(kept: Served, tmp_path: Path) -> None:
    begun = kept.post("/api/backups", {"name": "monday"}, 202)
    assert (begun["kind"], begun["on"], begun["state"] in ("running", "done")) == ("backup", "monday", True)
    made = ended(kept, begun)
    assert (made["state"], made["error"], made["done"]) == ("done", "", made["all"])
    folder = kept.penstock.folder.parent / "backups"
    (known,) = kept.get("/api/backups")
    assert (known["name"], known["files"], known["bytes"]) == ("monday", made["result"]["files"], made["all"])
    assert ended(kept, kept.post("/api/backups/monday/check", {}, 202))["state"] == "done"
    restored = call("restore", folder / "monday", tmp_path / "again")
    assert f"what came after row {known['last']:,} of the log is not in it" in restored.err
    assert json.loads(call("backups", kept.penstock.folder, "--format", "json").out)["name"] == "monday"
    assert "monday" in call("operations", kept.penstock.folder).out
    again = ended(kept, kept.post("/api/backups", {"name": "monday"}, 202))
    assert (again["state"], "is there already" in again["error"]) == ("failed", True)
    damaged = next(path for path in (folder / "monday" / "files").rglob("*.sql"))
    damaged.write_text("other")
    assert "that are not the" in ended(kept, kept.post("/api/backups/monday/check", {}, 202))["error"]


def test_an_operation_is_ended_and_leaves_nothing(kept: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*given: Any, progress: Any, **more: Any) -> Any:
        return back_up(*given, progress=lambda *_: endless(progress=progress), **more)

    monkeypatch.setattr(long_work, "back_up", slow)
    begun = kept.post("/api/backups", {"name": "tuesday"}, 202)
    busy = kept.post("/api/backups", {"name": "wednesday"}, 409)
    assert (busy["code"], begun["id"] in busy["hint"]) == ("operation-busy", True)
    until(lambda: kept.get(f"/api/operations/{begun['id']}")["doing"], "it does not begin")
    shown = call("operations", kept.penstock.folder, "--cancel", begun["id"])
    assert shown.out == "backup of tuesday is cancelled\n"
    assert kept.get(f"/api/operations/{begun['id']}")["state"] == "cancelled"
    assert kept.call("DELETE", f"/api/operations/{begun['id']}", 409)["code"] == "operation-ended"
    left = [path.name for path in (kept.penstock.folder.parent / "backups").glob("*tuesday*")]
    assert left == []
    told = call("audit", kept.penstock.folder, "--act", "operation").out
    assert "tuesday" in told


def test_upkeep_is_done_by_a_call(kept: Served) -> None:
    done = ended(kept, kept.post("/api/upkeep", {"dry_run": True}, 202))
    assert (done["state"], done["result"]) == ("done", [])


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "a b"])
def test_a_name_that_leads_elsewhere_is_refused(kept: Served, name: str) -> None:
    refused = kept.post("/api/backups", {"name": name}, 422)
    assert refused["detail"] == f"'{name}' is no name of a backup"


def test_what_is_not_there_is_said(kept: Served) -> None:
    assert kept.post("/api/backups/never/check", {}, 404)["detail"] == "there is no backup 'never'"
    assert kept.get("/api/operations/none", 404)["detail"] == "there is no operation 'none'"


def test_no_backup_by_a_call_where_no_folder_is_named(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", engine=False, rows=0) as served:
        refused = served.post("/api/backups", {"name": "monday"}, 422)
        assert refused["detail"] == "no folder for backups is named"
        assert refused["hint"].startswith('[backup] folder = "/backups" in penstock.toml')


def test_what_goes_on_ends_with_the_process(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", engine=False, rows=0) as served:
        begun = served.penstock.operations.begin("backup", "x", lambda tell: endless(progress=tell))
    assert begun.state == "cancelled"
