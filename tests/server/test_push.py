"""Push: snapshots, changes with their places, open windows, answers, figures; and what is refused."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from penstock.incidents import INCIDENTS, ensure_incidents
from penstock.incidents.incident import record_of
from penstock.jobs.run import Run
from penstock.jobs.runs import Change
from penstock.project.opened import open_rows
from penstock.server.push.edits import edits
from tests.cli.shell import ORDERS, orders
from tests.parts import until
from tests.server.served import Served, serve
from tests.server.watching import Events, Table, followed, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.opened import Opened
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table as SqlTable

STOCK = """
CREATE TABLE stock (item STRING, place STRING, n BIGINT, PRIMARY KEY (item) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'stock', 'key.format' = 'json', 'value.format' = 'json');
CREATE VIEW late_orders AS SELECT id FROM orders WHERE id >= 100;
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "shop", sql=ORDERS + STOCK) as served:
        with watching(served.serving.url) as client:
            client.subscribe(table="revenue")
            seen = Table()
            while len(seen.rows) < 2:  # until the first commit is done
                seen.take(client.next("snapshot", "changes"))
        yield served


def places_in_log(served: Served, topic: str) -> list[int]:
    """The places of all records of a topic."""
    return [seq for f in served.penstock.log.read(topic, columns=("seq",)) for seq in f["seq"].to_list()]


def ended(served: Served, item: str) -> None:
    """The row of an item of `stock` ends."""
    tombstone = {"key": [json.dumps({"item": item}).encode()], "value": pl.Series([None], dtype=pl.Binary)}
    served.penstock.log.append("stock", pl.DataFrame(tombstone))


# -- tables ----------------------------------------------------------------------------------------


def test_a_table_is_sent_whole_and_then_as_it_changes(live: Served) -> None:
    with watching(live.serving.url) as client:
        assert client.hello["protocol"] == 1
        channel = client.subscribe(table="orders", limit=1000)["channel"]
        seen = Table()
        seen.take(client.next("snapshot", channel=channel))
        assert len(seen.rows) == 130
        assert seen.rows[0] == [0, "c0", None, "2025-01-01 00:00:00.000"]
        for first in (130, 140):
            live.penstock.append("orders", orders(10, first))
            while len(seen.rows) < first + 10:
                seen.take(client.next("changes", channel=channel))
        assert [row[0] for row in seen.rows] == list(range(150))
        assert seen.places == places_in_log(live, "orders")[130:]


def test_a_keyed_table_has_a_row_for_each_key(live: Served) -> None:
    live.penstock.append("stock", [{"item": "a", "place": "x", "n": 1}, {"item": "b", "place": "x", "n": 2}])
    with watching(live.serving.url) as client:
        client.subscribe(table="stock", columns=["n"], where={"place": "x"})
        snapshot = client.next("snapshot")
        assert snapshot["key"] == ["item"]
        assert snapshot["rows"] == [["a", 1], ["b", 2]]
        live.penstock.append("stock", [{"item": "a", "place": "y", "n": 5}, {"item": "b", "place": "x", "n": 6}])
        ended(live, "b")
        seen = Table()
        seen.take(snapshot)
        while seen.rows:
            seen.take(client.next("changes"))
        assert len(seen.places) == 3


def test_equal_subscriptions_have_one_channel_and_each_message_once(live: Served) -> None:
    with watching(live.serving.url) as client:
        first, second = (client.subscribe(id_, table="revenue")["channel"] for id_ in "ab")
        assert first == second
        client.next("snapshot")
        seen = Table()
        seen.take(client.next("snapshot"))
        live.penstock.append("orders", orders(200, 130))
        while len(seen.rows) < 5:
            seen.take(client.next("changes"))
        client.send(type="unsubscribe", id="a")
        client.next("unsubscribed", id="a")
        live.penstock.append("orders", orders(60, 330))
        seen.take(client.next("changes"))
        assert len(seen.rows) == len(seen.places) + 2 == 6
        client.send(type="ping", id="p")
        while (message := client.any())["type"] != "pong":
            assert message["type"] != "changes"


def test_fifty_viewers_are_one_computation(live: Served) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        clients = [stack.enter_context(watching(live.serving.url)) for _ in range(50)]
        for client in clients:
            client.subscribe(query="SELECT count(*) AS n FROM orders")
            assert client.next("snapshot")["rows"] == [[130]]
        asked = live.penstock.questions.seconds
        assert asked.read().count == 1
        live.penstock.append("orders", orders(1, 130))
        assert len({json.dumps(client.next("changes")) for client in clients}) == 1
        assert asked.read().count == 2


def test_an_event_id_keeps_the_place_of_a_subscription_with_nothing_new(live: Served) -> None:
    both = ({"table": "orders"}, {"table": "stock"})
    with followed(live.serving.url, *both) as stream:
        stream.next("snapshot")
        stream.next("snapshot")
        orders_at, stock_at = stream.last_id.split(",")
    with followed(live.serving.url, *both, last_id=stream.last_id) as again:
        live.penstock.append("stock", [{"item": "a", "place": "x", "n": 1}])
        changes = again.next("snapshot", "changes")
        assert (changes["type"], changes["after"]) == ("changes", stock_at)
        assert again.last_id.split(",") == [orders_at, changes["position"]]


# -- open windows, answers, figures ----------------------------------------------------------------


def test_an_open_window_fills_and_closes_into_the_table(live: Served) -> None:
    with watching(live.serving.url) as client:
        client.subscribe("o", open="revenue")
        opened = client.next("open")
        assert opened["final"] is False
        assert opened["rows"] == [["2025-01-01 00:03:00.000", 10, None]]
        client.subscribe("t", table="revenue")
        client.next("snapshot")
        live.penstock.append("orders", orders(5, 130))
        assert client.next("open")["rows"] == [["2025-01-01 00:03:00.000", 15, None]]
        live.penstock.append("orders", orders(60, 135))
        (change,) = client.next("changes")["changes"]
        assert change[2] == ["2025-01-01 00:03:00.000", 60, None]
        while client.next("open")["rows"] != [["2025-01-01 00:04:00.000", 15, None]]:
            continue


def test_subscriptions_to_the_open_windows_of_a_table_look_at_them_once(
    live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def counted(penstock: Penstock, table: SqlTable) -> Opened:
        looks.append(table.name)
        return open_rows(penstock, table)

    monkeypatch.setattr("penstock.server.push.opens.open_rows", counted)
    with watching(live.serving.url) as client:
        for id_, limit in (("a", 10), ("b", 20), ("c", 30)):
            channel = client.subscribe(id_, open="revenue", limit=limit)["channel"]
            assert client.next("open", channel=channel)["rows"] == [["2025-01-01 00:03:00.000", 10, None]]
        assert looks == ["revenue"]
        live.penstock.append("orders", orders(5, 130))
        assert client.next("open")["rows"] == [["2025-01-01 00:03:00.000", 15, None]]
        assert len(looks) > 1


def test_an_answer_changes_by_edits_that_keep_its_order(live: Served) -> None:
    with watching(live.serving.url) as client:
        client.subscribe(query="SELECT customer, count(*) AS n FROM orders GROUP BY 1 ORDER BY n DESC, 1")
        rows = client.next("snapshot")["rows"]
        assert rows == [["c0", 44], ["c1", 43], ["c2", 43]]
        live.penstock.append("orders", [o for o in orders(9, 130) if o["customer"] == "c2"][:2])
        for kind, at, row in client.next("changes")["changes"]:
            if kind == "-D":
                del rows[at]
            elif kind == "+U":
                rows[at] = row
            else:
                rows.insert(at, row)
        assert rows == [["c2", 45], ["c0", 44], ["c1", 43]]


def test_an_answer_that_is_the_same_again_is_resumed(live: Served) -> None:
    question = "SELECT max(id) AS m FROM orders"
    with watching(live.serving.url) as client:
        client.subscribe(query=question)
        position = client.next("snapshot")["position"]
    with watching(live.serving.url) as client:
        assert client.subscribe(query=question, position=position)["resumed"]
        live.penstock.append("orders", orders(1, 500))
        changes = client.next("changes")
        assert changes["after"] == position
        assert changes["changes"] == [["+U", 0, [500]]]


def test_questions_are_told_apart_by_their_parameters(live: Served) -> None:
    question = "SELECT count(*) AS n FROM orders WHERE id < $below"
    with watching(live.serving.url) as client:
        first = client.subscribe("a", query=question, parameters={"below": 10})
        assert client.next("snapshot", channel=first["channel"])["rows"] == [[10]]
        second = client.subscribe("b", query=question, parameters={"below": 20})
        assert client.next("snapshot", channel=second["channel"])["rows"] == [[20]]
        assert client.subscribe("c", query=question, parameters={"below": 10})["channel"] == first["channel"]


def test_one_and_true_are_different_parameters(live: Served) -> None:
    with watching(live.serving.url) as client:
        for id_, value in (("a", 1), ("b", True), ("c", 1.0)):
            channel = client.subscribe(id_, query="SELECT $x AS x", parameters={"x": value})["channel"]
            (row,) = client.next("snapshot", channel=channel)["rows"]
            assert json.dumps(row) == json.dumps([value])


def test_what_nobody_waits_for_any_more_is_not_kept(live: Served) -> None:
    hub = live.serving.app.state.hub
    hub.limits = replace(hub.limits, linger=0.0, feeds=3)
    others = hub.watching().feeds  # what was watched before is kept for as long as was said then
    with watching(live.serving.url) as client:
        for number in range(20):
            client.send(type="subscribe", id="a", query=f"SELECT {number}")
            client.send(type="unsubscribe", id="a")
            client.next("unsubscribed")
            until(lambda: hub.watching().feeds <= others, "a feed that nobody watches is still kept")


def test_a_saved_query_is_watched_with_its_parameters(live: Served) -> None:
    queries = live.penstock.folder / "queries"
    queries.mkdir()
    (queries / "of.sql").write_text(
        "-- @param customer STRING\nSELECT id FROM orders WHERE customer = $customer ORDER BY id DESC"
    )
    with watching(live.serving.url) as client:
        client.subscribe(saved="of", parameters={"customer": "c1"}, limit=2)
        snapshot = client.next("snapshot")
        assert (snapshot["rows"], snapshot["complete"]) == ([[127], [124]], False)
        live.penstock.append("orders", orders(3, 130))
        assert client.next("changes")["changes"] == [["+I", 0, [130]], ["-D", 2, None]]
        client.send(type="subscribe", id="b", saved="of", parameters={"customer": 1, "n": 1})
        assert client.next("error", id="b")["error"]["detail"] == "query 'of' has no parameter 'n'"


def test_a_view_is_watched_by_a_query(live: Served) -> None:
    with watching(live.serving.url) as client:
        assert client.refused(table="late_orders")["hint"] == 'watch "query": "SELECT * FROM late_orders"'
        client.subscribe("v", query="SELECT * FROM late_orders")
        assert client.next("snapshot")["rows"] == [[n] for n in range(100, 130)]
        live.penstock.append("orders", orders(1, 130))
        assert client.next("changes")["changes"] == [["+I", 30, [130]]]


def test_figures_come_by_themselves(live: Served) -> None:
    with watching(live.serving.url) as client:
        client.subscribe(metrics=["pipelines"])
        (first,) = client.next("metrics")["pipelines"]
        assert first["pipeline"] == "orders"
        assert first["state"] == "running"
        live.penstock.append("orders", orders(20, 130))
        while (found := client.next("metrics")["pipelines"][0])["rows"] < 150 or found["lag"]:
            continue
        stopped = live.post("/api/pipelines/orders/stop", {})
        while (found := client.next("metrics")["pipelines"][0])["state"] != "stopped":
            continue
        assert found["epoch"] == stopped["epoch"] > 0


def test_incidents_and_runs_are_news_and_runs_change_answers(shop: Served) -> None:
    penstock = shop.penstock
    run = Run("keep-20260101T000000Z-x", "keep", "success", "hand", "kim", 0, 0, 0, ended=0)
    with watching(shop.serving.url) as client:
        of = {name: client.subscribe(name, news=name)["channel"] for name in ("incidents", "runs")}
        for channel in of.values():
            client.next("news", channel=channel)
        client.subscribe("q", query="SELECT state FROM penstock.runs")
        assert client.next("snapshot")["rows"] == []
        penstock.jobs.runs.change(lambda _: Change([run]))
        assert client.next("changes")["changes"] == [["+I", 0, ["success"]]]
        ensure_incidents(penstock.log)
        penstock.log.append(INCIDENTS, pl.DataFrame([record_of({"id": "x", "state": "acknowledged"})]))
        assert client.next("news", channel=of["incidents"])["news"] == "incidents"
    with watching(shop.serving.url) as client:
        client.subscribe(news="runs")
        client.next("news")
        penstock.jobs.runs.change(lambda _: Change([replace(run, id=f"{run.id}y")]))
        assert client.next("news")["news"] == "runs"


def test_the_simple_form(live: Served) -> None:
    with watching(live.serving.url) as client:

        def values_told() -> dict[str, Any]:
            while "type" in (told := client.any()):  # a sign of life
                continue
            return told

        client.send(action="subscribe", metrics=["orders", "revenue"])
        values = values_told()
        assert values.pop("timestamp") > 0
        assert values == {
            "orders": 60,
            "revenue": {"window_end": "2025-01-01 00:02:00.000", "orders": 60, "amount": None},
        }
        live.penstock.append("orders", orders(90, 130))
        while values_told()["revenue"]["window_end"] != "2025-01-01 00:03:00.000":
            continue
        for names in (["orders"], ["amount"], ["revenue"]):
            client.send(action="subscribe", metrics=names)
        while set(values_told()) != {"revenue", "timestamp"}:
            continue
        live.penstock.append("orders", orders(60, 220))
        assert set(values_told()) == {"revenue", "timestamp"}
        client.send(action="subscribe", metrics=["revenu"])
        assert client.next("error")["error"]["detail"] == "no pipeline writes a table or column 'revenu'"


@given(st.lists(st.sampled_from("abcdefgh"), max_size=12), st.lists(st.sampled_from("abcdefgh"), max_size=12))
def test_edits_lead_from_one_list_to_the_other(before: list[str], after: list[str]) -> None:
    rows = [json.dumps(row).encode() for row in before]
    wanted = [json.dumps(row).encode() for row in after]
    found = edits(rows, wanted)
    if found is None:
        return
    for kind, at, row in found:
        if kind == "-D":
            del rows[at]
        elif kind == "+U":
            rows[at] = orjson.dumps(row)
        else:
            rows.insert(at, orjson.dumps(row))
    assert rows == wanted


# -- refusals --------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"table": "revenu"}, "there is no table or view 'revenu'"),
    ({"table": "revenue", "columns": ["amoun"]}, "table 'revenue' has no column 'amoun'"),
    ({"table": "revenue", "where": {"order": 1}}, "table 'revenue' has no column 'order'"),
    ({"table": "revenue", "where": {"orders": "x"}}, 'where.orders is ["x"], the column is BIGINT'),
    ({"table": "revenue", "limit": 0}, "limit is a number from 1 to 10,000"),
    ({"table": "revenue", "since": 1}, "a subscription to table has no 'since'"),
    ({"table": "revenue", "query": "SELECT 1"}, "a subscription names one thing to watch, this names table and query"),
    ({}, "a subscription names one thing to watch, this names none"),
    ({"table": ""}, "table is a text"),
    ({"table": "revenue", "columns": "orders"}, "columns is a list of 0 to 256 names"),
    ({"table": "revenue", "where": []}, "where is an object: a column, and the value or values that fit"),
    ({"table": "revenue", "where": {"orders": {}}}, "where.orders is a value or a list of at most 256"),
    ({"table": "revenue", "position": 7}, "position is a text that the server has sent"),
    ({"open": "orders"}, "no pipeline writes into 'orders'"),
    ({"query": "DROP TABLE orders"}, "a question is a SELECT, this is DROP"),
    ({"query": "SELECT * FROM read_csv('/etc/passwd')"}, "a question cannot read from read_csv"),
    ({"query": "SELECT $n", "parameters": {"n": []}}, "parameters.n is a text, a number, true, false or null"),
    ({"saved": "none"}, "there is no query 'none'"),
    ({"metrics": ["order"]}, "there is no pipeline 'order'"),
    ({"news": "incident"}, "there is no news of 'incident'"),
    ({"metrics": []}, "metrics is a list of 1 to 256 names"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_refused_leaves_the_connection_as_it_was(shop: Served, request_: dict[str, Any], words: str) -> None:
    with watching(shop.serving.url) as client:
        assert words in client.refused(**request_)["detail"]
        client.send(type="ping", id="p")
        client.next("pong")


def test_more_subscriptions_than_a_client_may_have(shop: Served) -> None:
    with watching(shop.serving.url) as client:
        for number in range(client.hello["limits"]["subscriptions"]):
            client.subscribe(str(number), metrics=["pipelines"])
            client.next("metrics")
        assert client.refused(table="revenue")["detail"] == "a client has 64 subscriptions at most"
        client.send(type="subscribe", id="0", table="revenue")
        assert client.next("error")["error"]["detail"] == "there is a subscription '0' already"


HOSTILE: list[tuple[list[str | bytes], int]] = [
    ([b"\x00\xff"], 1003),
    (["x" * 70_000], 1009),
    (["{"] * 10, 4400),
    (["[]"] * 10, 4400),
    (['{"type": "drop"}'] * 10, 4400),
    (["[" * 60_000] * 10, 4400),
    (['{"type": "ping", "id": 7}'] * 10, 4400),
    (['{"action": "explode"}'] * 10, 4400),
    (['{"type": "ping", "id": "p"}'] * 300, 4429),
]


@pytest.mark.parametrize(("messages", "code"), HOSTILE, ids=[f"{str(m[0])[:20]}" for m, _ in HOSTILE])
def test_hostile_messages_end_the_connection_with_a_code(
    shop: Served, monkeypatch: pytest.MonkeyPatch, messages: list[str | bytes], code: int
) -> None:
    hub = shop.serving.app.state.hub
    monkeypatch.setattr(hub, "limits", replace(hub.limits, requests_per_second=1))  # however slow the machine is
    with watching(shop.serving.url) as client:
        with pytest.raises(ConnectionClosed) as closed:
            for message in messages:
                client.connection.send(message)
            while True:
                client.connection.recv(180)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Origin", "http://evil.example", 403), ("Host", "evil.example", 421), ("X-Forwarded-For", "1.2.3.4", 403)],
)
def test_a_foreign_page_is_not_let_in(shop: Served, header: str, value: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, watching(shop.serving.url, additional_headers={header: value}):
        pass
    assert refused.value.response.status_code == status


# -- server-sent events ----------------------------------------------------------------------------


def test_events_have_the_same_messages(live: Served) -> None:
    with followed(live.serving.url, {"table": "revenue"}, {"query": "SELECT max(id) AS m FROM orders"}) as events:
        assert events.next("hello")["project"] == "shop"
        assert events.retry == 1000
        assert [events.next("subscribed")["id"] for _ in range(2)] == ["0", "1"]
        live.penstock.append("orders", orders(60, 130))
        found = {events.next("changes")["channel"] for _ in range(2)}
        assert len(found) == 2


def test_who_hangs_up_before_the_first_event_is_let_go(live: Served) -> None:
    hub = live.serving.app.state.hub
    slow = json.dumps({"query": "SELECT count(*) FROM range(3000) a, range(3000) b, range(20) c"})
    with socket.create_connection(("127.0.0.1", live.serving.port)) as client:
        client.sendall(f"GET /api/stream?subscribe={quote(slow)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: hub.viewers, "nobody watches")
    until(lambda: not hub.viewers, "it is not let go")


@pytest.mark.parametrize(
    ("subscribe", "status", "code"),
    [
        ("{", 400, "push-json"),
        ('{"table": "revenu"}', 422, "sql-unknown-table"),
        ('{"query": "DROP TABLE orders"}', 422, "query-not-select"),
        (None, 400, "request-form"),
    ],
)
def test_a_stream_that_cannot_be_is_answered_as_a_problem(
    shop: Served, subscribe: str | None, status: int, code: str
) -> None:
    answer = httpx.get(f"{shop.serving.url}api/stream", params={"subscribe": subscribe} if subscribe else {})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_server_ends_and_tells_its_viewers(tmp_path: Path) -> None:
    with (
        serve(tmp_path / "shop") as served,
        watching(served.serving.url) as client,
        followed(served.serving.url, {"table": "revenue"}) as events,
    ):
        client.subscribe(table="revenue")
        events.next("snapshot")
        served.serving.stop()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.connection.recv(180)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with pytest.raises(EOFError):
            read_all(events)


def read_all(events: Events) -> None:
    while True:
        events.any()
