"""Joins over several runs: rows that are late, that wait and that meet nobody, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.project.definition import read_definition
from penstock.project.explain import explain
from penstock.project.home import HOME
from tests.engine.project import event, fates, opened, restored, rows, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock

TABLES = """
CREATE TABLE e (id BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
CREATE TABLE f (id BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'f', 'format' = 'json');
CREATE TABLE r (k STRING, e BIGINT, f BIGINT) WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
"""
INTERVAL = TABLES + (
    "INSERT INTO r SELECT e.k, e.id, f.id FROM e JOIN f ON e.k = f.k AND e.v <= f.v"
    " AND e.ts BETWEEN f.ts - INTERVAL '5' SECOND AND f.ts + INTERVAL '2' SECOND;"
)
LEFT = INTERVAL.replace("FROM e JOIN", "FROM e LEFT JOIN")
VERSIONS = TABLES + (
    "CREATE VIEW latest AS SELECT id, k, ts FROM"
    " (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM f) WHERE n = 1;"
    "INSERT INTO r SELECT e.k, e.id, l.id FROM e LEFT JOIN latest FOR SYSTEM_TIME AS OF e.ts AS l ON e.k = l.k;"
)


def _append(penstock: Penstock, *rows: tuple[str, int, float]) -> None:
    """(table, id, second) of rows, one after the other."""
    for table, number, second in rows:
        penstock.append(table, [event(number, second)])


def _commit(folder: Path) -> None:
    with opened(folder) as penstock, restored(penstock) as pipeline:
        while pipeline.step(1000):
            continue
        pipeline.commit()


def test_a_row_that_nobody_can_meet_any_more_is_late_with_its_interval(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, INTERVAL)) as penstock:
        _append(penstock, ("e", 0, 10), ("f", 1, 12), ("e", 2, 30), ("f", 3, 30), ("e", 4, 20), ("f", 5, 29))
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 0, 1), ("a", 2, 3), ("a", 2, 5)]
        (late,) = penstock.query("SELECT operator, row, window_start, window_end, reason FROM penstock.late").dicts()
        assert late["operator"] == "interval join"
        assert '"id":4' in late["row"]
        assert (late["window_start"].second, late["window_end"].second) == (18, 25)
        assert late["reason"] == "watermark-passed"


def test_each_row_of_an_interval_join_has_one_fate(tmp_path: Path) -> None:
    folder = write_project(tmp_path, INTERVAL)
    with opened(folder) as penstock:
        _append(penstock, ("e", 0, 1), ("f", 1, 2), ("f", 2, 1), ("e", 3, 50), ("f", 4, 60), ("e", 5, 61), ("f", 6, 90))
        _append(penstock, ("e", 7, 120))
        penstock.run(bounded=True)
        found = fates(penstock)["interval join"]
    assert found == {"taken": 8, "passed": 5, "expired": 1, "held": 2, "given": 3}


def test_rows_of_a_later_run_meet_those_before_the_end_of_bounded_input(tmp_path: Path) -> None:
    folder = write_project(tmp_path, INTERVAL)
    with opened(folder) as penstock:
        _append(penstock, ("e", 0, 10), ("f", 1, 1))
        penstock.run(bounded=True)
        assert rows(penstock) == []
    with opened(folder) as penstock:
        _append(penstock, ("f", 2, 11))
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 0, 2)]


def test_a_row_that_came_out_alone_at_the_end_of_bounded_input_comes_out_once(tmp_path: Path) -> None:
    folder = write_project(tmp_path, LEFT)
    for more in ([("e", 0, 10), ("f", 1, 1)], [("f", 2, 50), ("e", 3, 50)]):
        with opened(folder) as penstock:
            _append(penstock, *more)
            penstock.run(bounded=True)
    with opened(folder) as penstock:
        assert rows(penstock) == [("a", 0, None), ("a", 3, 2)]


@pytest.mark.parametrize("crash", [False, True], ids=["whole", "restored"])
def test_a_row_that_waited_long_for_its_keys_timer_has_one_fate(tmp_path: Path, crash: bool) -> None:
    """The timer of key a stands for a row far ahead; the row behind it comes out when the key is cleaned at last."""
    folder = write_project(tmp_path, LEFT)
    with opened(folder) as penstock:
        seconds = [("e", 1000, "a"), ("f", 1, "b"), ("e", 10, "a"), ("f", 100, "b"), ("f", 200, "b"), ("f", 200, "b")]
        for number, (table, second, key) in enumerate([*seconds, ("f", 200, "a")]):
            penstock.append(table, [event(number, second, key)])
        with restored(penstock) as pipeline:
            while pipeline.step(1):
                continue
            pipeline.commit()
            if not crash:
                penstock.append("f", [event(7, 5000)])
                _finished(penstock, pipeline)
    if crash:
        with opened(folder) as penstock, restored(penstock) as pipeline:
            penstock.append("f", [event(7, 5000)])
            _finished(penstock, pipeline)


def _finished(penstock: Penstock, pipeline: Pipeline) -> None:
    while pipeline.step(1):
        continue
    pipeline.finish()
    found = fates(penstock)["interval join"]
    assert found == {"taken": 8, "given": 2, "passed": 1, "expired": 5, "held": 2}


@pytest.mark.parametrize("sql", [LEFT, VERSIONS], ids=["interval", "temporal"])
def test_what_waits_is_seen_as_if_the_input_ended_now(tmp_path: Path, sql: str) -> None:
    folder = write_project(tmp_path, sql)
    with opened(folder) as penstock:
        _append(penstock, ("f", 1, 1), ("e", 0, 3))
    _commit(folder)
    with opened(folder) as penstock:
        found = penstock.query('SELECT k, e, f FROM "r$open"').rows()
    assert found == ([] if sql is LEFT else [("a", 0, 1)])


def test_why_names_the_watermark_that_a_row_waits_for_and_the_source_that_holds_it_back(tmp_path: Path) -> None:
    folder = write_project(tmp_path, VERSIONS)
    with opened(folder) as penstock:
        _append(penstock, ("f", 1, 1), ("e", 0, 3), ("e", 2, 9))
    _commit(folder)
    with opened(folder) as penstock:
        (reason,) = penstock.why()
    assert reason.sentence == (
        "r waits: temporal join holds 3 rows; its next row is free when the watermark reaches 2024-01-01 00:00:03.000."
        " source f holds it back: it is at 2024-01-01 00:00:01.000."
    )


def test_explain_says_how_rows_meet(tmp_path: Path) -> None:
    def below(sql: str, operator: str) -> list[str]:
        folder = write_project(tmp_path / operator, sql)
        lines = [line.strip() for line in explain(read_definition(folder), folder / HOME)]
        at = lines.index(operator) + 1
        return lines[at : lines.index("state in the project's log", at)]

    assert below(LEFT, "interval join") == [
        "pairs, and left rows without a partner on k = k0, times within 7 s",
        "ts - ts0 from -5 s to 2 s",
        "where (v <= v0)",
    ]
    assert below(VERSIONS, "temporal join") == [
        "pairs, and left rows without a partner on k = k0, the version as of ts"
    ]
