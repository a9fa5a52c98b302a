"""An edited SQL file over HTTP, and by commands through the process that runs the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orjson import loads

from tests.cli.shell import call
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path


def test_a_changed_file_is_announced_and_applied_when_told(tmp_path: Path) -> None:
    with serve(folder := tmp_path / "p") as served:
        until(lambda: served.get("/api/pipelines/orders")["rows"] == 130, "not all is read")
        run = served.penstock.current
        assert run is not None
        run.lives["orders"].commit()  # a difference is that to a checkpoint
        assert served.get("/api/project")["changed"] == []
        (file,) = (folder / "sql").glob("*.sql")
        text = file.read_text()
        file.write_text(text.replace("SUM(amount)", "SUM(id)"))
        changed = {"path": f"sql/{file.name}", "what": "changed"}
        assert served.get("/api/project")["changed"] == [changed]
        told = f"--- sql/{file.name} (applied)\n+++ sql/{file.name} (now)\n"
        (one,) = served.get("/api/diff/files")
        assert (one["path"], one["what"], one["difference"].startswith(told)) == (*changed.values(), True)
        assert "\n-INSERT INTO revenue SELECT window_end, COUNT(*), SUM(amount)\n+INSERT" in one["difference"]
        assert call("diff", folder, "--sql").out == one["difference"] + "\n"
        assert served.get("/api/apply") is None
        found = served.get("/api/diff")
        assert found["files"] == [changed]
        assert [(o["operator"], o["what"], o["rows_again"]) for o in found["pipelines"][0]["operators"]] == [
            ("source orders", "kept", 0),
            ("window aggregate", "rebuilt", 130),
            ("sink revenue", "kept", 0),
            ("window aggregate", "lost", 0),
        ]
        assert served.post("/api/apply", {"token": "other"}, 409)["code"] == "apply-token"
        shown = call("diff", folder)
        assert "  window aggregate  rebuilt  130 records again: orders from offset 0\n" in shown.out
        found = served.post("/api/pipelines/orders/compare", {"since": "2000-01-01", "key": ["window_end"]})
        (table,) = found["tables"]
        assert (found["records"], table["only_here"], table["only_there"]) == (130, 0, 0)
        assert table["differing"] == len(table["sample"]) > 0
        shown = call("compare", folder, "orders", "--from", "2000-01-01", "--key", "window_end")
        assert f"0 only here, 0 only there, {table['differing']} differing\n  here   " in shown.out
        asked = call("apply", folder)
        assert asked.code == 2
        assert asked.err.startswith("error[usage]: nobody can be asked here, so say --yes\n")
        done = call("apply", folder, "--yes")
        assert done.code == 0
        assert "savepoint before-apply-1.orders keeps what was" in done.out
        assert served.get("/api/project")["changed"] == []
        assert served.get("/api/pipelines/orders")["state"] == "running"
        assert call("diff", folder).out == "unchanged: orders\n"
        file.write_text("SELECT")
        assert served.get("/api/diff", 422)["code"] == "sql-syntax"
        assert served.get("/api/diff/files")[0]["difference"].endswith("\n+SELECT")
        assert served.get("/api/pipelines/orders")["state"] == "running"


def test_a_savepoint_that_fits_the_sql_no_more_is_refused_before_anything_changes(tmp_path: Path) -> None:
    with serve(folder := tmp_path / "p") as served:
        until(lambda: served.get("/api/pipelines/orders")["rows"] == 130, "not all is read")
        assert call("savepoint", "create", folder, "sp1").code == 0
        (file,) = (folder / "sql").glob("*.sql")
        text = file.read_text()
        file.write_text(text.replace("SUM(amount)", "SUM(id)"))
        assert call("apply", folder, "--yes").code == 0
        assert call("savepoint", "create", folder, "sp2").code == 0
        served.post("/api/pipelines/orders/stop", {})
        epoch = served.get("/api/pipelines/orders")["epoch"]
        gone = "the query has changed: there is no state for window aggregate; nothing takes over the state of window"
        refused = served.post("/api/savepoints/sp1/restore", {}, 409)
        assert refused["code"] == "savepoint-misfit"
        assert refused["detail"].startswith(f"savepoint 'sp1' does not fit the SQL as it is: {gone}")
        assert refused["hint"] == (
            "put the SQL back as it was when the savepoint was taken and let penstock apply DIR take that over;"
            " then restore it. Savepoints that fit the SQL as it is: sp2"
        )
        shown = call("savepoint", "restore", folder, "sp1")
        assert (shown.code, shown.err.partition(":")[0]) == (1, "error[savepoint-misfit]")
        fits = {one["name"]: not one["misfit"] for one in served.get("/api/savepoints")}
        assert fits == {"before-apply-1.orders": False, "sp1": False, "sp2": True}
        assert served.get("/api/pipelines/orders")["epoch"] == epoch
        listed = call("savepoint", "list", folder, "--format", "json").out.splitlines()
        assert [loads(line)["misfit"].startswith(gone) for line in listed] == [True, True, False]
        assert served.post("/api/pipelines/orders/start", {})["state"] == "running"
    refused_alone = call("savepoint", "restore", folder, "sp1")
    assert refused_alone.err == shown.err
    file.write_text(text)
    assert call("apply", folder, "--yes").code == 0
    assert call("savepoint", "restore", folder, "sp1").code == 0
    assert call("run", folder, "--bounded").code == 0


def test_a_file_is_saved_where_the_project_fits_with_it(tmp_path: Path) -> None:
    with serve(folder := tmp_path / "p", rows=0) as served:
        path, anew = "/api/sql/20_big/file", {"if-match": "*"}
        text = (
            "CREATE TABLE big (id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'big',"
            " 'format' = 'json');\nINSERT INTO big SELECT id, amount FROM orders WHERE amount > 100;\n"
        )
        wrong = served.call("PUT", path, 422, json={"text": text.replace("SELECT id", "SELECT idd")}, headers=anew)
        assert "there is no column 'idd'" in wrong["detail"]
        assert "sql/20_big.sql" in wrong["where"]
        assert not (folder / "sql" / "20_big.sql").exists()
        made = served.client.put(path, json={"text": text}, headers=anew)
        assert made.status_code == 200, made.text
        assert served.get(path) == {"text": text}
        assert (folder / "sql" / "20_big.sql").read_text() == text
        assert served.call("PUT", path, 409, json={"text": ""}, headers=anew)["code"] == "file-changed"
        found = served.get("/api/diff")
        assert [(p["name"], p["what"]) for p in found["pipelines"] if p["what"] != "unchanged"] == [("big", "added")]
        served.post("/api/apply", {"token": found["token"]})
        assert served.get("/api/pipelines/big")["state"] == "running"
        assert served.get("/api/audit?act=sql-file")["changes"][0]["on"] == "20_big"
