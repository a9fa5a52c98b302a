"""Saved queries and dashboards: files of the project, asked, read and saved."""

from __future__ import annotations

import copy
import tomllib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from penstock.project.project_file import FileConflictError
from penstock.project.saved_query import queries_of
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUERY = """\
-- Orders of a customer,
-- the newest first.
-- @param customer STRING  Whose.
-- @param least BIGINT = 5  From this number on.
-- @param since TIMESTAMP = NULL
-- @param word STRING = 'it''s'
SELECT id, $word AS word FROM orders
WHERE customer = $customer AND id >= $least AND ($since IS NULL OR ts >= $since) ORDER BY id DESC
"""
DASHBOARD = """\
# ours
title = "Orders"  # shown on top
ranges = ["5 min", "1 h"]
range = "1 h"

# who
[[variables]]
name = "customer"
options = ["c0", "c1"]

# the first one
[[panels]]
id = "count"
title = "How many"
kind = "key-figure"
query = "SELECT count(*) FROM orders"  # all of them

# another
[[panels]]
id = "list"
title = "Which"
kind = "table"
saved = "of_customer"

# money
[[panels.columns]]
name = "amount"
attention = 100
tones = { good = "good" }
"""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "p", engine=False, rows=30) as served:
        for folder, name, text in (("queries", "of_customer.sql", QUERY), ("dashboards", "orders.toml", DASHBOARD)):
            (served.penstock.folder / folder).mkdir()
            (served.penstock.folder / folder / name).write_text(text)
        yield served


def test_a_saved_query_is_an_endpoint_with_typed_parameters(files: Served) -> None:
    (listed,) = files.get("/api/queries")
    assert (listed["name"], listed["description"]) == ("of_customer", "Orders of a customer, the newest first.")
    assert [(p["name"], p["type"], p["required"], p["default"]) for p in listed["parameters"]] == [
        ("customer", "STRING", True, None),
        ("least", "BIGINT", False, "5"),
        ("since", "TIMESTAMP", False, None),
        ("word", "STRING", False, "it's"),
    ]
    asked = files.get("/api/queries/of_customer?customer=c1&least=25")
    assert asked["rows"] == [[28, "it's"], [25, "it's"]]
    since = files.get("/api/queries/of_customer", params={"customer": "c1", "since": "2025-01-01 00:00:28"})
    assert since["rows"] == [[28, "it's"]]
    pasted = files.get("/api/queries/of_customer", params={"customer": "c1' OR '1'='1", "word": "$least; --"})
    assert pasted["rows"] == []


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({}, "query 'of_customer' needs parameter customer, a text"),
        ({"customer": "c1", "least": "5.5"}, "parameter least is a whole number (BIGINT), this is '5.5'"),
        ({"customer": "c1", "least": str(1 << 63)}, f"parameter least is a whole number (BIGINT), this is '{1 << 63}'"),
        (
            {"customer": "c1", "since": "yesterday"},
            "parameter since is a time without a zone, 2026-01-31 12:00:00 (TIMESTAMP), this is 'yesterday'",
        ),
        ({"customer": "c1", "lest": "5"}, "query 'of_customer' has no parameter 'lest'"),
    ],
)
def test_wrongly_typed_parameters_are_refused(files: Served, parameters: dict[str, str], detail: str) -> None:
    problem = files.get("/api/queries/of_customer", 422, params=parameters)
    assert (problem["code"], problem["detail"]) == ("query-parameter", detail)


def test_a_query_is_saved_over_what_was_read_and_over_nothing_else(files: Served) -> None:
    path = "/api/queries/of_customer/file"
    tag = files.client.get(path).headers["etag"]
    assert files.call("PUT", path, 428, json={"text": "SELECT 1"})["detail"] == "a save says what it replaces"
    saved = files.client.put(path, json={"text": "SELECT 1 AS one"}, headers={"if-match": tag})
    assert saved.headers["etag"] != tag
    assert files.get("/api/queries/of_customer")["rows"] == [[1]]
    late = files.call("PUT", path, 409, json={"text": "SELECT 2 AS two"}, headers={"if-match": tag})
    assert late["detail"] == "query 'of_customer' is not saved: it has changed since it was read"
    assert late["difference"].splitlines()[-2:] == ["-SELECT 1 AS one", "+SELECT 2 AS two"]
    exists = files.call("PUT", path, 409, json={"text": "SELECT 2"}, headers={"if-match": "*"})
    assert exists["detail"] == "query 'of_customer' is not saved: there is one already"
    wrong = files.call(
        "PUT", "/api/queries/new/file", 422, json={"text": "-- @param x\nSELECT 1"}, headers={"if-match": "*"}
    )
    assert (wrong["detail"], wrong["where"]) == ("'@param x' declares no parameter", "queries/new.sql, line 1")
    files.call("PUT", "/api/queries/new/file", 200, json={"text": "SELECT 3"}, headers={"if-match": "*"})
    files.call("DELETE", path, 204, headers={"if-match": saved.headers["etag"]})
    assert [q["name"] for q in files.get("/api/queries")] == ["new"]
    gone = files.call("PUT", path, 409, json={"text": "SELECT 4"}, headers={"if-match": saved.headers["etag"]})
    assert gone["detail"] == "query 'of_customer' is gone"
    assert gone["difference"].splitlines()[-1] == "+SELECT 4"


def test_a_file_that_cannot_be_read_hides_no_other(files: Served) -> None:
    folder = files.penstock.folder / "queries"
    (folder / "bin.sql").write_bytes(b"\xff\xfe\x00")
    (folder / "gone.sql").symlink_to(folder / "nothing.sql")
    found = {one["name"]: one["error"] for one in files.get("/api/queries")}
    assert found == {
        "bin": f"{folder / 'bin.sql'} is no text: byte 0 is not UTF-8",
        "gone": f"{folder / 'gone.sql'} is a link to nothing",
        "of_customer": "",
    }


WRONG = (
    ("SELECT id FROM orders WHERE", "query-syntax", "SQL syntax"),
    ("SELECT none FROM orders", "query-wrong", 'Referenced column "none" not found'),
    ("SELECT id FROM ordes", "query-unknown-table", "there is no table, view or topic 'ordes'"),
    ("FROM kept.ranges_0", "query-unknown-table", "there is no table, view or topic 'kept.ranges_0'"),
    ("SELECT nofunction(id) FROM orders", "query-wrong", "nofunction does not exist"),
    ("SELECT $n", "query-parameter", "the question has a parameter $n"),
    ("DELETE FROM orders", "query-not-select", "a question is a SELECT"),
)
RIGHT = (
    QUERY,
    "-- @param n STRING\nSELECT CAST($n AS INT) AS n FROM orders",
    "-- @param n BIGINT\nSELECT count(*) FROM orders WHERE ts > TIMESTAMP '2025-01-01 00:00:00' - to_minutes($n)",
    "-- all\nSHOW TABLES",
    "-- what\nDESCRIBE orders",
    "SUMMARIZE SELECT a.range + b.range AS n FROM range(100000000) a, range(1000) b",  # not run: it takes minutes
    "WITH o AS (SELECT id FROM orders) SELECT * FROM o",
)


def test_a_question_is_saved_if_it_has_an_answer_for_some_values(files: Served) -> None:
    for text, code, words in WRONG:
        refused = files.call("PUT", "/api/queries/new/file", 422, json={"text": text}, headers={"if-match": "*"})
        assert (refused["code"], refused["where"]) == (code, "queries/new.sql")
        assert words in refused["detail"]
    assert [q["name"] for q in files.get("/api/queries")] == ["of_customer"]
    for number, text in enumerate(RIGHT):
        files.call("PUT", f"/api/queries/right{number}/file", 200, json={"text": text}, headers={"if-match": "*"})


def test_of_many_who_save_at_once_one_is_taken(files: Served) -> None:
    folder = queries_of(files.penstock.folder)
    together = Barrier(8)

    def save(number: int) -> int:
        together.wait()
        try:
            folder.save("raced", f"SELECT {number}", None)
        except FileConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(save, range(8))) == 1


def test_a_file_that_could_not_be_read_again_is_not_saved(files: Served) -> None:
    body = {"text": "-- " + "ü" * 600_000 + "\nSELECT 1"}
    problem = files.call("PUT", "/api/queries/long/file", 422, json=body, headers={"if-match": "*"})
    assert problem["detail"] == "query 'long' has more than 1 MB"


def test_a_file_that_is_wrong_says_so_and_the_others_are_there(files: Served) -> None:
    folder = files.penstock.folder
    (folder / "queries" / "bad.sql").write_text("-- @param n BIGINT = many\nSELECT $n")
    (folder / "dashboards" / "bad.toml").write_text("title = 5 6")
    bad = files.get("/api/queries")[0]
    assert "the default of parameter n is a whole number (BIGINT), this is 'many'" in bad["error"]
    assert [bool(d["error"]) for d in files.get("/api/dashboards")] == [True, False]
    assert files.get("/api/dashboards/bad", 422)["code"] == "dashboard-file"


@pytest.mark.parametrize("name", ["../penstock", "%2e%2e%2fpenstock", "Orders", "a.b", ".hidden"])
def test_a_name_leads_nowhere_else(files: Served, name: str) -> None:
    for kind in ("dashboards", "queries"):
        answer = files.client.get(f"/api/{kind}/{name}")
        assert answer.status_code in (404, 422)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_link_out_of_the_project_is_not_followed(files: Served, tmp_path: Path) -> None:
    outside = tmp_path / "outside.sql"
    outside.write_text("SELECT 1")
    (files.penstock.folder / "queries" / "link.sql").symlink_to(outside)
    problem = files.get("/api/queries/link", 422)
    assert problem["detail"].endswith("queries/link.sql leads out of the project")


def test_a_dashboard_is_saved_with_its_comments(files: Served) -> None:
    path = files.penstock.folder / "dashboards" / "orders.toml"
    answer = files.client.get("/api/dashboards/orders")
    dashboard = answer.json()
    tag = answer.headers["etag"]
    same = files.client.put("/api/dashboards/orders", json=dashboard, headers={"if-match": tag})
    assert (same.status_code, path.read_text(), same.headers["etag"]) == (200, DASHBOARD, tag)

    changed = copy.deepcopy(dashboard)
    changed["title"] = "All orders"
    changed["panels"].reverse()
    changed["panels"][0]["columns"][0]["attention"] = 150
    changed["panels"].append({"id": "new", "title": "New", "kind": "line", "query": "SELECT ts,\n  id FROM orders"})
    changed["panels"][-1]["alerts"] = [{"rule": "large", "where": {"customer": "$customer"}}]
    saved = files.client.put("/api/dashboards/orders", json=changed, headers={"if-match": tag})
    assert saved.status_code == 200, saved.text
    text = path.read_text()
    assert [p["id"] for p in tomllib.loads(text)["panels"]] == ["list", "count", "new"]
    assert 'title = "All orders"  # shown on top' in text
    assert text.index("# another") < text.index('id = "list"') < text.index("# money") < text.index("attention = 150")
    assert text.index("# the first one\n[[panels]]") > text.index("# money")
    assert 'query = "SELECT count(*) FROM orders"  # all of them' in text
    assert 'query = """\nSELECT ts,\n  id FROM orders"""' in text
    assert tomllib.loads(text)["panels"][2]["alerts"] == [{"rule": "large", "where": {"customer": "$customer"}}]
    assert files.get("/api/dashboards/orders") == saved.json()

    late = files.call("PUT", "/api/dashboards/orders", 409, json=dashboard, headers={"if-match": tag})
    assert late["detail"] == "dashboard 'orders' is not saved: it has changed since it was read"
    assert '-title = "All orders"  # shown on top\n+title = "Orders"  # shown on top' in late["difference"]


def test_a_new_dashboard_and_its_end(files: Served) -> None:
    new = {"title": "New", "panels": [{"id": "a", "title": "A", "kind": "text", "text": "words"}]}
    made = files.client.put("/api/dashboards/new", json=new, headers={"if-match": "*"})
    text = (files.penstock.folder / "dashboards" / "new.toml").read_text()
    assert tomllib.loads(text) == new
    tag = {"if-match": made.headers["etag"]}
    files.call("DELETE", "/api/dashboards/new", 204, headers=tag)
    gone = files.call("PUT", "/api/dashboards/new", 409, json=new, headers=tag)
    assert (gone["code"], gone["detail"]) == ("file-changed", "dashboard 'new' is gone")
    assert '+title = "New"' in gone["difference"]
    assert files.get("/api/dashboards/new", 404)["hint"] == "there are orders"


def test_half_a_character_is_not_saved(files: Served) -> None:
    headers = {"if-match": "*", "content-type": "application/json"}
    problem = files.call("PUT", "/api/dashboards/half", 422, content=b'{"title": "\\ud83d"}', headers=headers)
    assert problem["detail"] == "dashboard 'half' has half of a character ('\\ud83d'), which no file can hold"
    for body in (b'{"\\ud83d": 1}', b'{"title": "T", "panels": [{"id": "\\ud83d"}]}'):
        files.call("PUT", "/api/dashboards/half", 422, content=body, headers=headers)
    asked = b'{"sql": "SELECT 1", "parameters": {"\\ud83d": "\\ud83d"}}'
    files.call("POST", "/api/query", 400, content=asked, headers=headers)
    files.call("POST", "/api/query", 400, content=b'{"sql": "SELECT \'\\ud83d\'"}', headers=headers)
    files.call("POST", "/api/topics", 400, content=b'{"name": "\\ud83d"}', headers=headers)
    files.call("POST", "/api/topics", 400, content=b'{"name": "t", "configs": {"\\ud83d": "1"}}', headers=headers)
    files.call("POST", "/api/login", 400, content=b'{"token": "\\ud83d"}', headers=headers)
    files.call("POST", "/api/registry/subjects/s", 400, content=b'{"schema": "\\ud83d"}', headers=headers)


PANEL: dict[str, Any] = {"id": "a", "title": "A", "kind": "line", "query": "SELECT 1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"titel": "x"}, "there is no member 'titel'"),
        ({"title": ["x"]}, "option 'title' is '['x']', allowed is a text"),
        ({"range": "soon"}, "option 'range' is 'soon'"),
        ({"ranges": ["1 h"], "range": "2 h"}, "the range chosen at first is one of ranges"),
        ({"panels": [{**PANEL, "kind": "pie"}]}, "option 'kind' is 'pie', allowed is one of key-figure, line"),
        ({"panels": [PANEL, PANEL]}, "panel 'a' is there twice"),
        ({"panels": [{**PANEL, "saved": "b"}]}, "a panel has a query, a saved one, or open"),
        ({"panels": [{**PANEL, "where": {"k": 1}}]}, "where chooses among open windows: without open it has none"),
        ({"panels": [{**PANEL, "where": {"k": [1]}}]}, "where are values of columns"),
        ({"panels": [{**PANEL, "kind": "text"}]}, "a text panel asks nothing"),
        ({"panels": [{**PANEL, "width": 13}]}, "option 'width' is '13', allowed is a whole number from 1 to 12"),
        ({"panels": [{**PANEL, "columns": [{"name": "x", "tones": {"a": "red"}}]}]}, "tones are those of names"),
        ({"panels": [{**PANEL, "alerts": [{"rule": "A b"}]}]}, "allowed is the name of a file in alerts/"),
        ({"panels": [{**PANEL, "kind": "bar", "alerts": [{"rule": "a"}]}]}, "incidents are marked in panels of kind"),
        ({"panels": [{**PANEL, "alerts": [{"rule": "a", "where": 1}]}]}, "where are values of the rule's key"),
        ({"panels": [{**PANEL, "alerts": [{"rule": "a"}] * 2}]}, "alert 'a' is there twice"),
        ({"variables": [{"name": "range"}]}, "letters, digits and _, and not 'range'"),
        ({"variables": [{"name": "n", "type": "number", "options": ["x"]}]}, "'x' is no number"),
        ({"panels": 5}, "panels are tables: [[panels]]"),
    ],
)
def test_what_does_not_fit_is_not_saved(files: Served, change: dict[str, Any], words: str) -> None:
    body = {"title": "T", **change}
    problem = files.call("PUT", "/api/dashboards/wrong", 422, json=body, headers={"if-match": "*"})
    assert words in problem["detail"]
    assert not (files.penstock.folder / "dashboards" / "wrong.toml").exists()
