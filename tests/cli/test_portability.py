"""What check says of a project that Flink would take otherwise, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import ORDERS, append, call, make_project, orders

if TYPE_CHECKING:
    from pathlib import Path

LATEST = """
CREATE TABLE latest (customer STRING, id BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'json', 'value.format' = 'json');
"""
INTO_LATEST = "INSERT INTO latest SELECT customer, id FROM orders"
SAID = f"SET 'table.exec.sink.require-on-conflict' = 'false';\n{INTO_LATEST};\n"
FLINK = '[engine]\non-bad-row = "flink"\n'
HINT = (
    "  hint: end it with ON CONFLICT DO DEDUPLICATE, or SET 'table.exec.sink.require-on-conflict' = 'false' before it\n"
)


def checked(folder: Path, sql: str, toml: str = "") -> str:
    return call("check", make_project(folder, sql, toml)).out


def test_an_insert_that_flink_wants_on_conflict_for(tmp_path: Path) -> None:
    assert (
        "difference[on-conflict]: INSERT INTO latest: of several rows of one key the last one stays; Flink refuses an"
        f" INSERT that does not say so\n{HINT}"
    ) in checked(tmp_path / "p", f"{ORDERS}{LATEST}{INTO_LATEST};\n")


@pytest.mark.parametrize("insert", [SAID, f"{INTO_LATEST} ON CONFLICT DO DEDUPLICATE;\n"])
@pytest.mark.parametrize("toml", ["", FLINK])
def test_it_may_say_so_in_two_ways(tmp_path: Path, insert: str, toml: str) -> None:
    folder = make_project(tmp_path / "p", ORDERS + LATEST + insert, toml)
    assert "conflict" not in call("check", folder).out
    append(folder, *orders(5))
    assert call("run", folder, "--bounded").code == 0
    answer = call("query", folder, "SELECT customer, id FROM latest ORDER BY id", "--format", "csv").out
    assert answer.splitlines()[1:] == ["c2,2", "c0,3", "c1,4"]


def test_where_penstock_does_as_flink_it_is_refused(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", f"{ORDERS}{LATEST}{INTO_LATEST};\n", FLINK)
    said = (
        "error[sql-on-conflict]: {}a row may replace another of the same key (customer), and nothing says that it shall"
    )
    checks = call("check", folder)
    assert (checks.code, said.format("INSERT INTO latest: ") + "\n" + HINT in checks.out) == (1, True)
    assert said.format("") in call("run", folder, "--bounded").err
    assert said.format("") in call("sql", "-e", f"{ORDERS}{LATEST}{INTO_LATEST};").err
    assert call("sql", "--on-bad-row", "reject", "-e", f"{ORDERS}{LATEST}{INTO_LATEST};").code == 0


@pytest.mark.parametrize("toml", ["", FLINK])
def test_on_conflict_where_no_row_replaces_another(tmp_path: Path, toml: str) -> None:
    sql = ORDERS.replace(
        "GROUP BY window_start, window_end;", "GROUP BY window_start, window_end ON CONFLICT DO DEDUPLICATE;"
    )
    assert (
        "error[sql-on-conflict]: INSERT INTO revenue: ON CONFLICT is for tables whose rows replace each other by key,"
        " revenue keeps every row\n  hint: leave it out, or INSERT INTO a table of connector 'upsert-kafka'\n"
    ) in checked(tmp_path / "p", sql, toml)


def test_options_that_only_penstock_knows(tmp_path: Path) -> None:
    sql = """
CREATE TABLE made (id BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'datagen', 'number-of-rows' = '1', 'seed' = '7', 'scan.watermark.idle-timeout' = '1 s');
CREATE TABLE files (id BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet',
  'sink.file-name' = 'x', 'sink.held-size' = '1 mb');
INSERT INTO files /*+ OPTIONS('sink.rolling-policy.rows' = '10') */ SELECT id FROM made;
"""
    out = checked(tmp_path / "p", sql)
    own = [line for line in out.splitlines() if "own-option" in line]
    assert own == [
        "difference[own-option]: table made: 'seed' is Penstock's own, Flink does not know it",
        "difference[own-option]: table made: 'scan.watermark.idle-timeout' is Penstock's own, Flink does not know it",
        "difference[own-option]: table files: 'sink.file-name' is Penstock's own, Flink does not know it",
        "difference[own-option]: table files: 'sink.rolling-policy.rows' is Penstock's own, Flink does not know it",
        "difference[own-option]: table files: 'sink.held-size' is Penstock's own, Flink does not know it",
    ]
    assert "  hint: take it out for Flink: where it does not refuse the table, it passes the option by\n" in out


def test_a_connector_that_only_penstock_has(tmp_path: Path) -> None:
    sql = """
CREATE TABLE feed (id BIGINT)
WITH ('connector' = 'http', 'topic' = 'f', 'url' = 'https://example.org/', 'format' = 'json');
CREATE TABLE nowhere (id BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT id FROM feed;
"""
    assert (
        "difference[own-connector]: table feed: 'http' is Penstock's own, Flink has no connector of the name\n"
        "  hint: there it is a table of connector 'kafka', and Penstock fills topic f\n"
    ) in checked(tmp_path / "p", sql)


def test_a_key_that_flinks_kafka_does_not_take(tmp_path: Path) -> None:
    sql = ORDERS.replace("orders BIGINT, amount", "orders BIGINT, PRIMARY KEY (window_end) NOT ENFORCED, amount")
    assert (
        "difference[kafka-key]: table revenue: it keeps every row, whatever its key; Flink's connector 'kafka' takes no"
        " PRIMARY KEY\n  hint: leave the key out, or use connector 'upsert-kafka'\n"
    ) in checked(tmp_path / "p", sql)


def test_where_reading_begins_may_be_said_beside_the_table(tmp_path: Path) -> None:
    silent = ORDERS.replace("'scan.startup.mode' = 'earliest-offset',", "")
    said = silent.replace("TABLE orders,", "TABLE orders /*+ OPTIONS('scan.startup.mode' = 'earliest-offset') */,")
    assert "startup-mode" in checked(tmp_path / "silent", silent)
    assert "startup-mode" not in checked(tmp_path / "said", said)


def test_what_is_accepted_without_effect(tmp_path: Path) -> None:
    sql = ORDERS.replace(
        "'topic' = 'revenue', 'format' = 'json'",
        "'topic' = 'revenue', 'format' = 'csv', 'csv.write-bigdecimal-in-scientific-notation' = 'false',"
        " 'sink.delivery-guarantee' = 'at-least-once'",
    )
    out = checked(tmp_path / "p", f"SET 'parallelism.default' = '4';\n{sql}")
    assert [line for line in out.splitlines() if "without-effect" in line] == [
        "note[without-effect]: table revenue: 'csv.write-bigdecimal-in-scientific-notation' is accepted without effect",
        "note[without-effect]: table revenue: 'sink.delivery-guarantee' is accepted without effect",
        "note[without-effect]: SET 'parallelism.default' is accepted without effect",
    ]
