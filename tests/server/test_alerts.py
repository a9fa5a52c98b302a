"""Alerts and incidents over HTTP."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import QueryError
from penstock.history import Limits, Stop
from penstock.project.access.caller import system_user
from penstock.project.alerts import backtest
from tests.parts import until
from tests.project.test_alerts import SLOW, at, make, samples
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make(tmp_path_factory.mktemp("api") / "calls", slow=SLOW)
    with serve(folder, rows=0) as served:
        served.penstock.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        until(lambda: bool(served.get("/api/incidents")), "it does not fire")
        yield served


def test_rules_say_how_they_are(api: Served) -> None:
    rule = {
        "name": "slow", "title": "Slow: {meeting}", "severity": "warning", "state": "firing", "reason": "",
        "firing": 1, "pending": 0, "notify": [],
    }  # fmt: skip
    assert api.get("/api/alerts") == [rule]
    assert api.get("/api/alerts/slow") == {**rule, "text": SLOW}
    assert api.get("/api/alerts/sloe", 404)["hint"] == "did you mean slow?"


def test_what_runs_for_a_rule_is_called_so(api: Served) -> None:
    told = api.get("/api/pipelines/alert.slow", 404)
    assert told["detail"] == "'alert.slow' is the query of alert rule 'slow', and no pipeline of its own"
    assert api.get("/api/pipelines/alert.none", 404)["detail"] == "there is no pipeline 'alert.none'"


def test_a_rule_is_tested_over_what_is_kept(api: Served) -> None:
    would = {
        "key": {"meeting": "a"}, "start": at(0), "fired": at(60), "end": None, "title": "Slow: a",
        "description": "300.0 ms",
    }  # fmt: skip
    assert api.get("/api/alerts/slow/test") == [would]
    assert api.get(f"/api/alerts/slow/test?since={at(61)}") == []


def test_a_silence_begins_and_ends(api: Served) -> None:
    body = {"rule": "slow", "key": {"meeting": "a"}, "milliseconds": 60_000, "by": "kim", "note": "known"}
    begun = api.post("/api/silences", body, 201)
    assert (begun["rule"], begun["key"], begun["until"] - begun["begin"]) == ("slow", {"meeting": "a"}, 60_000)
    assert api.get("/api/silences") == [begun]
    api.call("DELETE", f"/api/silences/{begun['id']}", 204)
    assert api.call("DELETE", f"/api/silences/{begun['id']}", 404)["code"] == "silence-unknown"
    api.post("/api/silences", body | {"rule": "sloe"}, 404)


def test_an_incident_is_acknowledged(api: Served) -> None:
    (incident,) = api.get("/api/incidents?rule=slow")
    assert (incident["title"], incident["values"]["ms"], incident["fired"]) == ("Slow: a", 300.0, at(60))
    path = f"/api/incidents/{incident['id']}/acknowledge"
    assert api.post(path, {"by": "kim", "note": "on it"})["state"] == "acknowledged"
    assert api.post(path, {}, 409)["code"] == "incident-state"
    assert api.post("/api/incidents/slow-1/acknowledge", {}, 404)["code"] == "incident-unknown"
    assert [i["by"] for i in api.get("/api/incidents?state=acknowledged&state=firing")] == ["kim"]
    assert api.get("/api/incidents?state=resolved") == []
    assert api.get("/api/incidents/notifications") == []


def test_an_incident_tells_how_it_went(api: Served) -> None:
    (incident,) = api.get("/api/incidents?rule=slow")
    whole = api.get(f"/api/incidents/{incident['id']}")
    steps = [(c["state"], c["at"]) for c in whole["changes"]]
    assert steps == [("pending", at(0)), ("firing", at(60)), ("acknowledged", None)]
    last = whole["changes"][-1]
    assert (last["by"], last["note"]) == ("kim", "on it")
    assert whole["changes"][0]["known"] <= whole["changes"][1]["known"] <= last["known"]
    assert whole["notifications"] == []
    assert {k: whole[k] for k in incident} == incident
    assert api.get("/api/incidents/slow-1", 404)["code"] == "incident-unknown"


def test_who_asks_is_who_looks_after_it(tmp_path: Path) -> None:
    with serve(make(tmp_path / "calls", slow=SLOW), rows=0) as served:
        served.penstock.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        until(lambda: bool(served.get("/api/incidents")), "it does not fire")
        (incident,) = served.get("/api/incidents")
        assert served.post(f"/api/incidents/{incident['id']}/acknowledge", {})["by"] == system_user()
        assert served.post("/api/silences", {"rule": "slow", "milliseconds": 1}, 201)["by"] == system_user()


def test_a_rule_is_tried_before_it_is_saved(api: Served) -> None:
    faster = SLOW.replace("200", "250")
    (would,) = api.post("/api/alerts/test", {"text": faster})
    assert (would["key"], would["start"], would["fired"]) == ({"meeting": "a"}, at(0), at(60))
    assert api.post("/api/alerts/test", {"text": SLOW.replace("200", "900")}) == []
    assert (
        "there is no column 'mss'"
        in api.post("/api/alerts/test", {"text": SLOW.replace("ms >", "mss >")}, 422)["detail"]
    )
    assert not (api.penstock.folder / "alerts" / "draft.toml").exists()


def test_a_test_of_a_rule_ends_as_a_question_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "_ROWS", 1)  # a step for each row: it would take a minute
    with serve(make(tmp_path / "calls", slow=SLOW), rows=0, engine=False) as served:
        served.penstock.append("latency", samples("a", *((n, 300) for n in range(20_000))))
        refused = served.penstock.questions.refused

        def running() -> list[str]:
            return [one["id"] for one in served.get("/api/query") if one["sql"] == "alert slow, tested"]

        with ThreadPoolExecutor() as pool:
            asked = pool.submit(served.get, "/api/alerts/slow/test", 409)
            until(running, "it is not asked")
            served.call("DELETE", f"/api/query/{running()[0]}", 204)
            assert (asked.result()["code"], refused) == ("query-cancelled", {"query-cancelled": 1})
        with socket.create_connection(("127.0.0.1", served.serving.port)) as asker:
            asker.sendall(b"GET /api/alerts/slow/test HTTP/1.1\r\nhost: localhost\r\n\r\n")
            until(running, "it is not asked")
        until(lambda: not running(), "it goes on after its asker has gone")
        assert refused == {"query-cancelled": 2}


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(seconds=0.05), "the question took longer than 0.05 s"),
        (Limits(memory=1), "the question needs more than 0 MB"),
        (Limits(rows=0), "the answer has more than 0 rows\nhint: test a shorter time"),
    ],
)
def test_a_test_of_a_rule_has_the_limits_of_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits, said: str
) -> None:
    monkeypatch.setattr(backtest, "_ROWS", 1 if limits.seconds < 1 else 500_000)
    with penstock.open(make(tmp_path / "calls", slow=SLOW)) as project:
        project.append("latency", samples("a", *((n, 300) for n in range(20_000))))
        with pytest.raises(QueryError, match=said):
            backtest.backtest_within(project, project.alerts.get("slow"), None, None, limits, Stop())


@pytest.mark.parametrize(
    "text",
    [
        'query = "DROP TABLE latest"',
        'query = "SELECT * FROM latency; DROP TABLE latest"',
        'table = "latency"\nwhen = "ms > 1) AS x FROM latency; DROP TABLE latest; --"',
        "query = \"SET 'table.local-time-zone' = 'Asia/Tokyo'\"",
        'query = "INSERT INTO latest SELECT meeting, ms FROM latency"',
    ],
)
def test_a_rule_that_is_tried_does_nothing_else(api: Served, text: str) -> None:
    settings = dict(api.penstock.definition.session.settings)
    assert api.post("/api/alerts/test", {"text": text}, 422)["code"] in ("alert-query", "sql-syntax")
    assert api.get("/api/tables/latest")["kind"] == "table"
    assert api.penstock.definition.session.settings == settings


def test_a_rule_is_saved_if_it_fits(api: Served) -> None:
    path, anew = "/api/alerts/other/file", {"if-match": "*"}
    wrong = api.call("PUT", path, 422, json={"text": SLOW + 'notify = ["ops"]\n'}, headers=anew)
    assert wrong["detail"] == "there is no channel 'ops'"
    made = api.client.put(path, json={"text": SLOW}, headers=anew)
    assert (made.status_code, api.get(path)) == (200, {"text": SLOW})
    assert (api.penstock.folder / "alerts" / "other.toml").read_text() == SLOW
    assert api.call("PUT", path, 409, json={"text": SLOW}, headers=anew)["code"] == "file-changed"
    assert api.get("/api/alerts/other")["state"] != "stopped"
    api.call("DELETE", path, 204, headers={"if-match": made.headers["etag"]})
    api.get(path, 404)
    assert "other" not in {one["name"] for one in api.get("/api/alerts")}
    (api.penstock.folder / "alerts" / "new.toml").write_text(SLOW)
    assert api.get("/api/alerts/new", 404)["hint"] == "it is known within two seconds"
    (api.penstock.folder / "alerts" / "new.toml").unlink()
    acts = [record["act"] for record in api.get("/api/audit?act=alert")["changes"]]
    assert acts == ["alert-delete", "alert-save"]
