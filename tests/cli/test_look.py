"""query, ledger, why, savepoint."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.cli.ledger import balance
from penstock.cli.zone import zone_name
from tests.cli.shell import append, call, make_project, orders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ran(shop: Path) -> Path:
    assert call("run", shop, "--bounded").code == 0
    return shop


def test_a_question_and_the_position_it_stands_for(ran: Path) -> None:
    ended = call("query", ran, "SELECT window_end, orders FROM revenue ORDER BY 1")
    assert ended.code == 0
    assert ended.out == (
        "window_end               orders\n"
        "───────────────────────  ──────\n"
        "2025-01-01 00:01:00.000      60\n"
        "2025-01-01 00:02:00.000      60\n"
        "2025-01-01 00:03:00.000      10\n"
        "(3 rows)\n"
    )
    assert re.fullmatch(r"as of row 133 of the log and checkpoints orders \d+\n", ended.err)


def test_formats_and_standard_input(ran: Path) -> None:
    asked = "SELECT sum(orders) AS n, CAST(NULL AS VARCHAR) AS s FROM revenue"
    assert call("query", ran, asked, "--format", "json").out == '{"n":130,"s":null}\n'
    assert call("query", ran, "-", "--format", "csv", given=asked).out == "n,s\n130,\n"


def test_moments_as_texts_are_in_the_zone_of_the_person(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    asked = "SELECT strftime(t, '%H:%M') AS h, t FROM (SELECT TIMESTAMPTZ '2025-07-01 09:30:00' AS t)"
    assert call("query", ran, asked, "--format", "json").out == '{"h":"09:30","t":"2025-07-01 00:30:00.000000Z"}\n'
    assert call("query", ran, asked, "--format", "csv").out == "h,t\n09:30,2025-07-01 00:30:00.000000Z\n"


@pytest.mark.parametrize(
    ("said", "name"), [("Asia/Tokyo", "Asia/Tokyo"), (":Asia/Tokyo", "Asia/Tokyo"), ("", "Europe/Oslo"), ("X5", "UTC")]
)
def test_the_zone_of_a_person_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, name: str) -> None:
    monkeypatch.setenv("TZ", said)
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Oslo")
    assert zone_name(tmp_path / "localtime") == name


def test_limits_and_wrong_questions(ran: Path) -> None:
    many = call("query", ran, "SELECT * FROM orders", "--rows", "5")
    assert (many.code, many.err.splitlines()[0]) == (1, "error[query-rows]: the answer has more than 5 rows")
    slow = "SELECT count(*) FROM range(100000000) a, range(100000000) b"
    assert "error[query-" in call("query", ran, slow, "--seconds", "0.3").err
    unknown = call("query", ran, "SELECT * FROM revenu")
    assert unknown.err.splitlines() == [
        "error[query-unknown-table]: there is no table, view or topic 'revenu'",
        "hint: did you mean revenue?",
    ]
    wrong = call("query", ran, "SELECT 1", "--memory", "much")
    assert wrong.code == 1
    assert "option '--memory' is 'much', allowed is a size such as" in wrong.err


def test_the_ledger_balances(ran: Path) -> None:
    ended = call("ledger", ran)
    assert ended.code == 0
    assert ended.out.splitlines()[0].split() == ["pipeline", "operator", "kind", "taken", "given", "passed"]
    assert ended.err == "it balances: every row has one fate\n"
    rows = [json.loads(line) for line in call("ledger", ran, "--format", "json").out.splitlines()]
    assert [(r["operator"], r["taken"], r["given"]) for r in rows if r["kind"] in ("source", "sink")] == [
        ("source orders", 130, 130),
        ("sink revenue", 3, 0),
    ]


def test_a_ledger_that_does_not_balance_is_an_error_of_ours(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.project.penstock import Penstock

    with penstock.open(ran) as project:
        more = pl.when(pl.col("operator") == "window aggregate").then(2).otherwise(0)
        broken = project.ledger().with_columns(pl.col("taken") + more)
    monkeypatch.setattr(Penstock, "ledger", lambda _: broken)
    ended = call("ledger", ran)
    assert ended.code == 3
    assert balance(broken) == [ended.err.removesuffix("\n")]
    assert ended.err == "orders, window aggregate: 2 rows without a fate\n"


def test_before_any_run(shop: Path) -> None:
    assert call("ledger", shop).err == "no pipeline has run yet\n"
    assert call("why", shop).out == "nothing waits: no pipeline has run yet\n"


def test_why_names_the_silent_partition(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", toml="[topics.orders]\npartitions = 2\n")
    rows = orders(130)
    with penstock.open(folder) as project:
        places = project.append("orders", rows)["partition"].to_list()
    only = [r for r in rows if r["customer"] == "c0"]
    assert set(places) == {0, 1}
    quiet = make_project(tmp_path / "q", toml="[topics.orders]\npartitions = 2\n")
    append(quiet, *only)
    with penstock.open(quiet) as project:
        running = project.start()
        while not project.log.state.checkpoints():
            running.wait(0.01)
    silent = 1 - places[0]
    ended = call("why", quiet)
    assert f"orders (silent-partition): revenue waits: window aggregate holds {len(only)} rows" in ended.out
    assert f"Partition {silent} of table orders has had no row yet" in ended.out
    assert "\n  Set 'scan.watermark.idle-timeout' = '10 s' on the table" in ended.out
    (reason,) = (json.loads(line) for line in call("why", quiet, "--format", "json").out.splitlines())
    assert (reason["pipeline"], reason["code"]) == ("orders", "silent-partition")


def test_a_savepoint_is_kept_restored_and_dropped(ran: Path) -> None:
    assert call("savepoint", "create", ran, "before").out == "savepoint before keeps the last checkpoint of orders\n"
    append(ran, *orders(60, first=180))
    call("run", ran, "--bounded")
    listed = json.loads(call("savepoint", "list", ran, "--format", "json").out)
    assert (listed["name"], listed["pipeline"]) == ("before", "orders")
    restored = call("savepoint", "restore", ran, "before").out
    assert (
        restored
        == f"orders goes on from savepoint before (checkpoint {listed['checkpoint']}); it reads 60 rows again\n"
    )
    assert "60 rows read" in call("run", ran, "--bounded").out
    assert call("savepoint", "drop", ran, "before").code == 0
    assert call("savepoint", "list", ran, "--format", "json").out == ""


def test_wrong_savepoints(ran: Path) -> None:
    assert "error[savepoint-unknown]: there is no savepoint 'x'" in call("savepoint", "restore", ran, "x").err
    wrong = call("savepoint", "create", ran, "x", "--pipeline", "ordes")
    assert wrong.err == "error[savepoint-pipeline]: there is no pipeline 'ordes'\nhint: did you mean orders?\n"


def test_which_pipeline_a_savepoint_keeps(tmp_path: Path) -> None:
    sql = "CREATE TABLE a (n INT) WITH ('connector' = 'print');\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n"
    folder = make_project(tmp_path / "p", sql, name="a")
    ended = call("savepoint", "create", folder, "x")
    assert ended.err.splitlines()[0] == (
        "error[usage]: the project has several pipelines; --pipeline is one of a.a, a.a-2"
    )


def test_a_mistake_in_sql_keeps_nobody_from_the_log(ran: Path) -> None:
    (ran / "sql" / "9_new.sql").write_text("SELEC 1;\n")
    for words in (["topic", "list"], ["ledger"], ["rejects", "list"], ["why"], ["savepoint", "list"]):
        assert call(*words, ran).code == 0
    assert call("topic", "read", ran, "orders", "--last", "1").code == 0
    assert call("topic", "write", ran, "orders", "--key", "id", given='{"id": 1}').code == 0
    for words in (["run"], ["query"]):
        ended = call(*words, ran, *(["SELECT * FROM revenue"] if words == ["query"] else []))
        assert (ended.code, ended.err.splitlines()[:2]) == (
            1,
            ["error[sql-syntax]: SQL syntax: 'SELEC' does not begin a statement", "  sql/9_new.sql:1:1"],
        )
