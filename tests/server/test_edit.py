"""An edited SQL file over HTTP, and by commands through the process that runs the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.shell import call
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path


def test_a_changed_file_is_announced_and_applied_when_told(tmp_path: Path) -> None:
    with serve(folder := tmp_path / "p") as served:
        until(lambda: served.get("/api/pipelines/orders")["rows"] == 130, "not all is read")
        assert served.get("/api/project")["changed"] == []
        (file,) = (folder / "sql").glob("*.sql")
        text = file.read_text()
        file.write_text(text.replace("SUM(amount)", "SUM(id)"))
        changed = {"path": f"sql/{file.name}", "what": "changed"}
        assert served.get("/api/project")["changed"] == [changed]
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
        done = call("apply", folder, "--yes")
        assert done.code == 0
        assert "savepoint before-apply-1.orders keeps what was" in done.out
        assert served.get("/api/project")["changed"] == []
        assert served.get("/api/pipelines/orders")["state"] == "running"
        assert call("diff", folder).out == "unchanged: orders\n"
        file.write_text("SELECT")
        assert served.get("/api/diff", 422)["code"] == "sql-syntax"
        assert served.get("/api/pipelines/orders")["state"] == "running"
