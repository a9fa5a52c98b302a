from __future__ import annotations

import json
from typing import TYPE_CHECKING

import penstock
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
