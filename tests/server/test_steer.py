"""Pipelines told what to do over HTTP, and by commands through the process that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cli.shell import call, make_project, orders
from tests.parts import until
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path


def rows(served: Served) -> int:
    return int(served.get("/api/pipelines/orders")["rows"])


def counts(pipeline: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Of each operator the rows it has taken, their fates, its watermark, and what it has not read."""
    return {o["name"]: (o["taken"], o["fates"], o["watermark"], o["lag"]) for o in pipeline["operators"]}


def test_a_pipeline_is_paused_resumed_stopped_and_started(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        until(lambda: rows(served) == 130, "not all is read")
        paused = served.post("/api/pipelines/orders/pause", {})
        assert (paused["state"], paused["wanted"], paused["rows_per_second"]) == ("paused", "paused", 0)
        served.penstock.append("orders", orders(10, first=130))
        assert served.get("/api/pipelines")[0]["lag"] == 10
        assert served.get("/readyz") == {"status": "ready", "failed": []}
        assert served.post("/api/pipelines/orders/resume", {})["state"] == "running"
        until(lambda: rows(served) == 140, "it does not go on")
        assert served.post("/api/pipelines/orders/pause", {})["state"] == "paused"
        before = counts(served.get("/api/pipelines/orders"))
        assert served.post("/api/pipelines/orders/stop", {})["state"] == "stopped"
        stopped = served.get("/api/pipelines/orders")
        assert (counts(stopped), stopped["state_bytes"]) == (before, 0)
        assert before["source orders"] == (140, {"passed": 140}, 1735689734000, 0)
        assert {(o["state_bytes"], o["rows_per_second"]) for o in stopped["operators"]} == {(None, 0)}
        served.penstock.append("orders", orders(3, first=140))
        assert counts(served.get("/api/pipelines/orders"))["source orders"][3] == 3
        how = {"parallelism": 4, "checkpoint_interval_ms": 500}
        started = served.post("/api/pipelines/orders/start", how)
        assert (started["state"], started["checkpoint_interval"]) == ("running", 500)
        assert started["remarks"] == ["parallelism 4 is kept for a cluster: embedded, it runs as one"]
        assert served.post("/api/pipelines/orders/restart", {})["checkpoint_interval"] == 500
        assert served.post("/api/pipelines/orders/drain", {})["name"] == "orders"
        until(lambda: served.get("/api/pipelines/orders")["state"] == "ended", "it does not end")


def test_what_does_not_fit_has_its_status(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        assert served.post("/api/pipelines/order/pause", {}, 404)["hint"] == "did you mean orders?"
        assert served.post("/api/pipelines/orders/start", {}, 409)["code"] == "pipeline-running"
        assert served.post("/api/pipelines/orders/start", {"parallelism": 0}, 400)["where"] == "body.parallelism"
        served.post("/api/pipelines/orders/stop", {})
        refused = served.post("/api/pipelines/orders/resume", {}, 409)
        assert (refused["code"], refused["hint"]) == ("pipeline-state", "start it")


def test_a_savepoint_is_restored_and_dropped(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        until(lambda: rows(served) == 130, "not all is read")
        served.post("/api/savepoints", {"name": "now", "pipeline": "orders"}, 201)
        assert served.post("/api/savepoints/now/restore", {}, 409)["detail"] == "pipeline 'orders' is running"
        served.penstock.append("orders", orders(7, first=130))
        until(lambda: rows(served) == 137, "not all is read")
        assert served.get("/api/savepoints")[0]["rows_again"] == 7
        served.post("/api/pipelines/orders/stop", {})
        assert served.get("/api/savepoints")[0]["rows_again"] == 7
        restored = served.post("/api/savepoints/now/restore", {})
        assert (restored["pipeline"], restored["rows_again"]) == ("orders", 7)
        assert served.get("/api/savepoints")[0]["rows_again"] == 0
        assert served.post("/api/savepoints/then/restore", {}, 404)["code"] == "savepoint-unknown"
        served.call("DELETE", "/api/savepoints/now", 204)
        assert served.get("/api/savepoints") == []


def test_commands_tell_the_process_that_runs_the_project(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        folder = served.penstock.folder
        until(lambda: rows(served) == 130, "not all is read")
        paused = call("pipeline", "pause", folder, "orders")
        assert paused.out == "pipeline orders is paused\n"
        assert paused.err.startswith("orders: paused since ")
        assert served.get("/api/pipelines/orders")["state"] == "paused"
        shown = call("pipeline", "show", folder, "orders").out.splitlines()
        assert shown[0].split() == ["state", "paused"]
        assert "checkpoint" in shown[-1]
        assert call("pipeline", "resume", folder, "orders").out == "pipeline orders is running\n"
        started = call("pipeline", "restart", folder, "orders", "--checkpoint-interval", "10 s", "--parallelism", "2")
        assert (started.out, started.err) == (
            "pipeline orders is running\n",
            "orders: parallelism 2 is kept for a cluster: embedded, it runs as one\n",
        )
        assert served.get("/api/pipelines/orders")["checkpoint_interval"] == 10_000
        assert call("pipeline", "stop", folder, "orders").code == 0
        refused = call("pipeline", "pause", folder, "orders")
        assert refused.err == (
            "error[pipeline-state]: pipeline 'orders' is stopped and cannot be paused\nhint: start it\n"
        )


def test_where_nothing_runs_commands_are_for_the_next_run(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    assert call("pipeline", "pause", folder, "orders").out == "pipeline orders is paused\n"
    listed = call("pipeline", "list", folder)
    assert listed.out.splitlines()[2].split()[:3] == ["orders", "paused", "paused"]
    ran = call("run", folder, "--bounded")
    assert f"pipeline orders stays paused, as it was told; penstock pipeline resume {folder} orders changes" in ran.err
    resumed = call("pipeline", "resume", folder, "orders")
    assert (resumed.out, resumed.err) == (
        "pipeline orders is stopped, wanted running\n",
        "orders: no process runs the project; the next one runs it\n",
    )
    wrong = call("pipeline", "start", folder, "orders", "--checkpoint-interval", "soon")
    assert "--checkpoint-interval takes a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d, not 'soon'" in wrong.err
    unknown = call("pipeline", "show", folder, "order")
    assert unknown.err == "error[pipeline-unknown]: there is no pipeline 'order'\nhint: did you mean orders?\n"
