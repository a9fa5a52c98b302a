"""The audit log: whatever somebody changes is in it, by which way so ever; and what one finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

import penstock
from penstock.project.audit_trail import Asked, changes
from penstock.server.rights import RIGHTS
from tests.cli.shell import append, call, make_project, orders
from tests.parts import until
from tests.project.test_alerts import SLOW, make, samples
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BAD = [b"no json", b"\xff"]
SANE = 'on = "latency"\n[rules.sane]\nrange = "ms"\nfrom = "0"\nthen = "quarantine"\n'


def told(folder: Path, *options: str) -> list[dict[str, Any]]:
    """What `penstock audit` shows as JSON, without when and by whom."""
    lines = call("audit", folder, "--format", "json", *options).out.splitlines()
    found = [orjson.loads(line) for line in lines]
    for one in found:
        for name in ("before", "after", "more"):
            one[name] = None if one[name] is None else orjson.loads(one[name])
    return found


def test_what_commands_change_without_a_server_is_written_down(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    append(folder, *orders(130))
    call("topic", "create", folder, "t", "--config", "retention.ms=1 d")
    call("topic", "alter", folder, "t", "--partitions", "2", "--config", "retention.ms=")
    call("topic", "produce", folder, "t", "secret words", "--key", "k")
    call("topic", "delete", folder, "t", "--yes")
    assert call("topic", "delete", folder, "t", "--yes").code != 0, "what is refused is not told"
    call("pipeline", "drain", folder, "orders")
    call("savepoint", "create", folder, "now", "--pipeline", "orders")
    call("savepoint", "restore", folder, "now")
    call("savepoint", "drop", folder, "now")
    call("group", "reset", folder, "billing", "orders", "--to", "earliest")
    call("group", "delete", folder, "billing")
    call("user", "add", folder, "vera", "--no-password")
    call("run", folder, "--bounded", "--fresh", "--yes")
    found = told(folder)
    assert {(one["way"], one["from"]) for one in found} == {("command", "")}
    told_of = [(one["act"], one["on"], one["before"], one["after"], one["more"]) for one in found]
    place = {"partition": 0, "offset": 0, "checked": True}
    (kept,) = {one[3]["time_ms"] for one in told_of if one[0] == "savepoint-create"}
    savepoint = {"pipeline": "orders", "epoch": told_of[5][3]["epoch"], "time_ms": kept}
    assert told_of[:10] == [
        ("topic-create", "t", None, {"partitions": 1, "configs": {"retention.ms": "1 d"}}, None),
        ("topic-alter", "t", told_of[0][3], {"partitions": 2, "configs": {}}, None),
        ("topic-produce", "t", None, None, told_of[2][4]),
        ("topic-delete", "t", {"partitions": 2, "rows": 1, "bytes": 13}, None, None),
        ("pipeline-drain", "orders", {"wanted": "running"}, {"wanted": "draining"}, None),
        ("savepoint-create", "now", None, savepoint, None),
        ("savepoint-restore", "now", told_of[6][2], {"epoch": savepoint["epoch"], "rows_again": 0}, told_of[6][4]),
        ("savepoint-drop", "now", savepoint, None, None),
        ("group-reset", "billing", None, {"0": 0}, {"topic": "orders"}),
        ("group-delete", "billing", {"orders": {"0": 0}}, None, None),
    ]
    assert told_of[2][4] | {"partition": 0} == place
    assert [one["act"] for one in found[10:]] == ["user-add", "run-fresh"]
    assert "rows of topic revenue" in found[11]["before"][1]
    assert "secret words" not in str(found), "what was written is in its topic"


def _edit(served: Served) -> list[str]:
    file = served.penstock.folder / "sql" / "calls.sql"
    file.write_text(file.read_text().replace("FROM latency;", "FROM latency WHERE ms > 0;"))
    served.post("/api/apply", {"token": served.get("/api/diff")["token"]})
    return ["apply"]


def _topics(served: Served) -> list[str]:
    served.post("/api/topics", {"name": "t"}, 201)
    served.call("PATCH", "/api/topics/t", 200, json={"partitions": 2})
    served.post("/api/topics/t/produce", {"value": "x"}, 201)
    served.post("/api/groups/billing/reset", {"topic": "t", "to": "latest"})
    served.call("DELETE", "/api/groups/billing", 204)
    token = served.get("/api/topics/t/loss")["token"]
    served.call("DELETE", f"/api/topics/t?token={token}", 200)
    return ["topic-create", "topic-alter", "topic-produce", "group-reset", "group-delete", "topic-delete"]


def _pipelines(served: Served) -> list[str]:
    acts = ["pause", "resume", "stop", "start", "restart", "drain"]
    for act in acts:
        served.post(f"/api/pipelines/calls/{act}", {})
    until(lambda: served.get("/api/pipelines/calls")["state"] == "ended", "it does not end")
    served.post("/api/savepoints", {"name": "now", "pipeline": "calls"}, 201)
    served.post("/api/savepoints/now/restore", {})
    served.call("DELETE", "/api/savepoints/now", 204)
    return [*(f"pipeline-{act}" for act in acts), "savepoint-create", "savepoint-restore", "savepoint-drop"]


def _rows(served: Served) -> list[str]:
    served.post("/api/rejects/replay", {"ids": [1]})
    served.post("/api/rejects/discard", {"ids": [2], "reason": "a test"})
    return ["rejects-replay", "rejects-discard"]


def _alerts(served: Served) -> list[str]:
    (incident,) = served.get("/api/incidents?rule=slow")
    served.post(f"/api/incidents/{incident['id']}/acknowledge", {})
    begun = served.post("/api/silences", {"rule": "slow", "milliseconds": 60_000}, 201)
    served.call("DELETE", f"/api/silences/{begun['id']}", 204)
    return ["incident-acknowledge", "silence-begin", "silence-end"]


def _files(served: Served) -> list[str]:
    bodies = {
        "/api/queries/q/file": {"text": "SELECT 1 AS one"},
        "/api/dashboards/d": {"title": "d"},
        "/api/alerts/a/file": {"text": SLOW},
    }
    for path, body in bodies.items():
        saved = served.client.put(path, json=body, headers={"if-match": "*"})
        assert served.client.delete(path, headers={"if-match": saved.headers["etag"]}).status_code == 204
    remark = {"text": "-- nothing yet\n"}
    served.call("PUT", "/api/sql/20_later/file", 200, json=remark, headers={"if-match": "*"})
    deletable = [f"{noun}-{act}" for noun in ("query", "dashboard", "alert") for act in ("save", "delete")]
    return [*deletable, "sql-file-save"]


def _jobs(served: Served) -> list[str]:
    jobs = '[jobs.a]\nkind = "upkeep"\nschedule = "0 0 1 1 *"\n'
    (served.penstock.folder / "jobs.toml").write_text(jobs)
    served.post("/api/jobs/a/pause", {})
    run = served.post("/api/jobs/a/backfill", {"since": 1_767_225_600_000, "until": 1_767_225_600_001}, 202)[0]["id"]
    served.post(f"/api/runs/{run}/cancel", {})
    served.post(f"/api/runs/{run}/retry", {})
    served.post("/api/jobs/a/resume", {})
    served.post("/api/jobs/a/runs", {}, 202)
    return ["job-pause", "job-backfill", "run-cancel", "run-retry", "job-resume", "job-run"]


def _quality(served: Served) -> list[str]:
    until(lambda: len(served.get("/api/quality/rows")["rows"]) >= 1, "no rule sets the row aside")
    answer = served.get("/api/quality/rows")
    names = [column["name"] for column in answer["columns"]]
    ids = [dict(zip(names, answer["rows"][0], strict=True))["id"]]
    served.post("/api/quality/fix", {"ids": ids, "values": {"ms": 300}})
    served.post("/api/quality/replay", {"ids": ids})
    return [
        "quality-fix",
        "rejects-replay",
    ]  # of a load it is quality-replay, and quality-discard: tests/quality/test_load.py


def _registry(served: Served) -> list[str]:
    calls = [
        ("registry-register", "POST", "subjects/s/versions", {"schema": '"string"'}),
        ("registry-set-level", "PUT", "config", {"compatibility": "FULL"}),
        ("registry-unset-level", "DELETE", "config", None),
        ("registry-set-subject-level", "PUT", "config/s", {"compatibility": "FULL"}),
        ("registry-unset-subject-level", "DELETE", "config/s", None),
        ("registry-delete-version", "DELETE", "subjects/s/versions/1", None),
        ("registry-register", "POST", "subjects/s/versions", {"schema": '"string"'}),
        ("registry-delete", "DELETE", "subjects/s", None),
    ]
    for _, method, path, body in calls:
        served.call(method, f"/api/registry/{path}", 200, json=body)
    return [act for act, *_ in calls]


def test_one_finds_what_one_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    assert told(folder) == []
    monkeypatch.setattr("penstock.project.audit_trail._ROWS", 3)
    with penstock.open(folder) as project:
        for number in range(8):
            project.create_topic(f"t{number}")
        project.steer("orders", "pause")
        newest = changes(project.log, Asked(act="topic"), 5)
        assert [one.on for one in newest] == ["t7", "t6", "t5", "t4", "t3"]
        assert [one.on for one in changes(project.log, Asked(act="topic"), 9, newest[-1].offset)] == ["t2", "t1", "t0"]
        between = Asked(since=newest[2].time, until=newest[0].time + 1, act="topic-create")
        assert {"t5", "t6", "t7"} <= {one.on for one in changes(project.log, between, 9)}
        assert changes(project.log, Asked(act="top"), 9) == []
    assert [one["act"] for one in told(folder, "--on", "orders")] == ["pipeline-pause"]
    assert [one["on"] for one in told(folder, "--rows", "1", "--act", "topic")] == ["t7"]
    assert told(folder, "--by", "nobody") == told(folder, "--until", "2020-01-01T00:00Z") == []
    assert (
        "'soon' is no time with its zone, such as 2026-01-31T12:00:00Z" in call("audit", folder, "--since", "soon").err
    )


def test_each_call_that_changes_something_is_written_down_once(tmp_path: Path) -> None:
    folder = make(tmp_path / "p", slow=SLOW)
    (folder / "quality").mkdir()
    (folder / "quality" / "latency.toml").write_text(SANE)
    with serve(folder, rows=0) as served:
        served.penstock.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        served.penstock.append("latency", pl.DataFrame({"value": BAD}))
        served.penstock.append("latency", samples("a", (67, -1)))
        until(lambda: bool(served.get("/api/incidents?rule=slow")), "it does not fire")
        until(lambda: served.penstock.rejects().height >= 3, "not all are rejected")
        expected = [
            act
            for call_ in (_edit, _topics, _pipelines, _rows, _alerts, _files, _jobs, _quality, _registry)
            for act in call_(served)
        ]
        done = served.get("/api/audit?limit=1000")["changes"]
    assert [one["act"] for one in reversed(done)] == expected
    assert {(one["way"], one["address"]) for one in done} == {("loopback", "127.0.0.1")}
    operations = {name.replace("_", "-") for name, right in RIGHTS.items() if right == "operate"}
    by_acts = {one.removeprefix("saved-") for one in operations if not one.startswith("streaming-")}
    assert set(expected) == by_acts - {"quality-replay", "quality-discard"}, (
        "each call that needs the right to operate stands in this test"
    )
