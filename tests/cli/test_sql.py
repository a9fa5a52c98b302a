from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import penstock
from penstock.cli.output import make_output
from penstock.cli.prompt import complete, prompt
from penstock.cli.sql import Runner
from penstock.connectors.events import EventsFile
from penstock.project.client import Client
from tests.cli.shell import PATIENCE, call, started

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

VALUES = "SELECT * FROM (VALUES (1, 'a,\"b\"', TRUE), (2, CAST(NULL AS STRING), FALSE)) AS t(n, s, b)"
TABLES = """\
CREATE TABLE clicks (who STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE counts (window_end TIMESTAMP(3), n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO counts SELECT window_end, COUNT(*)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
"""


def click_lines(*seconds: int) -> str:
    return "".join(
        json.dumps({"table": "clicks", "row": {"who": "ada", "ts": f"2025-01-01 00:00:{s:02d}"}}) + "\n"
        for s in seconds
    )


def test_a_table_for_a_person() -> None:
    ended = call("sql", "-e", VALUES)
    assert ended.code == 0
    assert ended.out == (
        'n  s      b    \n─  ─────  ─────\n1  a,"b"  TRUE\n2  NULL   FALSE\n(2 rows)\n'.replace("b    \n", "b\n")
    )


def test_csv_has_no_formulas_and_numbers_as_they_are() -> None:
    texts = "('=1+1'), ('+2'), ('-3'), ('@SUM(A1)'), ('a=b'), (CAST(NULL AS STRING))"
    out = call("sql", "-e", f"SELECT * FROM (VALUES {texts}) AS t(s)", "--format", "csv").out
    assert out.splitlines() == ["s", "'=1+1", "'+2", "'-3", "'@SUM(A1)", "a=b", ""]
    numbers = "SELECT -1 AS n, CAST(-2.5 AS DECIMAL(3, 1)) AS `-d`, DATE '2025-01-01' AS `=day`"
    assert call("sql", "-e", numbers, "--format", "csv").out == "n,'-d,'=day\n-1,-2.5,2025-01-01\n"


def test_json_and_csv_for_a_program() -> None:
    assert call("sql", "-e", VALUES, "--format", "json").out == (
        '{"n":1,"s":"a,\\"b\\"","b":true}\n{"n":2,"s":null,"b":false}\n'
    )
    assert call("sql", "-e", VALUES, "--format", "csv").out == 'n,s,b\n1,"a,""b""",true\n2,,false\n'
    empty = "SELECT '' AS e, CAST(NULL AS STRING) AS n, ARRAY[1, 2] AS a"
    assert call("sql", "-e", empty, "--format", "csv").out == 'e,n,a\n"",,"[1,2]"\n'


def test_a_changelog() -> None:
    ended = call("sql", "-e", "SELECT 1 AS n", "--format", "changelog")
    assert ended.out == '{"op":"+I","row":{"n":1}}\n'


def test_events_feed_every_table_and_inserts_are_shown(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(click_lines(1, 2, 12))
    (tmp_path / "counts.sql").write_text(TABLES)
    ended = call("sql", tmp_path / "counts.sql", "--events", tmp_path / "events.jsonl", "--format", "changelog")
    assert ended.code == 0, ended.err
    assert ended.out == (
        '{"op":"+I","row":{"window_end":"2025-01-01 00:00:10.000","n":2},"sink":"counts"}\n'
        '{"op":"+I","row":{"window_end":"2025-01-01 00:00:20.000","n":1},"sink":"counts"}\n'
    )


def test_a_file_may_name_its_events_and_its_watermarks(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(
        click_lines(1, 12) + '{"watermark": "2025-01-01 00:00:10"}\n' + click_lines(2)
    )
    directives = "-- @events events.jsonl\n-- @watermark manual\n"
    (tmp_path / "counts.sql").write_text(directives + TABLES)
    ended = call("sql", tmp_path / "counts.sql", "--format", "json", "--batch-rows", "1")
    assert ended.code == 0, ended.err
    assert [json.loads(line)["n"] for line in ended.out.splitlines()] == [1, 1]
    assert "1 row came too late: all their windows had closed" in ended.err


def test_an_insert_says_how_many_rows_went_where() -> None:
    sql = "CREATE TABLE t (n INT) WITH ('connector' = 'blackhole'); INSERT INTO t VALUES (1), (2);"
    ended = call("sql", "-e", sql)
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "2 rows into t"


def test_insert_overwrite_replaces_what_was_there(tmp_path: Path) -> None:
    table = f"CREATE TABLE o (a INT) WITH ('connector' = 'filesystem', 'path' = '{tmp_path / 'o'}', 'format' = 'json');"
    done = call("sql", "-e", f"{table} INSERT INTO o VALUES (1), (2); INSERT OVERWRITE o VALUES (3)")
    assert done.code == 0
    assert [f.read_text() for f in (tmp_path / "o").iterdir() if not f.name.startswith(".")] == ['{"a":3}\n']


def test_the_catalog_answers_as_tables() -> None:
    sql = "CREATE TABLE t (n INT) WITH ('connector' = 'print'); SHOW TABLES; DESCRIBE t;"
    out = call("sql", "-e", sql, "--format", "json").out
    assert '{"table name":"t"}\n' in out
    assert '"name":"n","type":"INT"' in out
    plan = call("sql", "-e", "EXPLAIN SELECT 1 AS n").out
    assert "n INT" in plan
    assert "─" not in plan


def test_statements_from_standard_input() -> None:
    assert call("sql", "--format", "json", given="SELECT 1 AS n;\nSELECT 2 AS n;").out == '{"n":1}\n{"n":2}\n'


def test_settings_before_the_first_statement() -> None:
    sql = "SELECT CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING) AS t"
    ended = call("sql", "-e", sql, "--set", "table.local-time-zone=Asia/Shanghai", "--format", "json")
    assert json.loads(ended.out)["t"].startswith("1970-01-01 08:00:00")
    wrong = call("sql", "-e", sql, "--set", "zone")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "error[usage]: --set takes K=V, not 'zone'")


def test_statements_before_an_error_stay_done() -> None:
    ended = call("sql", "-e", "SELECT 1 AS n; SELECT nothing; SELECT 3 AS n", "--format", "json")
    assert ended.out == '{"n":1}\n'
    assert ended.code == 1
    assert "error[sql-unknown-column]: there is no column 'nothing'" in ended.err


def test_a_bad_row_ends_the_statement_as_in_flink_unless_it_is_to_be_left_out() -> None:
    sql = "SELECT 10 / n AS n FROM (VALUES (1), (0), (2)) AS t(n)"
    stopped = call("sql", "-e", sql, "--format", "json")
    assert stopped.code == 1
    assert "error[division-by-zero]" in stopped.err
    left_out = call("sql", "-e", sql, "--format", "json", "--on-bad-row", "reject")
    assert left_out.out == '{"n":10}\n{"n":5}\n'
    assert left_out.err == "1 row could not be read: left out (--on-bad-row flink stops at the first)\n"


def test_a_file_or_a_text() -> None:
    ended = call("sql", __file__, "-e", "SELECT 1")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "error[usage]: give a FILE or -e, not both")


def test_control_characters_cannot_steer_a_terminal() -> None:
    out = call("sql", "-e", "SELECT 'a' || CHR(27) || '[31m' || CHR(10) AS s").out
    assert "\x1b" not in out
    assert "a\\x1b[31m\\n" in out


def test_when_a_statement_is_whole() -> None:
    whole = ("SELECT 1;", "SELECT ';';  ", "-- ;\nSELECT 1;", "SELECT `a;b`;", "SELECT 'it''s';")
    parts = (
        "SELECT 1",
        "SELECT ';",
        "SELECT 1; --",
        "/* ; ",
        "SELECT 'a;",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1;",
    )
    assert [t for t in whole if not complete(t)] == []
    assert [t for t in parts if complete(t)] == ["SELECT 1; --"]
    assert complete("EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1; END;")


def test_the_prompt_goes_on_after_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["SELECT", "1 AS a;", "SELECT nothing;", "SELECT 2 AS b;", "quit;"])
    asked = []

    def answer(mark: str) -> str:
        asked.append(mark)
        return next(lines)

    monkeypatch.setattr("builtins.input", answer)
    with penstock.memory() as project:
        prompt(Runner(Client(project), make_output("json"), quiet=True))
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1:] == ['{"a":1}', '{"b":2}']
    assert "there is no column 'nothing'" in printed.err
    assert asked == ["sql> ", "   ... ", "sql> ", "sql> ", "sql> "]


def test_made_up_rows_without_an_end_go_on_until_the_limit() -> None:
    sql = "CREATE TABLE g (a INT) WITH ('connector' = 'datagen', 'rows-per-second' = '20'); SELECT a FROM g LIMIT 4;"
    began = time.monotonic()
    ended = call("sql", "-e", sql, "--format", "json")
    assert (ended.code, len(ended.out.splitlines())) == (0, 4)
    assert time.monotonic() - began > 3 / 20, "they come at their rate"
    assert "datagen without 'number-of-rows' goes on until a" in call("sql", "--help").out


def test_made_up_rows_without_an_end_go_on_until_ctrl_c() -> None:
    sql = "CREATE TABLE g (a INT) WITH ('connector' = 'datagen', 'rows-per-second' = '50'); SELECT a FROM g;"
    child = started("sql", "-e", sql, "--format", "json", PYTHONUNBUFFERED="1")
    assert child.stdout is not None
    assert all("a" in json.loads(child.stdout.readline()) for _ in range(3))
    child.send_signal(signal.SIGINT)
    assert "error[interrupted]" in child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == 130


def test_the_kinds_of_events_are_in_the_help_and_can_be_read(tmp_path: Path) -> None:
    shown = call("sql", "--help").out
    kinds = [json.JSONDecoder().raw_decode(line.strip())[0] for line in shown.splitlines() if line[:3] == "  {"]
    assert len(kinds) == 6
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(k) + "\n" for k in kinds))
    events = EventsFile(file)
    assert events.tables["orders"].values == [b'{"id": 1, "ts": "2025-01-06 09:00:00"}', b"1;ada"]
    file.write_text("nothing\n")
    ended = call("sql", "-e", VALUES, "--events", file)
    assert ended.code == 1
    assert ended.err.endswith(
        'hint: a line is such as {"table": "orders", "row": {"id": 1}}; penstock sql --help shows all kinds\n'
    )


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_bytes(b"SELECT \xff\x00")
    ended = call("sql", tmp_path / "b.sql")
    hint = "hint: give a file of SQL statements in UTF-8\n"
    assert (ended.code, ended.err) == (
        1,
        f"error[sql-file]: {tmp_path / 'b.sql'} is not a text: its byte 7 is no UTF-8\n{hint}",
    )
    piped = call("sql", given=b"\xff")
    assert piped.err == f"error[sql-file]: standard input is not a text: its byte 0 is no UTF-8\n{hint}"
