from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.clock import SystemClock
from penstock.core.errors import UnsupportedError
from tests.cli.shell import call, make_project

if TYPE_CHECKING:
    from pathlib import Path

TOPICS = ("chat_events", "meeting_events", "user_events")


def collab(tmp_path: Path) -> Path:
    sql = "".join(
        f"CREATE TABLE {t} (event_id STRING) WITH ('connector' = 'kafka', 'topic' = '{t}', 'format' = 'json');\n"
        for t in TOPICS
    )
    return make_project(
        tmp_path / "c",
        sql + "CREATE TABLE o (s STRING) WITH ('connector' = 'print'); INSERT INTO o SELECT * FROM user_events;",
    )


def test_lines_of_topic_key_and_value(tmp_path: Path) -> None:
    out = tmp_path / "events"
    ended = call("simulate", "collab", "--events", "300", "--seed", "3", "--out", out)
    assert (ended.code, ended.out) == (0, "")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 300
    assert {r["topic"] for r in rows} == set(TOPICS)
    assert all(json.loads(r["value"])["meeting_id"] == r["key"] for r in rows)


def test_the_same_arguments_give_the_same_events_raw(tmp_path: Path) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    for out in (one, other):
        call("simulate", "web", "--events", "100", "--malformed", "0.1", "--raw", "--out", out)
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_text().splitlines()) == 100
    assert call("simulate", "web", "--events", "100", "--malformed", "0.1", "--raw").out == one.read_text()


def test_into_the_topics_of_a_project(tmp_path: Path) -> None:
    folder = collab(tmp_path)
    ended = call("simulate", "collab", "--events", "500", "--into", folder)
    assert ended.code == 0
    words = [line.split() for line in ended.out.splitlines()]
    assert [w[-1] for w in words] == sorted(TOPICS)
    assert sum(int(w[0]) for w in words) == 500
    with penstock.open(folder) as project:
        assert sum(p.rows for t in TOPICS for p in project.log.describe(t)) == 500


def test_a_project_without_such_topics(shop: Path) -> None:
    ended = call("simulate", "collab", "--events", "5", "--into", shop)
    assert ended.code == 1
    assert ended.err == (
        "error[simulate-topic]: the project has no topic 'user_events', which the events of collab go to\n"
        "hint: penstock init DIR --app collab makes a project that has\n"
    )


def test_numbers_that_cannot_be() -> None:
    ended = call("simulate", "web", "--events", "5", "--late", "2")
    assert "error[simulate-fault]: late is 2, allowed is a probability from 0 to 1" in ended.err
    both = call("simulate", "web", "--into", "x", "--raw")
    assert both.err.splitlines()[0] == "error[usage]: --into goes without --out and --raw"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    ended = call("simulate", "collab", "--events", "5", "--out", tmp_path / "none" / "x")
    assert ended.code == 1
    assert ended.err == (
        f"error[storage-open]: {tmp_path / 'none' / 'x'} cannot be written: No such file or directory\n"
        "hint: --out names a file in a folder that is there\n"
    )


def test_a_full_disk_under_a_file_is_told() -> None:
    ended = call("simulate", "collab", "--events", "50000", "--out", "/dev/full")
    assert ended.code == 1
    assert ended.err == (
        "error[storage-full]: /dev/full cannot be written: No space left on device\n"
        "hint: free disk space there, or name another file\n"
    )


def test_live_events_are_of_now_and_come_when_they_are_sent(tmp_path: Path) -> None:
    folder = collab(tmp_path)
    began = time.monotonic()
    before = SystemClock().now_ms()
    ended = call("simulate", "collab", "--rate", "400", "--events", "200", "--live", "--into", folder)
    assert ended.code == 0
    assert time.monotonic() - began > 0.45
    after = SystemClock().now_ms()
    with penstock.open(folder) as project:
        for topic in TOPICS:
            for frame in project.log.read(topic, columns=["timestamp"]):
                sent = frame["timestamp"].cast(int)
                assert before <= sent.min() <= sent.max() <= after  # type: ignore[operator]


def test_the_history_of_meetings_fills_its_tables_once(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    assert call("init", folder, "--app", "collab").code == 0
    for _ in range(2):
        ended = call("simulate", "collab", "--history", "3", "--into", folder)
        assert (ended.code, ended.out.splitlines()[0]) == (0, "1,000 rows in user_profiles")
    with penstock.open(folder) as project:
        assert project.query("SELECT count(*) FROM meeting_history").rows() == [(1200,)]
        joined = "SELECT count(DISTINCT plan_type) FROM user_profiles JOIN organization_plans USING (organization_id)"
        assert project.query(joined).rows() == [(3,)]


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    assert "--live and --history go with --into DIR" in call("simulate", "collab", "--live").err
    folder = collab(tmp_path)
    assert "--history goes with collab" in call("simulate", "web", "--history", "3", "--into", folder).err
    ended = call("simulate", "collab", "--history", "3", "--into", folder)
    assert (ended.code, "there is no table 'user_profiles' to fill" in ended.err) == (1, True)


def test_the_polls_of_days_that_are_over(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    assert call("init", folder, "--app", "parking").code == 0
    ended = call("simulate", "parking", "--history", "1", "--malformed", "0.1", "--into", folder)
    assert (ended.code, ended.out) == (0, "12,960 records appended to parking_feed\n")
    asked = "SELECT count(*), count(DISTINCT polled_at), count(DISTINCT Sted) FROM parking_feed"
    with penstock.open(folder) as project:
        assert project.query(asked).rows() == [(12_960, 1_440, 9)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["parking", "--rate", "3"], "--rate does not go with parking, which is asked over HTTP"),
        (["parking", "--history", "2"], "parking takes --history and --into together, or neither"),
        (["parking", "--history", "0", "--into", "x"], "--history takes a number of days, 1 or more"),
        (["parking", "--late", "2"], "late is 2, allowed is a probability from 0 to 1"),
        (
            ["parking", "--late", "0.6", "--malformed", "0.6"],
            "the faults of a record add up to 1.2, allowed is 1 at most",
        ),
        (["web", "--outage", "0.1"], "--port and --outage go with parking and warehouse"),
        (["web", "--night", "2"], "--night and --change go with warehouse"),
        (["warehouse", "--night", "2"], "warehouse takes --night and --into together, or neither"),
        (["warehouse", "--change", "type"], "--change goes with --night"),
        (["warehouse", "--outage", "2"], "--outage is a probability, 0 to 1"),
        (
            ["warehouse", "--night", "2", "--into", "DIR", "--port", "1"],
            "--port and --outage go without --night: they are of the shop's API",
        ),
    ],
)
def test_what_does_not_go_with_parking(given: list[str], message: str) -> None:
    ended = call("simulate", *given)
    assert (ended.code != 0, message in ended.err) == (True, True), ended.err


def test_a_night_is_delivered_into_a_project_alone(tmp_path: Path) -> None:
    nowhere = call("simulate", "warehouse", "--night", "2", "--into", tmp_path / "wh")
    assert f"error[project-missing]: {tmp_path / 'wh'} is no Penstock project" in nowhere.err
    assert not (tmp_path / "wh").exists()
    (tmp_path / "penstock.toml").write_text("")
    made = call("simulate", "warehouse", "--night", "2", "--into", tmp_path)
    assert "customers: 450 rows, 18 of them again, 5 without a key, 23 with what no rule lets pass" in made.out
    (tmp_path / "data" / "raw" / "customers.csv").unlink()
    (tmp_path / "data" / "raw" / "customers.csv").mkdir()
    refused = call("simulate", "warehouse", "--night", "2", "--into", tmp_path)
    assert "error[storage-open]" in refused.err
    assert "customers.csv cannot be written: Is a directory" in refused.err


def test_a_table_that_holds_no_files_is_not_filled(tmp_path: Path) -> None:
    with penstock.open(collab(tmp_path)) as project:
        rows = pl.DataFrame({"event_id": ["a"]})
        with pytest.raises(UnsupportedError, match="table user_events holds no files"):
            project.fill("user_events", rows)
