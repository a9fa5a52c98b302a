"""Penstock from Python: append, ask, watch, run."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, DataError, LockedError, PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

CLICKS = """
CREATE TABLE clicks (id INT, page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
"""
PER_WINDOW = """
SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end
"""
START = dt.datetime(2025, 1, 1)  # noqa: DTZ001  # a TIMESTAMP has no zone


@pytest.fixture
def project() -> Iterator[Penstock]:
    with penstock.memory() as p:
        p.sql(CLICKS)
        yield p


def rows(*seconds: int) -> list[dict[str, Any]]:
    return [{"id": s, "page": "/", "ts": START + dt.timedelta(seconds=s)} for s in seconds]


def test_rows_of_every_form_are_the_same_records(project: Penstock) -> None:
    project.append("clicks", rows(1))
    project.append("clicks", [{"id": 1, "page": "/", "ts": "2025-01-01 00:00:01"}])
    project.append("clicks", pl.DataFrame(rows(1)))
    project.append("clicks", pl.DataFrame({"value": [b'{"id":1,"page":"/","ts":"2025-01-01 00:00:01"}']}))
    assert project.query("SELECT DISTINCT id, page, ts FROM clicks").rows() == [
        (1, "/", START + dt.timedelta(seconds=1))
    ]
    assert len({value for frame in project.log.read("clicks") for value in frame["value"]}) == 1


def test_append_tells_partitions_and_offsets(project: Penstock) -> None:
    assert project.append("clicks", rows(1, 2)).rows() == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"id": 1}, {"id": "x"}], "row 1 does not fit table clicks: column 'id' is INT, this is 'x'"),
        ([{"id": 2**40}], "column 'id' is INT, this is 1099511627776"),
        ([{"ts": "soon"}], "column 'ts' is TIMESTAMP(3), this is 'soon'"),
        ([{"idd": 1}], "table clicks has no column 'idd' to write\nhint: did you mean id?"),
    ],
)
def test_rows_that_do_not_fit_are_named_and_nothing_is_appended(
    project: Penstock, given: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(DataError) as error:
        project.append("clicks", given)
    assert words in str(error.value)
    assert project.query("SELECT * FROM clicks").rows() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"id": 1}, "this is a dict\nhint: put it into a list: [{...}]"),
        ("id", "this is a str\nhint: a row is a dict of its columns"),
        (None, "this is a NoneType\nhint: a row is a dict of its columns"),
        ([(1, "/")], "this is a list with (1, '/')\nhint: a row is a dict of its columns"),
        ([b"{}"], "this is a list with b'{}'\nhint: bytes go into a frame: pl.DataFrame({\"value\": [...]})"),
    ],
)
def test_what_is_no_rows_is_refused(project: Penstock, given: Any, words: str) -> None:
    with pytest.raises(DataError) as error:
        project.append("clicks", given)
    assert str(error.value) == f"append takes a list of dicts or a frame, {words}"


def test_no_rows_get_no_offsets(project: Penstock) -> None:
    project.append("clicks", rows(1))
    assert project.append("clicks", []).rows() == []
    assert project.append("clicks", pl.DataFrame(rows(1)).clear()).rows() == []
    assert project.append("clicks", pl.LazyFrame(rows(1))).rows() == [(0, 1)]


def test_appending_to_what_is_not_there_is_refused(project: Penstock) -> None:
    with pytest.raises(PenstockError, match=r"there is no table over a topic 'click'\nhint: did you mean clicks?"):
        project.append("click", rows(1))


def test_a_select_leaves_open_windows_out(project: Penstock) -> None:
    project.append("clicks", rows(1, 2, 12))
    answer = project.sql(PER_WINDOW)
    assert answer is not None
    assert answer.rows() == [(START, 2)]


def test_watching_gives_changes_as_they_happen(project: Penstock) -> None:
    with project.watch(PER_WINDOW) as changes:
        project.append("clicks", rows(1, 2, 12))
        assert next(changes) == {"op": "+I", "row": {"window_start": "2025-01-01 00:00:00.000", "n": 2}}
        project.append("clicks", rows(25))
        assert next(changes)["row"]["n"] == 1


def test_watching_asynchronously_ends_with_bounded_input(project: Penstock) -> None:
    async def found() -> list[dict[str, Any]]:
        return [change["row"] async for change in project.watch("SELECT * FROM (VALUES (1), (2)) AS t(a)")]

    assert asyncio.run(found()) == [{"a": 1}, {"a": 2}]


def test_an_error_reaches_whoever_watches(project: Penstock) -> None:
    project.append("clicks", rows(1))
    with project.watch(PER_WINDOW) as changes:
        project.log.delete_topic("clicks")
        with pytest.raises(PenstockError, match="clicks"):
            next(changes)


def test_a_second_engine_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "penstock.toml").touch()
    (tmp_path / "sql" / "1.sql").write_text(
        CLICKS + "CREATE TABLE o (n BIGINT) WITH ('connector' = 'blackhole'); INSERT INTO o SELECT id FROM clicks;"
    )
    with penstock.open(tmp_path) as first, penstock.open(tmp_path) as second:
        first.start()
        with pytest.raises(LockedError, match="process"):
            second.start()
        second.append("clicks", rows(1))
        first.stop()
        second.run(bounded=True)
        assert second.ledger().filter(pl.col("kind") == "source")["taken"].to_list() == [1]


def test_the_engine_does_not_start_twice(project: Penstock) -> None:
    project.sql("CREATE TABLE o (id INT) WITH ('connector' = 'blackhole'); INSERT INTO o SELECT id FROM clicks")
    project.start()
    with pytest.raises(PenstockError, match="the engine is running in this process"):
        project.start()
    with pytest.raises(PenstockError, match="stop it before you INSERT"):
        project.sql("INSERT INTO o SELECT id FROM clicks")
    assert project.stop() == {}
    assert [d.name for d in project.definition.pipelines] == ["o"]


def test_nothing_to_run_is_said(project: Penstock) -> None:
    with pytest.raises(PenstockError, match="there is no pipeline to run\nhint: INSERT INTO a table"):
        project.run(bounded=True)


def test_who_waits_for_a_change_is_told_when_another_ends_the_query(project: Penstock) -> None:
    changes = project.watch("SELECT id FROM clicks")
    found: list[list[Any]] = []
    waiting = threading.Thread(target=lambda: found.append(list(changes)), daemon=True)
    waiting.start()
    changes.close()
    waiting.join(180)
    assert found == [[]]


@pytest.mark.parametrize("sql", ["SELECT id FROM clicks; SELECT page FROM clicks", "SHOW TABLES", ""])
def test_watch_takes_one_query(project: Penstock, sql: str) -> None:
    with pytest.raises(ConfigError) as raised:
        project.watch(sql)
    assert str(raised.value) == "watch takes one SELECT\nhint: other statements go to .sql()"


def test_tables_of_one_name_in_two_databases_are_two(project: Penstock) -> None:
    table = "(n BIGINT) WITH ('connector' = 'kafka', 'topic' = '%s', 'format' = 'json')"
    project.sql(f"""
        CREATE DATABASE other;
        CREATE TABLE counts {table % "a"};
        CREATE TABLE other.counts {table % "b"};
        EXECUTE STATEMENT SET BEGIN
        INSERT INTO counts SELECT n FROM ({PER_WINDOW});
        INSERT INTO other.counts SELECT n + 100 FROM ({PER_WINDOW});
        END;
    """)
    project.append("clicks", rows(1, 2, 12))
    run = project.start()
    while run.pipelines[0].rows < 3:
        assert not run.wait(0.001), run.errors
    asked = {name: project.query(f'SELECT n FROM {name}"counts$open"').rows() for name in ("", "other.")}
    assert asked == {"": [(1,)], "other.": [(101,)]}
    assert project.query("SELECT n FROM counts").rows() == [(2,)]
    assert project.query("SELECT n FROM other.counts").rows() == [(102,)]
