"""Alert rules: what is wrong with one, what they find, and that a test of one finds the same."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.errors import PenstockError
from penstock.incidents import INCIDENTS, incidents_of
from penstock.incidents.incident import acknowledge
from penstock.project.alerts.backtest import backtest
from penstock.project.figures import lag_of
from penstock.project.opening import open_project
from tests.incidents.receivers import Receiver
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

SQL = """\
SET 'table.exec.sink.require-on-conflict' = 'false';
CREATE TABLE latency (meeting STRING, ms DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'latency', 'format' = 'json');
CREATE TABLE latest (meeting STRING, ms DOUBLE, PRIMARY KEY (meeting) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO latest SELECT meeting, ms FROM latency;
"""
SLOW = """\
title = "Slow: {meeting}"
table = "latency"
when = "ms > 200"
key = ["meeting"]
for = "1 min"
absent = "2 min"
description = "{ms} ms"
"""
START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def make(folder: Path, toml: str = "", **rules: str) -> Path:
    (folder / "sql").mkdir(parents=True)
    (folder / "alerts").mkdir()
    (folder / "penstock.toml").write_text(f'[project]\nname = "calls"\n{toml}')
    (folder / "sql" / "calls.sql").write_text(SQL)
    for name, text in rules.items():
        (folder / "alerts" / f"{name}.toml").write_text(text)
    return folder


def samples(key: str, *values: tuple[int, float], start: dt.datetime = START) -> list[dict[str, Any]]:
    """Values at so many seconds."""
    return [
        {"meeting": key, "ms": ms, "ts": (start + dt.timedelta(seconds=s)).replace(tzinfo=None)} for s, ms in values
    ]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "an alert is about the rows of a query or those of a table, and needs one of the two"),
        ('table = "latency"\nquery = "SELECT 1"', "needs one of the two"),
        ('table = "latenci"', "there is no table or view 'latenci'"),
        ('table = "latency"\nwhen = "msec > 1"', "there is no column 'msec'"),
        ('table = "latency"\nkey = ["room"]', "key names the column 'room', which its rows have not"),
        ('table = "latency"\ntitle = "{mss}"', "a text names the column 'mss', which its rows have not"),
        (
            "query = \"SELECT *, ENCODE(meeting, 'UTF-8') AS packed FROM latency\"\nkey = ['packed']",
            "key names the column 'packed', which is bytes",
        ),
        ('table = "latency"\nfor = "soon"', "option 'for' is 'soon', allowed is a duration such as 500 ms"),
        ('table = "latency"\nquiet = ["22-6"]', "allowed is a list of times of day: [\"22:00-06:00\"]"),
        ('table = "latency"\nnotify = ["ops"]', "there is no channel 'ops'"),
        ('table = "latency"\ntime = "ms"', "'ms' is no event time of its rows"),
        ('query = "SELECT meeting, ms FROM latency"', "its rows have no event time"),
        ('table = "latest"', "the rows of its query change after they were given"),
        ('query = "DROP TABLE latency"', "the query of an alert is one SELECT"),
        ('table = "latency"\nno-data = "0 s"', "no-data = 0 would always say so"),
        ("table = ", "this is not TOML"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_says_why(tmp_path: Path, rule: str, words: str) -> None:
    with open_project(make(tmp_path / "calls", bad=rule)) as project:
        (found,) = project.alerts.rules
        assert words in str(found.error)
        assert "alerts/bad.toml" in str(found.error)
        (state,) = project.alert_states()
        assert state.state == "wrong"
        with pytest.raises(PenstockError):
            project.alerts.get("bad")


def facts(project: Penstock) -> list[tuple[Any, ...]]:
    """(key, start, end) of what has fired."""
    return sorted((i.key["meeting"], i.start, i.end) for i in incidents_of(project.log) if i.fired is not None)


def found_again(project: Penstock) -> list[tuple[Any, ...]]:
    found = backtest(project, project.alerts.get("slow"))
    rows = found.select(pl.col("key").str.json_path_match("$.meeting"), pl.col("start", "end").dt.epoch("ms")).rows()
    return sorted(rows)


def caught_up(project: Penstock) -> None:
    """Everything that is there has been read; stopping writes down what follows from it."""
    until(lambda: not any(lag_of(p.log, p.input.position()) for p in project.running), "rows are not read")


def at(seconds: int) -> int:
    return round(START.timestamp() * 1000) + seconds * 1000


def test_a_test_finds_what_fired_through_restarts(tmp_path: Path) -> None:
    folder = make(tmp_path / "calls", slow=SLOW)
    rows = [
        samples("a", (0, 300), (30, 300)) + samples("b", (40, 300)),
        samples("a", (60, 310), (90, 100), (95, 300)),
        samples("b", (99, 300), (101, 300)) + samples("a", (100, 50), (140, 300), (10, 1)),  # the last one is late
        samples("c", (200, 1)),
        samples("b", (240, 1), (300, 1)),
        samples("a", (400, 1)),
    ]
    for some in rows:
        with open_project(folder) as project:
            project.append("latency", some)
            project.start()
            caught_up(project)
            project.stop()
    with open_project(folder) as project:
        assert facts(project) == [("a", at(0), at(90)), ("b", at(40), at(221))]
        assert found_again(project) == facts(project)
        states = [(i.key["meeting"], i.state, i.title, i.description) for i in incidents_of(project.log)]
        assert ("a", "resolved", "Slow: a", "310.0 ms") in states
        assert len(states) == 4
        values = [v for f in project.log.read(INCIDENTS, columns=("value",)) for v in f["value"]]
        assert len(values) == len(set(values)) == 10


def test_states_tell_what_a_rule_cannot(tmp_path: Path) -> None:
    with open_project(make(tmp_path / "calls", slow=SLOW + 'no-data = "300 ms"\n')) as project:
        assert [(s.state, s.reason) for s in project.alert_states()] == [("stopped", "no engine runs it")]
        project.start()
        silent = [("no data", "its topics have got nothing for 300 ms")]
        assert [(s.state, s.reason) for s in project.alert_states()] == silent
        project.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        until(lambda: [s.firing for s in project.alert_states()] == [1], "it does not fire")
        until(lambda: [(s.state, s.reason) for s in project.alert_states()] == silent, "it has data")


DERIVED = """\
CREATE TABLE slow (meeting STRING, ms INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'slow', 'format' = 'json');
INSERT INTO slow SELECT meeting, CAST(meeting AS INT), ts FROM latency;
"""


def test_a_rule_that_reads_results_cannot_tell_while_nothing_makes_them(tmp_path: Path) -> None:
    rule = SLOW.replace("latency", "slow")
    folder = make(tmp_path / "calls", '[engine]\non-bad-row = "flink"\n', slow=rule)
    (folder / "sql" / "slow.sql").write_text(DERIVED)
    with open_project(folder) as project:

        def state() -> tuple[str, str]:
            (found,) = project.alert_states()
            return found.state, found.reason

        project.start()
        assert state() == ("no data", "no row with a time has come to slow yet")
        project.append("latency", samples("1", (0, 300)))
        until(lambda: state() == ("ok", ""), "what it reads has come")
        project.steer("slow", "pause")
        assert state() == ("stopped", "pipeline slow, whose results it reads, is paused")
        project.steer("slow", "resume")
        assert state() == ("ok", "")
        project.append("latency", samples("kim", (1, 300)))
        until(lambda: state()[0] == "failed", "the pipeline has failed")
        assert state()[1].startswith("pipeline slow, whose results it reads, has failed: ")
        until(lambda: [i.kind for i in incidents_of(project.log)] == ["rule"], "nobody is told")


def test_a_rule_cannot_tell_where_its_rows_wait_for_a_partition(tmp_path: Path) -> None:
    with open_project(make(tmp_path / "calls", "[topics.latency]\npartitions = 2\n", slow=SLOW)) as project:
        project.start()
        project.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        waits = re.compile("no row of latency counts yet: nothing has come to partition [01], and rows wait until")
        until(lambda: any(waits.match(s.reason) for s in project.alert_states()), "it does not say what it waits for")
        assert [s.state for s in project.alert_states()] == ["no data"]
        assert incidents_of(project.log) == []


def test_a_row_without_a_time_says_nothing(tmp_path: Path) -> None:
    with open_project(make(tmp_path / "calls", slow=SLOW)) as project:
        project.append("latency", [{"meeting": "a", "ms": 300.0, "ts": None}])
        project.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        project.start()
        until(lambda: [s.firing for s in project.alert_states()] == [1], "it does not fire")


def test_a_rule_that_has_changed_begins_anew(tmp_path: Path) -> None:
    folder = make(tmp_path / "calls", slow=SLOW)
    with open_project(folder) as project:
        for second in (0, 60, 66):
            project.append("latency", samples("a", (second, 300)) + samples("b", (second, 500)))
        project.start()
        caught_up(project)
    (folder / "alerts" / "slow.toml").write_text(SLOW.replace("200", "400"))
    with open_project(folder) as project:
        project.start()
        caught_up(project)
        project.stop()
        assert [(i.key["meeting"], i.state, i.note) for i in incidents_of(project.log)] == [
            ("a", "resolved", "the rule has changed"),
            ("b", "firing", "the rule has changed"),
        ]
    (folder / "alerts" / "slow.toml").rename(folder / "alerts" / "other.toml")
    with open_project(folder) as project:
        project.start()
        until(lambda: [s.firing for s in project.alert_states()] == [1], "it does not fire")
        assert {(i.rule, i.state) for i in incidents_of(project.log)} == {("slow", "resolved"), ("other", "firing")}


def states(project: Penstock) -> dict[str, str]:
    return {s.name: s.state for s in project.alert_states()}


def test_rules_are_followed_while_the_project_runs(tmp_path: Path) -> None:
    folder = make(tmp_path / "calls")
    rule = folder / "alerts" / "slow.toml"
    with open_project(folder) as project:
        run = project.start()
        for second in (0, 60, 66):
            project.append("latency", samples("a", (second, 300)) + samples("b", (second, 500)))
        rule.write_text(SLOW)
        project.follow_alerts()
        until(lambda: [s.firing for s in project.alert_states()] == [2], "the rule does not begin")
        first = run.find("alert.slow")
        rule.write_text(SLOW.replace("Slow", "Slow call"))
        project.follow_alerts()
        assert run.find("alert.slow") is not first
        caught_up(project)
        assert [(i.state, i.note) for i in incidents_of(project.log)] == [("firing", ""), ("firing", "")]
        rule.write_text(SLOW.replace("200", "400"))
        project.follow_alerts()
        until(lambda: [s.firing for s in project.alert_states()] == [1], "the rule does not begin anew")
        rule.write_text("table = ")
        project.follow_alerts()
        assert states(project) == {"slow": "wrong"}
        assert run.find("alert.slow") is None
        rule.unlink()
        project.follow_alerts()
        assert states(project) == {}
        assert {i.state for i in incidents_of(project.log)} == {"resolved"}
        assert "alert.slow" not in {c.pipeline for c in project.log.state.checkpoints()}
        project.stop()
        rule.write_text(SLOW)
        assert states(project) == {"slow": "stopped"}


@pytest.mark.real
def test_a_file_on_the_disk_is_a_rule_soon(tmp_path: Path) -> None:
    with Receiver() as receiver:
        toml = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        with open_project(make(tmp_path / "calls", toml)) as project:
            project.start()
            now = dt.datetime.fromtimestamp(project.clock.now_ms() / 1000, dt.UTC)
            project.append("latency", samples("a", (0, 300), (60, 300), (66, 300), start=now))
            (project.folder / "alerts" / "slow.toml").write_text(SLOW + 'notify = ["ops"]\n')
            assert receiver.wait(1)[0].body["incident"]["key"] == {"meeting": "a"}
            (project.folder / "alerts" / "slow.toml").unlink()
            assert receiver.wait(2)[1].body["state"] == "resolved"


def test_rules_follow_the_tables_that_are_applied(tmp_path: Path) -> None:
    by_room = SLOW.replace("meeting", "room")
    with open_project(make(tmp_path / "calls", slow=SLOW, room=by_room)) as project:
        run = project.start()
        assert states(project)["room"] == "wrong"
        slow = run.find("alert.slow")
        file = project.folder / "sql" / "calls.sql"
        file.write_text(SQL.replace("latency (meeting STRING,", "latency (meeting STRING, room STRING,"))
        project.apply(project.difference().token)
        assert run.find("alert.slow") is not slow
        values = [{**one, "room": "r1"} for one in samples("a", (0, 300), (60, 300), (66, 1))]
        project.append("latency", values)
        until(lambda: {s.name: s.firing for s in project.alert_states()} == {"room": 1, "slow": 1}, "they do not fire")
        file.write_text(SQL)
        project.apply(project.difference().token)
        assert states(project)["room"] == "wrong"
        assert run.find("alert.room") is None


def test_from_event_to_webhook(tmp_path: Path) -> None:
    with Receiver() as receiver:
        toml = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        rule = SLOW + 'notify = ["ops"]\n'
        with open_project(make(tmp_path / "calls", toml, slow=rule)) as project:
            project.start()
            now = dt.datetime.fromtimestamp(project.clock.now_ms() / 1000, dt.UTC)
            project.append("latency", samples("a", (0, 300), (60, 300), (66, 1), start=now))
            (got, *_) = receiver.wait(1)
            assert (got.body["state"], got.body["incident"]["key"]) == ("firing", {"meeting": "a"})
            incident = acknowledge(project.log, got.body["incident"]["id"], "kim")
            assert incident.state == "acknowledged"
            project.append("latency", samples("a", (80, 1), start=now))
            assert receiver.wait(2)[1].body["state"] == "resolved"
            (found,) = incidents_of(project.log)
            assert (found.state, found.by) == ("resolved", "kim")


def test_that_a_rule_cannot_tell_is_told(tmp_path: Path) -> None:
    with Receiver() as receiver:
        toml = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        rule = SLOW + 'notify = ["ops"]\nno-data = "500 ms"\n'
        with open_project(make(tmp_path / "calls", toml, slow=rule)) as project:
            project.start()
            got = receiver.wait(1)[0]
            assert got.body["incident"]["title"] == "Alert slow cannot tell: no data"
            assert got.body["incident"]["description"] == "its topics have got nothing for 500 ms"
            until(lambda: _fed(project) and len(receiver.got) > 1, "it still cannot tell")
            assert receiver.got[1].body["state"] == "resolved"
            until(lambda: _fed(project) and [s.firing for s in project.alert_states()] == [0], "it still fires")


def _fed(project: Penstock) -> bool:
    project.append("latency", samples("a", (0, 1)))
    return True


def test_a_rule_whose_query_fails_says_so(tmp_path: Path) -> None:
    folder = make(tmp_path / "calls", '[engine]\non-bad-row = "flink"\n', slow=SLOW)
    with open_project(folder) as project:
        project.append("latency", pl.DataFrame({"value": [b"no JSON"]}))
        project.start()
        until(lambda: [s.state for s in project.alert_states()] == ["failed"], "it does not fail")
        assert "at latency, partition 0, offset 0" in project.alert_states()[0].reason
        until(lambda: [i.kind for i in incidents_of(project.log)] == ["rule"], "it is no incident")
