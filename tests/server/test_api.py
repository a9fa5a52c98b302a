"""The REST API on a running project, noun by noun."""

from __future__ import annotations

import gzip
import io
import socket
import threading
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from penstock.connectors.log_reader import CLOCK_TOPIC
from tests.cli.shell import ORDERS, call, make_project
from tests.parts import until
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path

ARROW = {"accept": "application/vnd.apache.arrow.stream"}
ENDLESS = "SELECT count(*) FROM range(1000000000000)"


def settled(shop: Served) -> None:
    """All that was appended is run and committed."""
    running = shop.penstock.running[0]
    until(lambda: running.epoch and running.rows >= 130 and shop.penstock.current is not None, "it does not settle")
    running.commit()


def test_tables_say_what_they_are(shop: Served) -> None:
    names = [t["name"] for t in shop.get("/api/tables")]
    assert names == ["orders", "revenue"]
    revenue = shop.get("/api/tables/revenue")
    assert (revenue["topic"], revenue["windowed"], revenue["written_by"], revenue["read_by"]) == (
        "revenue",
        True,
        ["orders"],
        [],
    )
    assert shop.get("/api/tables/orders")["columns"][3] == {
        "name": "ts",
        "type": "TIMESTAMP(3)",
        "nullable": True,
        "rowtime": True,
    }
    unknown = shop.get("/api/tables/order", 404)
    assert (unknown["detail"], unknown["hint"]) == ("there is no table or view 'order'", "did you mean orders?")


def test_rows_of_a_table_come_in_pages(shop: Served) -> None:
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = shop.get("/api/tables/orders/rows", params={"limit": 60, "cursor": cursor})
        found += page["rows"]
        cursor = page["next"]
    assert [row[0] for row in found] == list(range(130))
    assert found[0] == [0, "c0", None, "2025-01-01 00:00:00.000"]
    assert shop.get("/api/tables/orders/rows?cursor=-1", 400)["detail"] == "'-1' is no cursor"


def test_open_windows_are_rows_that_are_not_final(shop: Served) -> None:
    settled(shop)
    page = shop.get("/api/tables/revenue/rows?open=true")
    rows = [dict(zip([c["name"] for c in page["columns"]], row, strict=True)) for row in page["rows"]]
    assert [(r["window_end"], r["orders"], r["final"]) for r in rows] == [("2025-01-01 00:03:00.000", 10, False)]


def test_pipelines_and_their_operators(shop: Served) -> None:
    settled(shop)
    (one,) = shop.get("/api/pipelines")
    assert (one["name"], one["state"], one["rows"], one["reads"], one["writes"]) == (
        "orders",
        "running",
        130,
        ["orders"],
        ["revenue"],
    )
    operators = shop.get("/api/pipelines/orders")["operators"]
    assert [o["kind"] for o in operators] == ["source", "window aggregate", "calc", "sink"]
    window = operators[1]
    assert (window["taken"], window["fates"], window["inputs"]) == (130, {"passed": 120, "held": 10}, ["source orders"])
    assert window["details"][0] == "windows of 1 min on ts"
    assert [(o["topic"], o["lag"]) for o in operators] == [("orders", 0), (None, None), (None, None), ("revenue", None)]
    assert operators[0]["watermark"] == window["watermark"] == operators[3]["watermark"] is not None
    assert "INSERT INTO revenue" in shop.get("/api/pipelines/orders")["sql"]
    assert window["state_bytes"] > 0
    assert shop.get("/api/pipelines/order", 404)["hint"] == "did you mean orders?"


def test_a_column_is_followed_back_to_its_topic(shop: Served) -> None:
    found = shop.get("/api/pipelines/orders/columns")
    read = {"table": "orders", "topic": "orders", "written_by": []}
    assert found == [
        {"table": "revenue", "column": "window_end", "made_of": [{**read, "column": "ts"}]},
        {"table": "revenue", "column": "orders", "made_of": []},
        {"table": "revenue", "column": "amount", "made_of": [{**read, "column": "amount"}]},
    ]
    told = call("pipeline", "columns", shop.penstock.folder, "orders", "--format", "csv").out
    assert told.splitlines() == [
        "table,column,made_of",
        "revenue,window_end,orders.ts",
        'revenue,orders,""',
        "revenue,amount,orders.amount",
    ]


def test_a_question_is_explained(shop: Served) -> None:
    sql = "EXPLAIN SELECT customer, COUNT(*) FROM orders GROUP BY customer"
    answer = shop.post("/api/query", {"sql": sql})
    assert [column["name"] for column in answer["columns"]] == ["operator", "inputs", "details", "stateful"]
    assert ("aggregate", "source orders", True) in [(row[0], row[1], row[3]) for row in answer["rows"]]
    assert shop.post("/api/query", {"sql": "EXPLAIN INSERT INTO revenue SELECT 1"}, 422)["code"] == "explain-query"


def test_the_ledger_and_why(shop: Served) -> None:
    settled(shop)
    ledger = shop.get("/api/ledger")
    assert [row[:2] for row in ledger["rows"]] == [
        ["orders", "source orders"],
        ["orders", "window aggregate"],
        ["orders", "calc"],
        ["orders", "sink revenue"],
    ]
    (reason,) = shop.get("/api/why")
    assert (reason["pipeline"], reason["code"]) == ("orders", "needs-later-event")


def test_rejects_newest_first_and_counted(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        bad = [f"bad {n}".encode() for n in range(25)] + [b"\xff"]
        served.penstock.append("orders", pl.DataFrame({"value": bad}))
        until(lambda: served.penstock.rejects().height == len(bad), "not all are rejected")
        first = served.get("/api/rejects?limit=10")
        raw = [c["name"] for c in first["columns"]].index("raw")
        assert [row[raw] for row in first["rows"]] == ["0xff", *(f"bad {n}" for n in range(24, 15, -1))]
        rest = served.get("/api/rejects", params={"limit": 100, "cursor": first["next"]})
        assert (rest["rows"][0][raw], len(rest["rows"]), rest["next"]) == ("bad 15", 16, None)
        assert served.get("/api/rejects?code=none")["rows"] == []
        (line,) = served.get("/api/rejects/summary")["rows"]
        assert line[:2] == ["orders", "source orders"]
        assert line[5] == 26
        assert served.get("/api/rejects?kind=late")["rows"] == []


def test_topics_are_listed_described_and_made(tmp_path: Path) -> None:
    with serve(tmp_path / "p", toml="[topics.clicks]\npartitions = 4\n") as served:
        assert [t["name"] for t in served.get("/api/topics")] == ["orders", "revenue"]
        made = served.post("/api/topics", {"name": "clicks", "configs": {"retention.ms": "1 h"}}, 201)
        assert (made["partitions"], made["configs"]) == (4, {"retention.ms": "1 h"})
        assert served.post("/api/topics", {"name": "clicks"}, 409)["code"] == "topic-exists"
        assert served.post("/api/topics", {"name": "a b"}, 422)["code"] == "topic-name"
        orders = served.get("/api/topics/orders")
        assert (orders["rows"], orders["tables"], [p["end"] for p in orders["details"]]) == (130, ["orders"], [130])
        assert served.get("/api/topics/order", 404)["hint"] == "did you mean orders?"
        unknown = served.post("/api/topics", {"name": "other", "partition": 3}, 400)
        assert (unknown["where"], unknown["detail"]) == (
            "body.partition",
            "body.partition: Extra inputs are not permitted",
        )


def test_a_topic_that_a_pipeline_needs_is_not_deleted_while_it_runs(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        for name, does in (("orders", "reads"), ("revenue", "writes")):
            refused = served.call("DELETE", f"/api/topics/{name}", 409)
            assert refused["code"] == "topic-in-use"
            assert refused["detail"] == f"pipeline orders {does} topic '{name}'"
            assert refused["hint"] == "stop it first: penstock pipeline stop DIR orders"
        served.penstock.log.create_topic(CLOCK_TOPIC)
        refused = served.call("DELETE", f"/api/topics/{CLOCK_TOPIC}", 409)
        assert refused["detail"] == f"topic '{CLOCK_TOPIC}' is the engine's own, which runs"
        said = call("topic", "delete", served.penstock.folder, "orders", "--yes")
        assert (said.code, said.err.splitlines()[0]) == (1, "error[topic-in-use]: pipeline orders reads topic 'orders'")
        served.post("/api/pipelines/orders/stop", {})
        token = served.get("/api/topics/revenue/loss")["token"]
        assert served.call("DELETE", f"/api/topics/revenue?token={token}", 200)["pipelines"] == ["orders"]


def test_a_savepoint_of_no_pipeline(shop: Served) -> None:
    shop.post("/api/savepoints", {"name": "kept", "pipeline": "orders"}, 201)
    problem = shop.post("/api/savepoints", {"name": "kept", "pipeline": "ordes"}, 404)
    assert (problem["detail"], problem["hint"]) == ("there is no pipeline 'ordes'", "did you mean orders?")


def test_event_time_is_that_of_the_pipeline_that_is_furthest_behind(tmp_path: Path) -> None:
    behind = ORDERS.replace("'5' SECOND", "'65' SECOND").replace("orders (\n", "late_orders (\n")
    behind = behind.replace("TABLE orders,", "TABLE late_orders,").replace("revenue", "late_revenue")
    folder = make_project(tmp_path / "p")
    (folder / "sql" / "02-late.sql").write_text(behind)
    with serve(folder) as served:
        until(lambda: all(p.rows == 130 for p in served.penstock.running), "not all rows are read")
        marks = [p["watermark"] for p in served.get("/api/pipelines")]
        assert len(set(marks)) == 2
        assert served.get("/api/project")["event_time"] == min(marks)


def test_records_by_place_time_key_and_page(shop: Served) -> None:
    def offsets(**params: Any) -> list[int]:
        return [r["offset"] for r in shop.get("/api/topics/orders/records", params=params)["records"]]

    assert offsets(limit=3) == [0, 1, 2]
    assert offsets(**{"from": "127"}) == [127, 128, 129]
    assert offsets(last=2, partition=0) == [128, 129]
    assert offsets(**{"from": "2200-01-01"}) == []
    assert offsets(key="c1", limit=3) == [1, 4, 7]
    found, cursor = [], ""
    while cursor is not None:
        page = shop.get("/api/topics/orders/records", params={"key": "c2", "limit": 10, "cursor": cursor})
        found += [r["offset"] for r in page["records"]]
        cursor = page["next"]
    assert found == list(range(2, 130, 3))
    assert shop.get("/api/topics/orders/records?from=noon", 422)["code"] == "record-place"
    assert shop.get("/api/topics/orders/records?partition=3", 422)["code"] == "record-partition"
    assert shop.get("/api/topics/orders/records?cursor=xyz", 400)["code"] == "request-cursor"


def test_a_question_is_answered_within_limits(shop: Served) -> None:
    asked = {"sql": "SELECT id, $word AS word FROM orders ORDER BY id", "rows": 2, "parameters": {"word": "it's"}}
    answer = shop.post("/api/query", asked)
    assert (answer["rows"], answer["complete"]) == ([[0, "it's"], [1, "it's"]], False)
    assert answer["position"]["log"] >= 130
    slow = shop.post("/api/query", {"sql": "SELECT count(*) FROM range(1000000000000)", "seconds": 0.2}, 422)
    assert slow["detail"] == "the question took longer than 0.2 s"
    missing = shop.post("/api/query", {"sql": "SELECT $nothing"}, 422)
    assert missing["detail"] == "the question has a parameter $nothing, and no value of that name is given"


def test_a_query_is_explained_as_the_operators_it_would_run_by(shop: Served) -> None:
    sql = "SELECT customer, SUM(amount) AS total FROM orders WHERE amount > 1 GROUP BY customer"
    found = shop.post("/api/explain", {"sql": sql})
    names = [one["name"] for one in found]
    assert found[0]["inputs"] == []
    assert all(set(one["inputs"]) <= set(names) for one in found)
    assert [one["kind"] for one in found if one["stateful"]] == ["source", "aggregate"]
    assert any("where" in line for one in found for line in one["details"])
    wrong = shop.post("/api/explain", {"sql": "SELECT amont FROM orders"}, 422)
    assert (wrong["hint"], "line 1" in wrong["where"] or ":1:8" in wrong["where"]) == ("did you mean amount?", True)
    for text in ("DROP TABLE orders", f"{sql}; DROP TABLE orders", "INSERT INTO revenue SELECT 1"):
        assert shop.post("/api/explain", {"sql": text}, 422)["detail"] == "one SELECT is explained at a time"
    assert shop.get("/api/tables/orders")["kind"] == "table"
    told = call("explain", shop.penstock.folder, "--query", sql).out
    assert all(name in told for name in names)


def test_the_functions_of_a_question_are_those_that_it_may_call(shop: Served) -> None:
    known = {one["name"]: one for one in shop.get("/api/query/functions")}
    assert known["sum"]["aggregate"]
    assert "part, timestamp" in known["date_trunc"]["parameters"]
    assert not {"read_csv", "getenv", "current_setting", "duckdb_functions"} & known.keys()


def test_an_answer_as_arrow_has_all_types(shop: Served) -> None:
    sql = "SELECT id, ts, 1.5::DECIMAL(4, 2) AS d, 'x'::BLOB AS b FROM orders LIMIT 1"
    answer = shop.client.post("/api/query", json={"sql": sql}, headers=ARROW)
    frame = pl.read_ipc_stream(io.BytesIO(answer.content))
    assert frame.dtypes == [pl.Int64, pl.Datetime("ms"), pl.Decimal(4, 2), pl.Binary]
    assert orjson.loads(answer.headers["penstock-answer"])["complete"] is True


def test_a_question_is_ended_by_its_id(shop: Served) -> None:
    answers: list[Any] = []

    def ask() -> None:
        answers.append(shop.client.post("/api/query", json={"sql": ENDLESS, "id": "long", "seconds": 300}))

    asker = threading.Thread(target=ask)
    asker.start()
    while not (running := shop.get("/api/query")):
        assert asker.is_alive()
    assert running[0]["id"] == "long"
    assert shop.post("/api/query", {"sql": "SELECT 1", "id": "long"}, 409)["code"] == "query-id-exists"
    shop.call("DELETE", "/api/query/long", 204)
    asker.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "query-cancelled")
    assert shop.call("DELETE", "/api/query/long", 404)["detail"] == "no question 'long' is being answered"


def test_a_question_ends_when_its_asker_hangs_up(shop: Served) -> None:
    def cancelled() -> int:
        return shop.penstock.questions.refused.get("query-cancelled", 0)

    before = cancelled()
    asked = orjson.dumps({"sql": ENDLESS, "seconds": 300})
    head = (
        f"POST /api/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(asked)}"
    )
    with socket.create_connection(("127.0.0.1", shop.serving.port)) as asker:
        asker.sendall(f"{head}\r\n\r\n".encode() + asked)
        until(lambda: shop.get("/api/query"), "it is not asked")
    until(lambda: not shop.get("/api/query"), "it is still being answered")
    assert cancelled() == before + 1


def test_a_question_whose_turn_does_not_come_is_told_so(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = shop.serving.app.state.asking
    monkeypatch.setattr(asking, "patience", 0.05)
    monkeypatch.setattr(asking, "short", 600.0)
    ids = [f"long-{n}" for n in range(asking.at_once)]

    def ask(id_: str) -> None:
        shop.client.post("/api/query", json={"sql": ENDLESS, "id": id_, "seconds": 300})

    askers = [threading.Thread(target=ask, args=(id_,)) for id_ in ids]
    for asker in askers:
        asker.start()
    while len(shop.get("/api/query")) < len(ids):
        assert all(asker.is_alive() for asker in askers)
    refused = shop.client.post("/api/query", json={"sql": "SELECT 1"})
    for id_ in ids:
        shop.call("DELETE", f"/api/query/{id_}", 204)
    for asker in askers:
        asker.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "query-busy"
    assert problem["detail"] == f"{len(ids)} questions are being answered, this one has waited for 0.05 s"
    assert problem["hint"].startswith("ask again in a moment")
    assert shop.post("/api/query", {"sql": "SELECT 1"})["rows"] == [[1]]


def test_fifty_questions_at_once_are_all_answered(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.serving.app.state.asking, "patience", 600.0)
    codes: list[int] = []

    def ask(number: int) -> None:
        answer = shop.client.post("/api/query", json={"sql": f"SELECT count(*) + {number} FROM orders"})
        assert answer.json()["rows"] == [[130 + number]]
        codes.append(answer.status_code)

    askers = [threading.Thread(target=ask, args=(n,)) for n in range(50)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert codes == [200] * 50


def test_long_questions_keep_no_short_one_from_its_answer(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = shop.serving.app.state.asking
    monkeypatch.setattr(asking, "short", 0.05)
    monkeypatch.setattr(asking, "patience", 600.0)
    codes: dict[str, int] = {}

    def ask(id_: str) -> None:
        sql = f"SELECT count(*), '{id_}' FROM range(100000000000) a, range(1000) b"
        codes[id_] = shop.client.post("/api/query", json={"sql": sql, "id": id_, "seconds": 300}).status_code

    longs = [f"long-{n}" for n in range(3 * asking.at_once)]
    askers = [threading.Thread(target=ask, args=(id_,)) for id_ in longs]
    for asker in askers:
        asker.start()
    until(lambda: len(shop.get("/api/query")) == len(longs), "not all are asked")
    until(lambda: asking._turns._value == asking.at_once, "they do not make room")
    with monkeypatch.context() as patch:
        patch.setattr(asking, "short", 60.0)  # whatever else keeps the machine busy
        assert shop.post("/api/query", {"sql": "SELECT 1"})["rows"] == [[1]]
    monkeypatch.setattr(asking, "patience", 0.05)
    ask("one-more")
    assert codes == {"one-more": 503}
    for id_ in longs:
        shop.call("DELETE", f"/api/query/{id_}", 204)
    for asker in askers:
        asker.join()
    assert {codes[id_] for id_ in longs} == {409}


def test_equal_questions_that_wait_together_are_answered_together(
    shop: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = shop.serving.app.state.asking
    monkeypatch.setattr(asking, "short", 600.0)
    monkeypatch.setattr(asking, "patience", 600.0)
    longs = [f"long-{n}" for n in range(asking.at_once)]
    answers: list[Any] = []

    def ask(**asked: Any) -> None:
        answers.append(shop.client.post("/api/query", json=asked).json().get("rows"))

    askers = [threading.Thread(target=ask, kwargs={"sql": ENDLESS, "id": id_, "seconds": 300}) for id_ in longs]
    for asker in askers:
        asker.start()
    until(lambda: len(shop.get("/api/query")) == len(longs), "not all have begun")
    before = shop.penstock.questions.seconds.read().count
    waiting = [{"sql": "SELECT $n AS n, count(*) FROM orders", "parameters": {"n": n}} for n in (*[1] * 20, True, 1.5)]
    askers += [threading.Thread(target=ask, kwargs=asked) for asked in waiting]
    for asker in askers[len(longs) :]:
        asker.start()
    until(lambda: len(shop.get("/api/query")) == len(askers), "not all wait")
    for id_ in longs:
        shop.call("DELETE", f"/api/query/{id_}", 204)
    for asker in askers:
        asker.join()
    assert sorted(map(str, filter(None, answers))) == ["[[1, 130]]"] * 20 + ["[[1.5, 130]]", "[[True, 130]]"]
    answered = shop.penstock.questions.seconds.read().count - before - len(longs)
    assert 3 <= answered <= asking.at_once + 2  # those that have a turn at the same time ask each for themselves


def test_answers_are_packed_for_those_who_take_it(shop: Served) -> None:
    with shop.client.stream("GET", "/openapi.json", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(answer.iter_raw())).startswith(b'{"openapi"')


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "request-path"),
        ("GET", "/assets/none.js", 404, "request-path"),
        ("GET", "/assets/none", 404, "request-path"),
        ("POST", "/api/savepoints", 400, "request-form"),
        ("POST", "/api/project", 405, "request-method"),
        ("GET", "/api/tables/orders/rows?limit=0", 400, "request-form"),
        ("POST", "/api/query", 400, "request-form"),
    ],
)
def test_every_error_has_the_one_body(shop: Served, method: str, path: str, status: int, code: str) -> None:
    answer = shop.client.request(method, path, json={} if method == "POST" else None)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:penstock:{code}")
    assert problem["title"]
    assert problem["detail"]
