"""check and explain: what can be said of a project without running it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.shell import ORDERS, call, make_project

if TYPE_CHECKING:
    from pathlib import Path


def found(folder: Path) -> list[tuple[str, str, str]]:
    lines = call("check", folder, "--format", "json").out.splitlines()
    return [(f["level"], f["code"], f["where"]) for f in map(json.loads, lines)]


def test_a_project_in_order(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", toml='[engine]\non-bad-row = "flink"\n')
    ended = call("check", folder)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "note[new-topic]: topic orders will be made with 1 partition",
        "note[new-topic]: topic revenue will be made with 1 partition",
        "2 notes",
    ]
    assert not (folder / ".penstock").exists(), "nothing is made"
    call("run", folder, "--bounded")
    assert call("check", folder).out == "nothing was found\n"


def test_what_flink_would_do_otherwise(tmp_path: Path) -> None:
    sql = ORDERS.replace("'scan.startup.mode' = 'earliest-offset',", "")
    out = call("check", make_project(tmp_path / "p", sql)).out
    assert (
        "difference[on-bad-row]: penstock.toml: a row that cannot be read is taken out and listed in penstock.rejects;"
        " Flink's job would fail\n"
    ) in out
    assert (
        "difference[startup-mode]: table orders: it is read from the earliest offset; Flink begins at the offsets of"
        " the group\n  hint: 'scan.startup.mode' = 'earliest-offset' says so to both\n"
    ) in out
    assert out.endswith("2 differences, 2 notes\n")


def test_a_project_of_loads_alone_does_nothing_otherwise_than_flink(tmp_path: Path) -> None:
    assert call("init", tmp_path / "wh", "--app", "warehouse").code == 0
    assert {level for level, _, _ in found(tmp_path / "wh")} == {"note"}


def test_a_silent_partition_would_hold_everything_back(tmp_path: Path) -> None:
    toml = "[topics.orders]\npartitions = 3\n"
    assert ("warning", "no-idle-timeout", "table orders") in found(make_project(tmp_path / "p", toml=toml))
    calm = '[engine]\nidle-timeout = "5 s"\n' + toml
    assert "no-idle-timeout" not in {code for _, code, _ in found(make_project(tmp_path / "q", toml=calm))}
    own = ORDERS.replace("'topic' = 'orders'", "'topic' = 'orders', 'scan.watermark.idle-timeout' = '5 s'")
    assert "no-idle-timeout" not in {code for _, code, _ in found(make_project(tmp_path / "r", own, toml))}


def test_functions_that_give_another_value_each_time_are_named(tmp_path: Path) -> None:
    sql = """
CREATE TABLE a (t STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
CREATE TABLE b (r DOUBLE, u STRING, t BIGINT) WITH ('connector' = 'print');
INSERT INTO b SELECT RAND(), UUID(), UNIX_TIMESTAMP(t) FROM a;
"""
    ended = call("check", make_project(tmp_path / "p", sql, name="b"))
    where = "pipeline b (sql/01-b.sql)"
    assert f"warning[not-repeatable]: {where}: RAND gives another value each time" in ended.out
    assert f"warning[not-repeatable]: {where}: UUID gives" in ended.out
    assert "UNIX_TIMESTAMP" not in ended.out


def test_errors_of_several_files_are_all_told(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", "CREATE TABLE a (n INT) WITH ('connector' = 'kafkaa');\n")
    (folder / "sql" / "02.sql").write_text("SELECT 1;\n")
    (folder / "sql" / "03.sql").write_text("CREATE TABLE c (n INT) WITH ('connector' = 'print', 'x' = '1');\n")
    (folder / "sql" / "04.sql").write_text("CREATE TABLE d (n INT) WITH ('connector' = 'print';\n")
    (folder / "sql" / "05.sql").write_text(
        "CREATE TABLE e (n INT) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'parquet');\n"
    )
    ended = call("check", folder)
    assert ended.code == 1
    assert (
        "error[connector-unknown]: there is no connector 'kafkaa'\n  table a\n  sql/01-orders.sql:1:30\n" in ended.out
    )
    assert "error[project-query]: sql/02.sql: a query in a project's SQL file leads nowhere\n" in ended.out
    assert "error[option-unknown]: unknown option 'x'\n  table c\n  sql/03.sql:1:53\n" in ended.out
    assert "error[sql-syntax]: SQL syntax" in ended.out
    assert "  sql/04.sql:1:" in ended.out
    assert "table e" in ended.out
    assert "5 errors" in ended.out


def test_a_pipeline_that_cannot_be_wired(tmp_path: Path) -> None:
    sql = ORDERS.replace("'connector' = 'kafka', 'topic' = 'revenue', 'format' = 'json'", "'connector' = 'datagen'")
    assert ("error", "connector-sink", "table revenue") in [
        f for f in found(make_project(tmp_path / "p", sql)) if f[0] == "error"
    ]


def test_what_nobody_uses_and_what_has_no_effect(tmp_path: Path) -> None:
    sql = (
        ORDERS
        + """
CREATE TABLE extra (n INT) WITH ('connector' = 'print', 'sink.parallelism' = '2');
CREATE TABLE behind (n INT) WITH ('connector' = 'datagen');
CREATE VIEW front AS SELECT n FROM behind;
"""
    )
    out = call("check", make_project(tmp_path / "p", sql, "[topics.ordres]\npartitions = 2\n")).out
    assert "note[unused-table]: table extra: no pipeline reads or writes it\n" in out
    assert "note[unused-table]: table behind: no pipeline reads or writes it (view front names it)\n" in out
    assert "warning[unused-topic]: penstock.toml, [topics.ordres]: no table stands on topic ordres\n" in out
    assert "note[without-effect]: table extra: 'sink.parallelism' is accepted without effect\n" in out


def test_a_folder_without_anything(tmp_path: Path) -> None:
    ended = call("check", tmp_path)
    assert (ended.code, ended.out.splitlines()[-1]) == (1, "1 error")
    folder = make_project(tmp_path / "p", "CREATE TABLE a (n INT) WITH ('connector' = 'print');\n")
    assert ("error", "project-empty", "") in found(folder)


def test_the_plan_as_a_tree(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    ended = call("explain", folder)
    assert ended.code == 0
    assert (
        ended.out
        == """\
pipeline orders (sql/01-orders.sql)
  sink revenue
      topic revenue (kafka)
    calc
        gives window_end, $agg0 AS orders, $agg1 AS amount
      window aggregate
          windows of 1 min on ts
          by the window alone
          gives COUNT(*), SUM(amount)
          state in the project's log
        source orders
            topic orders (kafka)
            columns amount, ts
            watermark for ts = ts - INTERVAL '5' SECOND
            state in the project's log
"""
    )
    assert not (folder / ".penstock").exists()


def test_what_makes_the_rows_of_a_table_or_view(tmp_path: Path) -> None:
    sql = (
        ORDERS
        + """
CREATE TABLE other (id BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'other', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO other SELECT id FROM orders WHERE id > 3 AND TRY_CAST(customer AS INT) IS NULL;
CREATE VIEW sums AS SELECT window_end, CASE WHEN COUNT(DISTINCT id) > 1 THEN 'a' ELSE 'b' END AS many
FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;
"""
    )
    folder = make_project(tmp_path / "p", sql)
    other = call("explain", folder, "other").out
    assert "revenue" not in other
    assert "      topic other (upsert-kafka), the last row of each id\n" in other
    assert "where (((id > 3) AND IS NULL(TRY_CAST(customer AS INT)))" in other or "TRY_CAST(customer AS INT)" in other
    view = call("explain", folder, "sums").out
    assert view.startswith("pipeline SELECT * FROM sums\n")
    assert "windows of 1 min every 10 s on ts\n" in view
    assert "CASE WHEN ($agg0 > 1) THEN 'a' ELSE 'b' END AS many\n" in view
    wrong = call("explain", folder, "summs")
    assert wrong.err == "error[explain-unknown]: there is no table or view 'summs'\nhint: did you mean sums?\n"
