"""Topics and consumer groups changed over HTTP: what would go is told before, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import penstock
from penstock.core.clock import ManualClock
from penstock.core.errors import StateError
from penstock.project.deletion import delete_topic, loss_of
from penstock.project.rate import Rates
from tests.cli.shell import ORDERS, call, make_project, orders
from tests.parts import until
from tests.project.test_alerts import SLOW, make
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

GROUPED = ORDERS.replace("'topic' = 'orders',", "'topic' = 'orders', 'properties.group.id' = 'billing',")
SLOWED = """\
CREATE TABLE slowed (meeting STRING, ms DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'slowed', 'format' = 'json');
INSERT INTO slowed SELECT * FROM latency WHERE ms > 100;
"""


def test_a_topic_is_altered_and_new_partitions_are_read_by_who_runs(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        changes = {"partitions": 3, "configs": {"retention.ms": "30 d"}}
        altered = served.call("PATCH", "/api/topics/orders", 200, json=changes)
        assert (altered["partitions"], altered["configs"]["retention.ms"]) == (3, "30 d")
        unset = served.call("PATCH", "/api/topics/orders", 200, json={"configs": {"retention.ms": None}})
        assert "retention.ms" not in unset["configs"]
        shrunk = served.call("PATCH", "/api/topics/orders", 422, json={"partitions": 2})
        assert shrunk["detail"] == "topic 'orders' has 3 partitions and cannot have 2: partitions can only grow"
        assert served.call("PATCH", "/api/topics/order", 404, json={})["hint"] == "did you mean orders?"
        served.penstock.log.create_topic("__ours")
        for method, path in (("PATCH", "/api/topics/__ours"), ("POST", "/api/topics/__ours/produce")):
            said = served.call(method, path, 403, json={})
            assert said["detail"] == "topic '__ours' is the system's own: it is not written or deleted from outside"
        made = served.post("/api/topics/orders/produce", {"value": '{"id": 7, "customer": "c"}', "partition": 2}, 201)
        assert made == {"partition": 2, "offset": 0}
        until(lambda: served.get("/api/pipelines/orders")["rows"] == 131, "the new partition is not read")
        assert served.get("/api/pipelines/orders")["lag"] == 0


def test_a_topic_says_who_reads_it_and_how_far_each_is_behind(tmp_path: Path) -> None:
    with serve(tmp_path / "p", sql=GROUPED) as served:
        until(lambda: served.get("/api/topics/orders")["lag"] == 0, "it is not read")
        served.post("/api/pipelines/orders/pause", {})
        served.penstock.append("orders", orders(7, first=130))
        told = served.get("/api/topics/orders")
        assert told["lag"] == 7
        assert told["readers"] == [
            {"name": "orders", "kind": "pipeline", "lag": 7},
            {"name": "billing", "kind": "group", "lag": 7},
        ]
        served.post("/api/pipelines/orders/stop", {})
        lines = {line["name"]: line for line in served.get("/api/topics")}
        assert (lines["orders"]["lag"], lines["revenue"]["lag"]) == (7, None)
        kept = {"retention_ms": 604_800_000, "retention_bytes": None, "compacts": False}
        assert {name: lines["orders"][name] for name in kept} == kept
        changed = served.call("PATCH", "/api/topics/orders", 200, json={"configs": {"retention.bytes": "1000000"}})
        assert (changed["retention_bytes"], changed["lag"]) == (1_000_000, 7)


def test_a_rate_is_of_what_was_appended_since_it_was_looked_at() -> None:
    rates = Rates(100.0)
    assert rates.of("topic", 5_000, 160.0, from_zero=False) == 0
    assert rates.of("topic", 5_001, 160.001, from_zero=False) == 0  # too soon to say
    assert rates.of("topic", 5_050, 165.0, from_zero=False) == 10
    assert rates.of("rows", 50, 105.0) == 10


def test_a_record_by_hand_is_checked_as_its_table_reads_it(tmp_path: Path) -> None:
    with serve(tmp_path / "p", rows=0) as served:
        wrong = served.post("/api/topics/orders/produce", {"value": '{"id": "x"}'}, 422)
        assert (wrong["code"], wrong["detail"]) == (
            "json-value",
            'table orders cannot read it: column id: "x" is not a BIGINT',
        )
        bad = {"value": '{"id": "x"}', "checked": False, "headers": {"by": "hand"}, "key_base64": "azE="}
        assert served.post("/api/topics/orders/produce", bad, 201) == {"partition": 0, "offset": 0}
        until(lambda: served.penstock.rejects().height == 1, "it is no reject")
        (record,) = served.get("/api/topics/orders/records")["records"]
        assert (record["key"], record["headers"]) == ("k1", {"by": "hand"})
        broken = served.post("/api/topics/orders/produce", {"value_base64": "?"}, 400)
        assert broken["detail"] == "value_base64 is no base64"
        results = served.post("/api/topics/revenue/produce", {"value": "{}"}, 409)
        assert results["code"] == "topic-written"


def test_deleting_needs_the_token_that_came_with_what_would_go(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        served.post("/api/topics", {"name": "clicks"}, 201)
        for _ in range(3):
            served.post("/api/topics/clicks/produce", {"value": "12345"}, 201)
        unsaid = served.call("DELETE", "/api/topics/clicks", 428)
        assert unsaid["detail"] == "this deletes 3 rows (15 bytes) of topic 'clicks'"
        assert unsaid["hint"] == "ask what would go, and give its token: GET /api/topics/clicks/loss"
        loss = served.get("/api/topics/clicks/loss")
        assert (loss["rows"], loss["bytes"], loss["pipelines"], loss["groups"]) == (3, 15, [], [])
        served.post("/api/topics/clicks/produce", {"value": "1"}, 201)
        changed = served.call("DELETE", f"/api/topics/clicks?token={loss['token']}", 409)
        assert changed["detail"] == (
            "the token is older than 60 s, or something has changed: this deletes 4 rows (16 bytes) of topic 'clicks'"
        )
        for token in ("x", "1.2", "9" * 60):
            assert served.call("DELETE", f"/api/topics/clicks?token={token}", 409)["code"] == "topic-confirm"
        token = served.get("/api/topics/clicks/loss")["token"]
        assert served.call("DELETE", f"/api/topics/clicks?token={token}", 200)["rows"] == 4
        assert served.call("DELETE", f"/api/topics/clicks?token={token}", 404)["code"] == "topic-unknown"


def test_a_token_is_good_for_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with penstock.open(make_project(tmp_path / "p")) as project:
        project.log.create_topic("clicks")
        clock = ManualClock(1_800_000_000_000)
        monkeypatch.setattr(project, "clock", clock)
        token = loss_of(project, "clicks").token
        clock.advance(60_000)
        with pytest.raises(StateError, match="the token is older than 60 s"):
            delete_topic(project, "clicks", token)
        assert [t.name for t in project.log.topics()] == ["clicks"]
        token = loss_of(project, "clicks").token
        clock.advance(59_999)
        assert delete_topic(project, "clicks", token).topic == "clicks"


def test_what_retention_would_take_is_said_before_it_is_lowered(tmp_path: Path) -> None:
    with serve(tmp_path / "p", rows=0) as served:
        served.post("/api/topics", {"name": "clicks", "configs": {"retention.ms": "-1"}}, 201)
        for _ in range(4):
            served.post("/api/topics/clicks/produce", {"value": "12345"}, 201)

        def alter(status: int, token: str = "", **configs: str | None) -> Any:
            return served.call("PATCH", "/api/topics/clicks", status, json={"configs": configs, "token": token})

        assert alter(200, **{"retention.ms": "1 d"})["configs"] == {"retention.ms": "1 d"}, "nothing goes by that"
        unsaid = alter(428, **{"retention.bytes": "10"})
        assert unsaid["detail"] == "this takes 2 rows (10 bytes) of topic 'clicks'"
        assert unsaid["hint"] == "ask what would go, and give its token: GET /api/topics/clicks/loss?config=K=V"
        loss = served.get("/api/topics/clicks/loss?config=retention.bytes%3D10")
        assert (loss["rows"], loss["bytes"], loss["pipelines"], loss["alerts"]) == (2, 10, [], [])
        assert alter(409, loss["token"], **{"retention.bytes": "5"})["detail"].endswith(
            "takes 3 rows (15 bytes) of topic 'clicks'"
        )
        assert (
            alter(409, served.get("/api/topics/clicks/loss")["token"], **{"retention.bytes": "10"})["code"]
            == "topic-confirm"
        )
        alter(200, loss["token"], **{"retention.bytes": "10"})
        assert served.penstock.log.upkeep.retain(served.penstock.log.topic("clicks")) == 2
        (told,) = served.get("/api/audit?act=topic-alter&limit=1")["changes"]
        assert told["more"] == {"lost": {"rows": 2, "bytes": 10}}
        assert (
            served.get("/api/topics/clicks/loss?config=retention", 400)["detail"] == "a config is K=V, not 'retention'"
        )
        assert served.get("/api/topics/clicks/loss?config=retention.s=1", 404)["code"] == "option-unknown"


def test_rules_that_stand_on_a_topic_or_pipeline_are_named(tmp_path: Path) -> None:
    over = SLOW.replace('table = "latency"', 'query = "SELECT * FROM slowed"')
    folder = make(tmp_path / "p", slow=over, direct=SLOW)
    (folder / "sql" / "slowed.sql").write_text(SLOWED)
    with serve(folder, rows=0) as served:
        assert served.get("/api/topics/latency/loss")["alerts"] == ["direct", "slow"]
        assert served.get("/api/topics/slowed/loss")["alerts"] == ["slow"]
        stopped = served.post("/api/pipelines/slowed/stop", {})
        assert stopped["remarks"][1:] == ["alerts get nothing from it meanwhile: slow"]
        assert "alerts get nothing" not in str(served.post("/api/pipelines/calls/stop", {})["remarks"])


def test_a_group_is_moved_by_end_offset_shift_and_time_when_nobody_uses_it(tmp_path: Path) -> None:
    with serve(tmp_path / "p", sql=GROUPED) as served:
        until(lambda: served.get("/api/groups") != [] and served.get("/api/groups/billing")["lag"] == 0, "no group")
        (group,) = served.get("/api/groups")
        assert (group["group"], group["topics"], group["pipelines"]) == ("billing", ["orders"], ["orders"])
        assert served.get("/api/groups/billing")["partitions"][0]["offset"] == 130
        refused = served.post("/api/groups/billing/reset", {"topic": "orders", "to": "earliest"}, 409)
        assert (refused["code"], refused["hint"]) == (
            "group-in-use",
            "stop it first: penstock pipeline stop DIR orders",
        )
        preview = served.post("/api/groups/billing/reset/preview", {"topic": "orders", "shift": -20})
        served.post("/api/pipelines/orders/stop", {})

        def moved(**to: object) -> object:
            return served.post("/api/groups/billing/reset", {"topic": "orders", **to})

        assert preview == [{"partition": 0, "before": 130, "after": 110}]
        assert moved(to="earliest") == [{"partition": 0, "before": 130, "after": 0}]
        assert moved(offsets={"0": 50}) == [{"partition": 0, "before": 0, "after": 50}]
        assert moved(shift=-20) == [{"partition": 0, "before": 50, "after": 30}]
        assert moved(time="2100-01-01") == [{"partition": 0, "before": 30, "after": 130}]
        assert moved(time="2000-01-01") == [{"partition": 0, "before": 130, "after": 0}]
        none = served.post("/api/groups/billing/reset", {"topic": "orders"}, 422)
        assert (none["code"], none["detail"]) == ("group-reset", "a reset needs exactly one target")
        both = {"topic": "orders", "to": "latest", "offsets": {"0": 1}}
        assert (
            served.post("/api/groups/billing/reset", both, 400)["detail"] == "a reset has `to` or `offsets`, not both"
        )
        assert served.post("/api/groups/billing/reset", {"topic": "orders", "offsets": {"0": 999}}, 422)["code"] == (
            "offset-out-of-range"
        )
        assert served.post("/api/groups/billing/reset", {"topic": "orders", "time": "soon"}, 422)["code"] == (
            "record-place"
        )
        served.call("DELETE", "/api/groups/billing", 204)
        assert served.get("/api/groups/billing", 404)["code"] == "group-unknown"


def test_commands_move_a_group_either_way(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", GROUPED)
    with serve(folder) as served:
        until(lambda: served.get("/api/groups") != [] and served.get("/api/groups/billing")["lag"] == 0, "no group")
        assert "billing" in call("group", "list", folder).out
        refused = call("group", "reset", folder, "billing", "orders", "--to", "earliest")
        assert refused.err.startswith("error[group-in-use]: pipeline orders reads as group 'billing'\n")
        served.post("/api/pipelines/orders/stop", {})
        there = call("group", "reset", folder, "billing", "orders", "--offset", "0=10", "--format", "json")
        assert there.out == '{"partition":0,"before":130,"after":10}\n'
        assert there.err == "pipeline orders goes on from its checkpoint, not from its group\n"
        asked = call("group", "reset", folder, "billing", "orders", "--to", "latest", "--preview", "--format", "json")
        assert asked.out == '{"partition":0,"before":10,"after":130}\n'
    alone = call("group", "reset", folder, "billing", "orders", "--shift=-4", "--format", "json")
    assert alone.out == '{"partition":0,"before":10,"after":6}\n'
    described = call("group", "describe", folder, "billing", "--format", "json")
    assert '"offset":6,"end":130,"lag":124' in described.out
    assert call("group", "delete", folder, "billing").out == "group billing is forgotten\n"
    wrong = call("group", "reset", folder, "billing", "orders", "--offset", "x")
    assert "--offset takes P=N such as 0=1200, not 'x'" in wrong.err
    several = call("group", "reset", folder, "billing", "orders", "--to", "latest", "--shift", "1")
    assert "say where to: one of --to, --offset, --shift, --time" in several.err
