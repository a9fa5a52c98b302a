"""The golden files against the real Flink (make test-real)."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.flink import parts
from tests.flink.compare import compare
from tests.flink.oracle import Oracle, OracleError
from tests.golden import golden
from tests.golden.compare import differences
from tests.parts import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def flink() -> Iterator[Oracle]:
    with Oracle() as oracle:
        yield oracle


@pytest.mark.real
@pytest.mark.long
def test_golden_files_agree_with_flink(flink: Oracle, tell: Callable[[str], None]) -> None:
    report = compare(flink, golden.find())
    tell(str(report))
    assert report.asked.total() > 0
    # Flink's tasks are threads: on a busy machine a row may reach the sink a line later, once; what is wrong stays so
    again = compare(flink, [case for case in golden.find() if case.name in report.differing])
    assert not again.differing


@pytest.mark.real
def test_a_wrong_expectation_is_found(flink: Oracle, tmp_path: Path) -> None:
    """The same way that the suite goes, from the file to the report."""
    case = next(c for c in golden.find() if c.name == "windows/tumble")
    assert case.events
    for file in (case.path, case.out, case.events):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    out = tmp_path / case.out.name
    out.write_text(out.read_text("utf-8").replace('"n":3', '"n":4', 1), "utf-8")
    report = compare(flink, golden.find([tmp_path]))
    assert report.differing.keys() == {f"{tmp_path.name}/tumble"}
    assert '"n": 4' in str(report)
    assert "0 of 1 golden files agree with Flink" in str(report)


@pytest.mark.real
@pytest.mark.parametrize("name", ["tumble_edges", "hop_partly_late"])
def test_the_connectors_that_stand_in_give_what_flinks_own_give(flink: Oracle, name: str, tmp_path: Path) -> None:
    """The same query over Flink's own filesystem source: the same rows, without lines and watermarks."""
    case = golden.find([golden.HERE / "windows" / f"{name}.sql"])[0]
    assert case.events
    events = [json.loads(line) for line in case.events.read_text("utf-8").splitlines()]
    (tmp_path / "e").write_text("".join(json.dumps(event["row"]) + "\n" for event in events), "utf-8")
    sql = case.path.read_text("utf-8").replace("'path' = 'e'", f"'path' = '{tmp_path / 'e'}'")
    path = tmp_path / "x.sql"
    path.write_text(sql.replace(f"-- @events {case.events.name}", "-- @connectors real"), "utf-8")
    answer = flink.run(path)
    assert len(answer.tables[0].changes) > 3
    assert differences(case.expected(), answer) == []


@pytest.mark.real
def test_without_events_each_table_reads_its_own_path(flink: Oracle, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id":1}\n{"watermark":"max"}\n{"id":2}\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.csv").write_text("20\n")
    (tmp_path / "b" / "1.csv").write_text("10\n11\n")
    path = tmp_path / "x.sql"
    path.write_text(
        "CREATE TABLE a (id INT) WITH ('connector' = 'filesystem', 'path' = 'a.json', 'format' = 'json');\n"
        "CREATE TABLE b (id INT) WITH ('connector' = 'filesystem', 'path' = 'b', 'format' = 'csv');\n"
        "SELECT id FROM b UNION ALL SELECT id FROM a;\n"
    )
    answer = flink.run(path)
    assert [(c.line, c.row["id"]) for c in answer.tables[0].changes] == [(1, 1), (3, 2), (4, 10), (5, 11), (6, 20)]


@pytest.mark.real
def test_a_file_that_takes_too_long_gives_no_answer_and_the_next_does(flink: Oracle, tmp_path: Path) -> None:
    (tmp_path / "slow.jsonl").write_text('{"sleep":1500}\n{"table":"t","row":{"id":1}}\n')
    table = "CREATE TABLE t (id INT) WITH ('connector' = 'kafka', 'format' = 'json');\n"
    slow, quick = tmp_path / "slow.sql", tmp_path / "quick.sql"
    slow.write_text(f"-- @events slow.jsonl\n-- @timeout 1\n{table}SELECT id FROM t;\n")
    quick.write_text("SELECT 1;\n")
    with pytest.raises(OracleError, match=r"slow\.sql: not finished after 1 s, at line \d"):
        flink.run(slow)
    assert flink.run(quick).tables[0].changes[0].row == {"EXPR$0": 1}


@pytest.mark.real
def test_a_jvm_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("SELECT 1;\n")
    with Oracle() as short_lived:
        os.kill(short_lived.pid, signal.SIGKILL)
        with pytest.raises(OracleError, match=r"the JVM of Flink (is gone|ended)"):
            short_lived.run(path)


@pytest.mark.real
def test_a_file_without_its_events_gives_no_answer(flink: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("-- @events none.jsonl\nSELECT 1;\n")
    with pytest.raises(OracleError, match=r"x\.sql: no events at .*none\.jsonl"):
        flink.run(path)


def test_without_root_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(parts, "find_jdk", lambda: None)
    with pytest.raises(MissingPartError, match="install openjdk-17-jdk-headless or openjdk-21-jdk-headless"):
        parts.get()


def test_a_jdk_is_told_by_its_release_file(tmp_path: Path) -> None:
    assert parts.jdk_version(tmp_path) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "javac").touch()
    (tmp_path / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="21.0.4"\n')
    assert parts.jdk_version(tmp_path) == 21


def test_java_home_comes_first_unless_flink_does_not_run_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = {}
    for version in (11, 17):
        homes[version] = tmp_path / str(version)
        (homes[version] / "bin").mkdir(parents=True)
        (homes[version] / "bin" / "javac").touch()
        (homes[version] / "release").write_text(f'JAVA_VERSION="{version}.0.1"\n')
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", str(homes[17]))
    assert parts.find_jdk() == homes[17]
    monkeypatch.setenv("JAVA_HOME", str(homes[11]))
    assert parts.find_jdk() != homes[11]
