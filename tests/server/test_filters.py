"""Row filters: each way in which rows come out of a project, asked by somebody who may see a part of them only."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from tests.cli.shell import ORDERS, make_project, orders
from tests.parts import until
from tests.server.guarded import PASSWORD, Guarded, guard
from tests.server.test_access import closing_code
from tests.server.watching import Events, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SQL = (
    ORDERS
    + """
CREATE TABLE copies (customer STRING, id BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE latest (customer STRING, orders BIGINT, PRIMARY KEY (customer) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'raw', 'value.format' = 'json');
CREATE TABLE codes (customer STRING, code STRING) WITH (
  'connector' = 'kafka', 'topic' = 'codes', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW seconds AS SELECT customer, id, ts FROM orders WHERE id > 0;
CREATE VIEW per_minute AS SELECT window_end, customer, COUNT(*) AS orders
FROM TABLE(TUMBLE(TABLE seconds, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, customer;
CREATE VIEW sums AS SELECT orders FROM revenue;
INSERT INTO latest SELECT customer, COUNT(*) FROM orders GROUP BY customer;
"""
)
SAVED = (
    "-- @param least BIGINT = '0'\nSELECT customer, count(*) AS n FROM orders WHERE id >= $least GROUP BY customer\n"
)
REJECTED = b'{"id": "none", "customer": "c2"}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """130 orders of customers c0, c1 and c2; vera may see those of c1. What she may not see has c0 or c2 in it."""
    folder = make_project(tmp_path_factory.mktemp("filters") / "shop", sql=SQL)
    (folder / "alerts").mkdir()
    (folder / "alerts" / "orders.toml").write_text('table = "orders"\nkey = ["customer"]\ntitle = "of {customer} ."\n')
    with guard(folder, engine=True, rows=130) as found:
        (folder / "queries").mkdir()
        (folder / "queries" / "customers.sql").write_text(SAVED)
        found.penstock.append("codes", pl.DataFrame({"value": [b'{"customer": "c2", "code": "x"}']}))
        found.penstock.append("orders", pl.DataFrame({"value": [REJECTED]}))
        found.penstock.accounts.set_filter("vera", "orders", {"customer": ["c1"]})
        until(lambda: found.penstock.rejects().height == 3, "the bad row is not rejected by all that read it")
        yield found


@pytest.fixture(scope="module")
def vera(served: Guarded) -> Iterator[httpx.Client]:
    with served.logged_in("vera") as client:
        yield client


def rows(client: httpx.Client, sql: str, **more: Any) -> Any:
    answer = client.post("/api/query", json={"sql": sql, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


ORDERS_OF_C1 = len(range(1, 130, 3))

SEEN = {
    "SELECT DISTINCT customer FROM orders": [["c1"]],
    "SELECT count(*) FROM orders": [[ORDERS_OF_C1]],
    'SELECT count(*) FROM "orders"': [[ORDERS_OF_C1]],
    "SELECT count(*) FROM default_database.orders": [[ORDERS_OF_C1]],
    "SELECT count(*) FROM (SELECT id FROM orders)": [[ORDERS_OF_C1]],
    "SELECT count(*) FROM orders WHERE customer = 'c2' OR TRUE": [[ORDERS_OF_C1]],
    "WITH o AS (SELECT * FROM orders) SELECT count(*) FROM o AS a JOIN o AS b USING (id)": [[ORDERS_OF_C1]],
    "SELECT count(*) FROM orders AS a FULL JOIN orders AS b ON FALSE": [[2 * ORDERS_OF_C1]],
    "SELECT (SELECT min(customer) FROM orders), (SELECT max(customer) FROM orders)": [["c1", "c1"]],
    "SELECT count(*), min(customer), max(customer) FROM seconds": [[ORDERS_OF_C1, "c1", "c1"]],
    "SELECT DISTINCT customer, orders FROM per_minute": [["c1", 20]],
    'SELECT DISTINCT customer FROM "per_minute$open"': [["c1"]],
    "SELECT * FROM codes": [["c2", "x"]],
    "SELECT count(*) FROM orders JOIN codes USING (customer)": [[0]],
}


@pytest.mark.parametrize("sql", SEEN)
def test_a_question_is_answered_from_the_rows_that_are_left(vera: httpx.Client, sql: str) -> None:
    assert rows(vera, sql) == SEEN[sql]


CLOSED = {
    "SELECT * FROM revenue": "table 'revenue' is closed to you: it is made of rows of which you may see a part only",
    "SELECT count(*) FROM latest": "table 'latest' is closed to you",
    "SELECT * FROM copies": "table 'copies' is closed to you",
    "SELECT * FROM sums": "table 'revenue' is closed to you",
    'SELECT * FROM "revenue$open"': "table 'revenue' is closed to you",
    'SELECT * FROM "latest$open"': "table 'latest' is closed to you",
    'SELECT * FROM "sums$open"': "table 'revenue' is closed to you",
    "SELECT * FROM orders, revenue": "table 'revenue' is closed to you",
    "SUMMARIZE revenue": "table 'revenue' is closed to you",
    "SELECT raw FROM penstock.rejects": "penstock.rejects is closed to you: it has rows of all tables",
    "SELECT * FROM penstock.late": "penstock.late is closed to you",
    "SELECT * FROM penstock.runs": "penstock.runs is closed to you",
    "SELECT * FROM penstock.run_steps": "penstock.run_steps is closed to you",
    "SELECT * FROM penstock.run_log": "penstock.run_log is closed to you",
    "SELECT * FROM quality_results": "penstock.quality_results is closed to you",
    "SELECT * FROM staging.nothing": "table 'staging.nothing' of the warehouse is closed to you: it may be",
    "SELECT * FROM pipeline_executions": "table 'pipeline_executions' of the warehouse is closed to you",
}


@pytest.mark.parametrize("sql", CLOSED)
def test_what_is_made_of_the_others_is_closed(vera: httpx.Client, sql: str) -> None:
    answer = vera.post("/api/query", json={"sql": sql})
    assert (answer.status_code, answer.json()["code"]) == (403, "query-closed"), answer.text
    assert answer.json()["detail"].startswith(CLOSED[sql])


@pytest.mark.parametrize("name", ["orders$whole", "default_database.orders$whole", "default_catalog"])
def test_no_name_leads_around_it(vera: httpx.Client, name: str) -> None:
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    answer = vera.post("/api/query", json={"sql": f"SELECT * FROM {quoted}"})
    assert answer.json()["code"] == "query-unknown-table"


def test_statistics_and_exports_have_the_rows_that_are_left(vera: httpx.Client) -> None:
    told = rows(vera, "SUMMARIZE orders")
    assert [one[2:4] for one in told if one[0] == "customer"] == [["c1", "c1"]]
    headers = {"accept": "application/vnd.apache.arrow.stream"}
    exported = vera.post("/api/query", json={"sql": "SELECT customer FROM orders"}, headers=headers)
    assert set(pl.read_ipc_stream(io.BytesIO(exported.content))["customer"]) == {"c1"}


def test_pages_of_a_table_have_the_rows_that_are_left(vera: httpx.Client) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = vera.get("/api/tables/orders/rows", params={"limit": 20, "cursor": cursor}).json()
        seen += page["rows"]
        cursor = page["next"]
    assert len(seen) == ORDERS_OF_C1
    assert {row[1] for row in seen} == {"c1"}
    for path in ("/api/tables/revenue/rows", "/api/tables/revenue/rows?open=true", "/api/tables/latest/rows"):
        assert vera.get(path).json()["code"] == "query-closed"


@pytest.mark.parametrize("path", ["jobs", "runs", "quality", "quality/rows"])
def test_jobs_and_quality_are_closed_as_a_whole(vera: httpx.Client, path: str) -> None:
    answer = vera.get(f"/api/{path}")
    assert (answer.status_code, answer.json()["code"]) == (403, "request-right")
    assert (answer.json()["detail"], answer.json()["hint"]) == (
        "this is closed to vera: it has rows of all tables, of some of which a part may be seen only",
        "an admin can take the filters away",
    )


def test_a_saved_query_has_its_callers_rights(served: Guarded, vera: httpx.Client) -> None:
    assert vera.get("/api/queries/customers?least=3").json()["rows"] == [["c1", ORDERS_OF_C1 - 1]]
    with served.logged_in("otto") as otto:
        assert len(otto.get("/api/queries/customers").json()["rows"]) == 3
    with served.client(served.token("vera", "read")) as program:
        assert program.get("/api/queries/customers").json()["rows"] == [["c1", ORDERS_OF_C1]]


def test_records_rejects_late_rows_and_savepoints_are_closed(vera: httpx.Client) -> None:
    for path in ("orders", "revenue", "latest"):
        for search in ("", "?key=c2", "?last=1", "?where=customer='c2'&table=orders"):
            assert vera.get(f"/api/topics/{path}/records{search}").json()["code"] == "query-closed"
    assert len(vera.get("/api/topics/codes/records").json()["records"]) == 1
    for path in ("rejects", "rejects?kind=late", "rejects/summary", "savepoints"):
        answer = vera.get(f"/api/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "this is closed to vera: it has rows of all tables, of some of which a part may be seen only",
        )
    assert vera.post("/api/rejects/closed", json={"kind": "rejected", "ids": [1]}).json()["code"] == "request-right"


OTHERS = re.compile(r'["\' ](c0|c2)["\' ]')


def test_nothing_else_tells_the_others(served: Guarded, vera: httpx.Client) -> None:
    """Of all calls that only look, named for what is there: none has a customer of the others in its answer."""
    until(lambda: len(served.penstock.alerts.incidents.all()) == 3, "there is not an incident of each customer")
    incident = next(one for one in served.penstock.alerts.incidents.all() if one.key["customer"] == "c2").id
    served.penstock.savepoint("now", "orders.latest")
    with served.logged_in("ada") as ada:
        paths = ada.get("/openapi.json").json()["paths"]
        looks = [path for path, methods in paths.items() if "get" in methods and "/queries" not in path]
        looks.remove("/api/stream")
        names = ("orders", "revenue", "latest", "copies", "customers", incident)
        hidden = told = 0
        for path in {re.sub(r"\{\w+\}", name, path) for path in looks for name in names}:
            answer = vera.get(path)
            told += answer.status_code == 200
            assert not OTHERS.search(answer.text), path
            assert REJECTED.decode() not in answer.text, path
            hidden += bool(OTHERS.search(ada.get(path).text))
    assert told > 20
    assert hidden > 5, "whoever sees all rows is told of the others by these calls"


def test_what_ended_a_pipeline_is_told_to_those_who_see_all_rows(tmp_path: Path) -> None:
    with guard(tmp_path / "p", engine=True, rows=130) as found:
        found.penstock.accounts.set_filter("vera", "orders", {"customer": ["c1"]})
        found.penstock.log.delete_topic("revenue")
        found.penstock.append("orders", orders(130, first=130))
        with found.logged_in("vera") as vera, found.logged_in("ada") as ada:
            until(lambda: ada.get("/api/project").json()["failed"] != {}, "it does not fail")
            said = "it has failed; the error may name rows that you may not see"
            assert vera.get("/api/project").json()["failed"] == {"orders": said}
            assert vera.get("/api/pipelines").json()[0]["error"] == said
            assert vera.get("/api/pipelines/orders").json()["error"] == said
            (whole,) = ada.get("/api/project").json()["failed"].values()
            assert "there is no topic 'revenue'" in whole
            assert ada.get("/api/pipelines/orders").json()["error"] == whole
            for user, error in (("vera", said), ("ada", whole)):
                with watching(found.url, additional_headers=token_of(found, user)) as watch:
                    channel = watch.subscribe("m", metrics=["pipelines"])["channel"]
                    assert watch.next("metrics", channel=channel)["pipelines"][0]["error"] == error


# -- push --------------------------------------------------------------------------------------------


def token_of(served: Guarded, user: str) -> dict[str, str]:
    return {"authorization": f"Bearer {served.token(user, 'read')}"}


CLOSED_TO_PUSH: tuple[dict[str, Any], ...] = (
    {"table": "revenue"},
    {"open": "revenue"},
    {"table": "latest"},
    {"table": "copies"},
    {"query": "SELECT * FROM sums"},
)


def test_push_has_the_rows_that_are_left(served: Guarded) -> None:
    with watching(served.url, additional_headers=token_of(served, "vera")) as watch:
        for asked in CLOSED_TO_PUSH:
            assert watch.refused(**asked)["code"] == "query-closed", asked
        channels = {}
        for id_, asked, customer, count in (
            ("a", {"table": "orders"}, 1, ORDERS_OF_C1),
            ("b", {"table": "orders", "columns": ["id", "customer"], "where": {"id": [1, 2, 3]}}, 1, 1),
            ("c", {"query": "SELECT id, customer FROM orders"}, 1, ORDERS_OF_C1),
            ("d", {"saved": "customers", "parameters": {"least": 1}}, 0, 1),
            ("e", {"query": "SELECT orders, customer FROM per_minute"}, 1, 2),
        ):
            channel = channels[id_] = watch.subscribe(id_, **asked)["channel"]
            told = watch.next("snapshot", channel=channel)
            assert {row[customer] for row in told["rows"]} == {"c1"}, asked
            assert len(told["rows"]) == count
        new = [{"id": 900 + n, "customer": f"c{n}", "amount": None, "ts": None} for n in range(3)]
        served.penstock.append("orders", new)
        told = watch.next("changes", channel=channels["c"])
        assert [row for _, *rest in told["changes"] for row in rest if isinstance(row, list)] == [[901, "c1"]]


@pytest.mark.parametrize("asked", [{"table": "orders"}, {"query": "SELECT id, customer FROM orders ORDER BY id"}])
def test_a_position_of_somebody_else_leads_to_ones_own_rows(served: Guarded, asked: dict[str, Any]) -> None:
    with watching(served.url, additional_headers=token_of(served, "ada")) as all_of_it:
        all_of_it.subscribe(**asked)
        told = all_of_it.next("snapshot")
    assert any("c2" in row for row in told["rows"])
    served.penstock.append("orders", [{"id": 920 + n, "customer": f"c{n}"} for n in range(3)])
    with watching(served.url, additional_headers=token_of(served, "vera")) as part:
        part.subscribe(**asked, position=told["position"])
        mine = part.next("snapshot", "changes")
    rows = mine["rows"] if "rows" in mine else [one for _, *rest in mine["changes"] for one in rest]
    said = [row for row in rows if isinstance(row, list)]
    assert said
    assert all("c1" in row for row in said)


def test_the_simple_form_of_push_is_closed(served: Guarded) -> None:
    with watching(served.url, additional_headers=token_of(served, "vera")) as watch:
        watch.send(action="subscribe", metrics=["revenue"])
        assert watch.next("error")["error"]["code"] == "query-closed"


def test_events_have_the_rows_that_are_left(served: Guarded, vera: httpx.Client) -> None:
    for asked in CLOSED_TO_PUSH:
        refused = vera.get("/api/stream", params={"subscribe": json.dumps(asked)})
        assert (refused.status_code, refused.json()["code"]) == (403, "query-closed")
    with vera.stream(
        "GET", "/api/stream", params={"subscribe": '{"query": "SELECT DISTINCT customer FROM orders"}'}
    ) as told:
        assert Events(told).next("snapshot")["rows"] == [["c1"]]


def test_an_answer_is_shared_by_those_who_see_the_same_alone(served: Guarded) -> None:
    accounts = served.penstock.accounts
    for name, customer in (("sam", "c1"), ("tom", "c1"), ("uma", "c2")):
        accounts.add_user(name, "viewer", PASSWORD)
        accounts.set_filter(name, "orders", {"customer": [customer]})
    asked = {"query": "SELECT count(*), max(customer) FROM orders WHERE id < 130"}
    channels = {}
    with ExitStack() as stack:
        for name in ("sam", "tom", "uma", "otto"):
            watch = stack.enter_context(watching(served.url, additional_headers=token_of(served, name)))
            channels[name] = watch.subscribe("q", **asked)["channel"]
            told = watch.next("snapshot")["rows"]
            assert told == [[130 if name == "otto" else 43, "c1" if name in ("sam", "tom") else "c2"]]
    assert channels["sam"] == channels["tom"]
    assert len(set(channels.values())) == 3


def test_equal_questions_that_wait_together_are_not_answered_together(served: Guarded) -> None:
    tokens = {name: token_of(served, name) for name in ("vera", "otto")}

    def ask(name: str) -> tuple[str, Any]:
        sql = {"sql": "SELECT count(DISTINCT customer) FROM orders WHERE id < 130"}
        return name, httpx.post(
            served.url + "api/query", json=sql, headers=tokens[name], timeout=60, verify=False
        ).json()["rows"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, ["vera", "otto"] * 16))
    assert dict(answers) == {"vera": [[1]], "otto": [[3]]}
    assert len({repr(one) for one in answers}) == 2


# -- changes -----------------------------------------------------------------------------------------


def test_another_filter_holds_at_once_and_ends_what_is_open(served: Guarded) -> None:
    accounts = served.penstock.accounts
    accounts.add_user("wim", "viewer", PASSWORD)
    with served.logged_in("wim") as wim, served.logged_in("ada") as ada:
        cookie = {"cookie": f"penstock_login={wim.cookies['penstock_login']}"}
        assert len(rows(wim, "SELECT DISTINCT customer FROM orders")) == 3
        with watching(served.url, additional_headers=cookie) as watch:
            put = ada.put(
                "/api/users/wim/filters/orders", json={"where": {"customer": ["c0", "c2"], "id": [3, 5, 6, 7]}}
            )
            assert put.json()["filters"][0]["where"] == [["customer", ["c0", "c2"]], ["id", [3, 5, 6, 7]]]
            assert closing_code(watch.connection) == 4401
        assert rows(wim, "SELECT id, customer FROM orders ORDER BY id") == [[3, "c0"], [5, "c2"], [6, "c0"]]
        assert wim.post("/api/query", json={"sql": "FROM revenue"}).json()["code"] == "query-closed"
        ada.put("/api/users/wim/filters/revenue", json={"where": {}})
        assert len(rows(wim, "SELECT * FROM revenue")) == 2
        assert rows(wim, "SELECT count(*) FROM sums") == [[2]]
        assert wim.post("/api/query", json={"sql": "FROM latest"}).json()["code"] == "query-closed"
        ada.put("/api/users/wim/filters/latest", json={"where": {"customer": ["c2"]}})
        assert [row[0] for row in rows(wim, "SELECT * FROM latest")] == ["c2"]
        ada.put("/api/users/wim/filters/orders", json={"where": {"customer": ["'; DROP", "c1' OR TRUE --", None]}})
        assert rows(wim, "SELECT * FROM orders") == []
        for table in ("orders", "revenue", "latest"):
            ada.delete(f"/api/users/wim/filters/{table}")
        assert len(rows(wim, "SELECT DISTINCT customer FROM orders")) == 3


def test_who_has_a_filter_looks_and_appends_and_no_more(served: Guarded) -> None:
    accounts = served.penstock.accounts
    accounts.add_user("ole", "operator", PASSWORD)
    accounts.set_filter("ole", "orders", {"customer": ["c1"]})
    with served.logged_in("ole") as ole:
        assert ole.get("/api/login").json()["rights"] == ["ingest", "read"]
        assert ole.post("/api/topics", json={"name": "oles"}).json()["code"] == "request-right"
        assert ole.post("/api/rejects/replay", json={"kind": "rejected", "ids": [1]}).json()["code"] == "request-right"


@pytest.mark.parametrize(
    ("table", "where", "detail"),
    [
        ("order", {"customer": ["c1"]}, "there is no table or view 'order'"),
        ("seconds", {"customer": ["c1"]}, "'seconds' is a view"),
        ("orders", {"custumer": ["c1"]}, "table orders has no column 'custumer'"),
        ("orders", {"id": ["one"]}, "'one' is no value for a filter of column id, which is BIGINT"),
        ("orders", {"id": [True]}, "'True' is no value for a filter of column id, which is BIGINT"),
        ("orders", {"customer": [1]}, "'1' is no value for a filter of column customer, which is STRING"),
        ("orders", {"amount": ["7"]}, "'7' is no value for a filter of column amount, which is DECIMAL(10, 2)"),
        ("orders", {"customer": []}, "column customer has 1 to 1,000 values in a filter, not 0"),
    ],
)
def test_a_filter_that_does_not_fit_is_refused(served: Guarded, table: str, where: Any, detail: str) -> None:
    with served.logged_in("ada") as ada:
        answer = ada.put(f"/api/users/vera/filters/{table}", json={"where": where})
    assert answer.status_code in (404, 422)
    assert answer.json()["detail"] == detail
