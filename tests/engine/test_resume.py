"""A pipeline goes on from its last checkpoint: after its end, a restart, an edit, a savepoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError, DataError, StateError
from tests.engine.project import (
    EVENTS,
    TOTALS,
    append,
    append_raw,
    event,
    fates,
    late,
    opened,
    restored,
    rows,
    write_project,
)

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    EVENTS
    + "CREATE TABLE r (k STRING, window_end TIMESTAMP(3), n BIGINT)"
    + " WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet');"
    + "INSERT INTO r SELECT k, window_end, COUNT(*)"
    + " FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;"
)

THIRTY = [("a", 10.0, 10, 10), ("a", 20.0, 10, 10), ("a", 30.0, 10, 10)]


def test_a_bounded_run_repeated_with_nothing_new_writes_nothing(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        penstock.run(bounded=True)
        end, before = penstock.log.end_seq(), fates(penstock)
        penstock.run(bounded=True)
        assert (penstock.log.end_seq(), fates(penstock)) == (end, before)
    with opened(tmp_path) as penstock:
        penstock.run(bounded=True)
        assert (penstock.log.end_seq(), fates(penstock)) == (end, before)
        assert rows(penstock) == THIRTY


def test_a_bounded_run_goes_on_with_new_rows_and_those_for_closed_windows_are_late(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        penstock.run(bounded=True)
    with opened(tmp_path) as penstock:
        append(penstock, [event(30, 26), event(31, 31), event(32, 33), event(33, 4)])
        penstock.run(bounded=True)
        assert rows(penstock) == [*THIRTY, ("a", 40.0, 2, 2)]
        assert late(penstock) == [
            (30, 30.0, 1, 29.999, "closed-by-end-of-input", True),
            (33, 10.0, 1, 29.999, "closed-by-end-of-input", True),
        ]
        assert fates(penstock)["window aggregate"] == {"taken": 34, "given": 4, "passed": 32, "late": 2}


def test_what_comes_after_the_end_of_a_bounded_run_is_late_by_the_watermark_once_that_has_passed(
    tmp_path: Path,
) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        penstock.run(bounded=True)
        append(penstock, [event(30, 50), event(31, 26)])
        penstock.run(bounded=True)
        assert late(penstock) == [(31, 30.0, 1, 45.0, "watermark-passed", True)]


@pytest.mark.parametrize("sql", [TOTALS, FILES])
def test_open_windows_outlive_the_process(tmp_path: Path, sql: str) -> None:
    write_project(tmp_path, sql)
    expected = [row[: 4 if sql == TOTALS else 3] for row in THIRTY]
    for first in range(0, 30, 6):
        with opened(tmp_path) as penstock:
            append(penstock, [event(n, n) for n in range(first, first + 6)])
            with restored(penstock) as pipeline:
                assert pipeline.step(1000)
                pipeline.commit()
                assert not pipeline.step(1000)
    with opened(tmp_path) as penstock:
        assert fates(penstock)["window aggregate"] == {"taken": 30, "given": 2, "passed": 20, "held": 10}
        penstock.run(bounded=True)
        assert rows(penstock) == expected
        assert fates(penstock)["window aggregate"] == {"taken": 30, "given": 3, "passed": 30}


def test_files_of_one_run_stay_when_the_next_adds_its_own(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    for first in (0, 30):
        with opened(tmp_path) as penstock:
            append(penstock, [event(n, n) for n in range(first, first + 30)])
            penstock.run(bounded=True)
    with opened(tmp_path) as penstock:
        assert rows(penstock) == [("a", 10.0 * n, 10) for n in range(1, 7)]
        assert fates(penstock)["sink r"] == {"taken": 6, "passed": 6}
        assert len(list((tmp_path / "out").glob("*.parquet"))) == 2


def test_what_a_failed_pipeline_did_since_its_checkpoint_is_never_committed(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, on_bad_row="flink")
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        append_raw(penstock, [b"{"])
        with restored(penstock) as pipeline:
            with pytest.raises(DataError):
                pipeline.step(1000)
            for act in (lambda: pipeline.step(1000), pipeline.commit, pipeline.finish):
                with pytest.raises(StateError) as caught:
                    act()
                assert str(caught.value) == (
                    "pipeline 'main' has failed, and what it did since its last checkpoint is void\n"
                    "hint: stop it; started again it goes on from that checkpoint"
                )
        assert rows(penstock) == []
        run = penstock.start()
        assert run.wait(180)
        with pytest.raises(StateError, match="has no checkpoint to keep"):
            penstock.savepoint("kept", "main")
        assert isinstance(penstock.stop()["main"], DataError)
        assert rows(penstock) == []


# -- edited queries ----------------------------------------------------------------------------------------


def edited(folder: Path, old: str, new: str) -> None:
    assert old in TOTALS
    write_project(folder, TOTALS.replace(old, new))


def half_way(folder: Path) -> None:
    """Fifteen rows are read, the first window is open still."""
    write_project(folder, TOTALS)
    with opened(folder) as penstock:
        append(penstock, [event(n, n) for n in range(15)])
        with restored(penstock) as pipeline:
            pipeline.step(1000)
            pipeline.commit()
        append(penstock, [event(n, n) for n in range(15, 30)])


def test_a_query_edited_above_its_windows_goes_on(tmp_path: Path) -> None:
    half_way(tmp_path)
    edited(tmp_path, "SELECT k, window_end, COUNT(*), SUM(v)", "SELECT UPPER(k), window_end, COUNT(*), -SUM(v)")
    with opened(tmp_path) as penstock:
        penstock.run(bounded=True)
        assert rows(penstock) == [("A", 10.0, 10, -10), ("A", 20.0, 10, -10), ("A", 30.0, 10, -10)]
        assert fates(penstock) == {
            "source e": {"taken": 30, "given": 30, "passed": 30, "taken_before": 15, "given_before": 15},
            "window aggregate": {"taken": 30, "given": 3, "passed": 30, "taken_before": 15},
            "calc": {"taken": 3, "given": 3, "passed": 3},
            "sink r": {"taken": 3, "passed": 3},
        }
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(40, 40)])
        penstock.run(bounded=True)
        assert fates(penstock)["sink r"] == {"taken": 4, "passed": 4, "taken_before": 3}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("INTERVAL '10' SECOND)) GROUP", "INTERVAL '20' SECOND)) GROUP"),
        ("SELECT k, window_end, COUNT(*), SUM(v)", "SELECT UPPER(k) AS k, window_end, COUNT(*), SUM(v + 1)"),
        ("ts - INTERVAL '5' SECOND", "ts - INTERVAL '6' SECOND"),
    ],
)
def test_a_query_whose_state_does_not_fit_any_more_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    half_way(tmp_path)
    edited(tmp_path, old, new)
    with opened(tmp_path) as penstock:
        with pytest.raises(StateError) as caught:
            penstock.run(bounded=True)
        message, hint = str(caught.value).splitlines()
        assert message.startswith("the query has changed: there is no state for ")
        assert "; nothing takes over the state of " in message
        assert message.count("window aggregate") == 2
        assert hint == (
            "hint: penstock run DIR --fresh drops the state and results and reads the log again; penstock diff DIR"
            " shows what penstock apply DIR would keep instead"
        )
        run = penstock.start(bounded=True, fresh=True)
        assert run.wait(180)
        assert penstock.stop() == {}
        assert sum(row[2] for row in rows(penstock)) == 30
    with opened(write_project(tmp_path, TOTALS)) as penstock, pytest.raises(StateError, match="the query has changed"):
        penstock.run(bounded=True)


def test_fresh_drops_results_late_rows_and_rejects(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(n, n) for n in range(30)] + [event(30, None), event(31, 3)])
        for _ in range(2):
            assert penstock.start(bounded=True, fresh=True).wait(180)
            assert penstock.stop() == {}
            assert rows(penstock) == THIRTY
            assert len(late(penstock)) == len(rows(penstock, "penstock.rejects")) == 1
            assert fates(penstock)["source e"]["taken"] == 32


# -- savepoints --------------------------------------------------------------------------------------------


def test_a_savepoint_is_where_a_pipeline_goes_on_when_it_is_restored(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(12)])
        with restored(penstock) as pipeline:
            pipeline.step(1000)
            pipeline.commit()
        penstock.savepoint("before", "main")
        append(penstock, [event(n, n) for n in range(12, 30)])
        penstock.run(bounded=True)
        assert rows(penstock) == THIRTY
    with opened(tmp_path) as penstock:
        penstock.restore("before")
        with restored(penstock) as pipeline:
            assert pipeline.executor.entries()[1].counts.held == 12
        penstock.run(bounded=True)
        assert rows(penstock) == sorted(2 * THIRTY)  # what was committed since the savepoint stays


def test_a_savepoint_of_a_running_pipeline_holds_what_it_has_read(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS, checkpoint_interval="1 h")) as penstock:
        append(penstock, [event(n, n) for n in range(12)])
        run = penstock.start()
        while run.pipelines[0].rows < 12:
            run.wait(0.001)
        penstock.savepoint("now", "main")
        with pytest.raises(StateError) as caught:
            penstock.restore("now")
        assert caught.value.message == "pipeline 'main' is running"
        assert caught.value.hint == "pause or stop it first: penstock pipeline pause DIR main"
        assert penstock.stop() == {}
        penstock.restore("now")
        with restored(penstock) as pipeline:
            assert pipeline.executor.entries()[1].counts.held == 12


def test_a_running_project_is_not_started_twice(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        penstock.start()
        with pytest.raises(ConfigError, match="the engine is running in this process"):
            penstock.start()
