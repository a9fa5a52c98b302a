from __future__ import annotations

import gzip
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

import penstock
from penstock.cli.progress import Progress, line_of
from penstock.log import Log
from penstock.project.figures import Figures
from tests.cli.shell import ORDERS, append, call, make_project, orders

if TYPE_CHECKING:
    import pytest


def test_the_end_says_what_came_in_and_out(shop: Path) -> None:
    ended = call("run", shop, "--bounded")
    assert ended.code == 0
    first, second, *rest = ended.out.splitlines()
    assert re.fullmatch(r"orders: 130 rows read in [\d.]+ m?s \([\d,]+ rows/s\)", first)
    assert second == "  3 rows into revenue"
    assert rest[0] == "next:"
    assert "made topic revenue with 1 partition\n" in ended.err


def test_the_next_commands_work_as_they_stand(shop: Path) -> None:
    append(shop, {"id": 1, "customer": "c", "amount": None, "ts": None})
    ended = call("run", shop, "--bounded")
    commands = [line.strip() for line in ended.out.split("next:\n")[1].splitlines()]
    assert len(commands) == 3
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "penstock"
        shown = call(*words)
        assert shown.code == 0, shown.err
        assert shown.out


def test_rejected_rows_are_told_with_what_mends_them(shop: Path) -> None:
    with penstock.open(shop) as project:
        project.append("orders", pl.DataFrame({"value": [b"no json", b"{}", b'{"id": 1}']}))
    out = call("run", shop, "--bounded").out
    assert "  3 rows rejected (penstock.rejects)\n" in out
    assert "  2 rows of orders: null-event-time, such as: the event time 'ts' is NULL\n    mend the expression" in out
    assert "  1 row of orders: json-syntax, such as: not valid JSON at byte 0" in out
    assert "'json.ignore-parse-errors' = 'true'" in out


def test_a_row_that_is_late_for_two_queries_is_one_late_row(tmp_path: Path) -> None:
    second = ORDERS[ORDERS.index("INSERT") :].replace("'1' MINUTE", "'30' SECOND")
    both = ORDERS.replace("INSERT", "EXECUTE STATEMENT SET BEGIN INSERT", 1) + second + "END;"
    folder = make_project(tmp_path / "p", both)
    append(folder, *orders(130), *orders(2))
    ended = call("run", folder, "--bounded")
    assert "  2 rows late: some or all of their windows had closed (penstock.late)\n" in ended.out
    assert f"  penstock rejects list {folder} --late\n" in ended.out
    with penstock.open(folder) as project:
        assert project.query("SELECT count(*) FROM penstock.late").rows() == [(4,)]


def test_nothing_to_read_says_how_to_feed_it(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "a shop")
    ended = call("run", folder, "--bounded")
    assert ended.code == 0
    assert "there is nothing to read: orders is empty; feed it with\n" in ended.out
    assert f"  penstock topic write '{folder}' orders FILE\n" in ended.out


def test_the_topics_of_an_app_are_fed_by_its_simulator(tmp_path: Path) -> None:
    sql = "".join(
        f"CREATE TABLE {t} (event_id STRING) WITH ('connector' = 'kafka', 'topic' = '{t}', 'format' = 'json');\n"
        for t in ("chat_events", "seen")
    )
    folder = make_project(tmp_path / "c", sql + "INSERT INTO seen SELECT event_id FROM chat_events;")
    assert f"  penstock simulate collab --events 100000 --into {folder}\n" in call("run", folder, "--bounded").out


def test_nothing_new_to_read(shop: Path) -> None:
    call("run", shop, "--bounded")
    assert "there was nothing new to read\n" in call("run", shop, "--bounded").out


def test_fresh_says_what_goes_and_wants_a_yes(shop: Path) -> None:
    call("run", shop, "--bounded")
    refused = call("run", shop, "--bounded", "--fresh")
    assert refused.code == 2
    assert re.match(
        r"--fresh drops the state of pipeline orders \(checkpoint \d+\), 3 rows of topic revenue\n", refused.err
    )
    assert "error[usage]: --fresh drops results; nobody can be asked here, so say --yes\n" in refused.err
    again = call("run", shop, "--bounded", "--fresh", "--yes")
    assert again.code == 0
    assert "130 rows read" in again.out
    with penstock.open(shop) as project:
        assert project.query("SELECT count(*) FROM revenue").rows() == [(3,)]


def test_a_pipeline_that_fails_stops_alone(tmp_path: Path) -> None:
    sql = """
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'format' = 'json');
CREATE TABLE good (n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'good', 'format' = 'json');
CREATE TABLE bad (n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'bad', 'format' = 'json');
INSERT INTO good SELECT n FROM numbers;
INSERT INTO bad SELECT 10 / n FROM numbers;
"""
    folder = make_project(tmp_path / "p", sql, '[engine]\non-bad-row = "flink"\n', "numbers")
    with penstock.open(folder) as project:
        project.append("numbers", [{"n": 1}, {"n": 0}, {"n": 2}])
    ended = call("run", folder, "--bounded")
    assert ended.code == 1
    assert " error pipeline numbers.bad: has stopped with an error\nerror[division-by-zero]: " in ended.err
    assert "  3 rows into good\n" in ended.out
    with penstock.open(folder) as project:
        assert project.query("SELECT count(*) FROM good").rows() == [(3,)]


def test_after_an_error_only_what_was_committed_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Log.transaction

    def transaction(log: Log) -> object:
        log._file.writer.pragma("max_page_count", log._file.writer.pragma("page_count"))
        return before(log)

    sql = """
CREATE TABLE orders (line STRING) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'raw');
CREATE TABLE copies (line STRING) WITH ('connector' = 'kafka', 'topic' = 'copies', 'format' = 'raw');
INSERT INTO copies SELECT line FROM orders;
"""
    folder = make_project(tmp_path / "p", sql)
    append(folder, *({"line": os.urandom(1000).hex()} for _ in range(500)))
    with penstock.open(folder) as project:
        project.log.create_topic("copies")
    monkeypatch.setattr(Log, "transaction", transaction)
    ended = call("run", folder, "--bounded")
    assert ended.code == 1
    assert " error pipeline orders: has stopped with an error\nerror[storage-full]: no space left for " in ended.err
    assert "  0 rows into copies\n" in ended.out
    assert "there was nothing new to read" not in ended.out


def test_a_pipeline_that_failed_before_it_read_anything_does_not_say_that_there_was_nothing(tmp_path: Path) -> None:
    sql = """
CREATE TABLE lines (n INT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
CREATE TABLE p (n INT) WITH ('connector' = 'blackhole');
INSERT INTO p SELECT n FROM lines;
"""
    folder = make_project(tmp_path / "p", sql)
    (folder / "in").mkdir()
    (folder / "in" / "a.json.gz").write_bytes(gzip.compress(b'{"n":1}\n' * 9)[:10] + b"broken")
    ended = call("run", folder, "--bounded")
    assert ended.code == 1
    assert "error[file-damaged]" in ended.err
    assert "there was nothing new to read" not in ended.out


def test_fresh_is_refused_before_it_says_what_goes(shop: Path) -> None:
    call("run", shop, "--bounded")
    with penstock.open(shop) as project, project.locked():
        refused = call("run", shop, "--fresh", "--yes")
    assert refused.code == 1
    assert refused.err.startswith("error[locked]: the project is in use by process ")


def test_output_that_finds_no_space() -> None:
    command = [sys.executable, "-m", "penstock", "sql", "-e", "SELECT 1 AS a"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == (
        "error[storage-full]: no space left where standard output goes\n"
        "hint: free disk space there, or send it elsewhere\n"
    )


def figure(rows: int = 0, written: int = 0, **more: object) -> Figures:
    values = {"late": 0, "rejected": 0, "watermark": None, "lag": None, "state": "running", **more}
    return Figures("orders", rows, {"revenue": written}, **values)  # type: ignore[arg-type]


def test_lines_where_nobody_watches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with penstock.memory() as project, Progress(project, started_ms=0) as progress:
        for seconds, rows in ((1.0, 100), (4.9, 490), (5.0, 500), (9.0, 900), (10.1, 1010)):
            progress.show([figure(rows, rows)], seconds)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "orders: 500 rows (100/s), 500 written, watermark -",
        "orders: 1,010 rows (100/s), 1,010 written, watermark -",
    ]


def test_a_line_says_what_there_is() -> None:
    told = line_of(figure(1234567, 10, late=2, rejected=3, lag=4, state="ended"), 123456.0)
    assert told == "orders: 1.23 M rows (123 k/s), 10 written, watermark -, lag 4, 2 late, 3 rejected, ended"


def test_where_rows_come_in_and_nothing_comes_out_it_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_project(tmp_path / "p", toml="[topics.orders]\npartitions = 3\n")
    append(folder, *(row | {"customer": "only"} for row in orders(130)))
    with penstock.open(folder) as project:
        project.append("orders", pl.DataFrame({"value": [b"no json"]}))
        running = project.start()
        while not project.log.state.checkpoints():
            running.wait(0.01)
        with Progress(project, started_ms=0) as progress:
            seen = running.figures()
            progress.show([figure()], 0.0)
            progress.show(seen, 4.9)
            assert capsys.readouterr().err == ""
            progress.show(seen, 5.1)
            told = capsys.readouterr().err
            progress.show(seen, 6.0)
            assert capsys.readouterr().err == ""
        project.stop()
    assert "orders: revenue waits: window aggregate holds 130 rows; its next window closes when" in told
    assert "of table orders have had no row yet" in told
    assert "Set 'scan.watermark.idle-timeout' = '10 s' on the table" in told
    assert "orders: rejected: 1 row of orders: json-syntax, such as: not valid JSON" in told


def test_nothing_is_said_while_results_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    with penstock.memory() as project, Progress(project, started_ms=0) as progress:
        for seconds in range(0, 60, 4):
            progress.show([figure(seconds * 10, seconds)], float(seconds))
    assert all("written" in line for line in capsys.readouterr().err.splitlines())
