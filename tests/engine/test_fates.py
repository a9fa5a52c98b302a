"""Rows that do not pass: late, rejected, expired. Each is listed or counted; as in Flink a bad row ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import DataError, PositionLostError
from tests.engine.project import (
    EVENTS,
    NOW,
    RESULTS,
    TOTALS,
    append,
    append_raw,
    event,
    fates,
    late,
    opened,
    restored,
    rows,
    seconds,
    write_project,
)

if TYPE_CHECKING:
    from pathlib import Path

HOP = TOTALS.replace("TUMBLE(TABLE e, DESCRIPTOR(ts),", "HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND,")


# -- late --------------------------------------------------------------------------------------------------


def test_a_late_row_is_listed_with_its_bytes_its_place_its_window_and_the_watermark(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS, partitions=2)) as penstock:
        append(penstock, [event(0, 0), event(1, 30)], 0)
        append(penstock, [event(2, 40)], 1)
        append(penstock, [event(3, 12, "b", 7)], 0)
        append(penstock, [event(4, 20)], 1)  # behind its partition, and in time by the other one
        penstock.run(bounded=True)
        (found,) = penstock.query("SELECT * FROM penstock.late").dicts()
        expected = {
            "pipeline": "main",
            "operator": "window aggregate",
            "table": "e",
            "topic": "e",
            "partition": 0,
            "offset": 2,
            "raw": b'{"id":3,"k":"b","v":7,"ts":"2024-01-01 00:00:12.000"}',
            "row": '{"k":"b","v":7,"ts":"2024-01-01 00:00:12"}',
            "windows": 1,
            "reason": "watermark-passed",
            "lost": True,
        }
        assert {name: found[name] for name in expected} == expected
        moments = [seconds(found[name]) for name in ("time", "window_start", "window_end", "watermark")]
        assert moments == [0.0, 10.0, 20.0, 25.0]
        assert rows(penstock) == [("a", 10.0, 1, 1), ("a", 30.0, 1, 1), ("a", 40.0, 1, 1), ("a", 50.0, 1, 1)]


def test_a_row_that_is_late_for_one_of_its_windows_counts_in_the_others_and_is_listed(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, HOP)) as penstock:
        append(penstock, [event(0, 20), event(1, 7), event(2, 11), event(3, 3)])
        penstock.run(bounded=True)
        # the watermark is 15: windows that end at 10 and 15 have closed, that at 20 has not
        assert late(penstock) == [
            (1, 10.0, 2, 15.0, "watermark-passed", True),
            (2, 15.0, 1, 15.0, "watermark-passed", False),
            (3, 5.0, 2, 15.0, "watermark-passed", True),
        ]
        assert rows(penstock) == [("a", 20.0, 1, 1), ("a", 25.0, 1, 1), ("a", 30.0, 1, 1)]
        assert fates(penstock)["window aggregate"] == {"taken": 4, "given": 3, "passed": 2, "late": 2}


# -- rejected ----------------------------------------------------------------------------------------------


def test_rows_that_cannot_be_read_are_taken_out_and_listed_with_their_bytes(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(0, 1)])
        append_raw(penstock, [b"{", b'{"id":2,"k":"a","v":"many","ts":"2024-01-01 00:00:02"}'])
        append(penstock, [event(3, None), event(4, 4)])
        penstock.run(bounded=True)
        found = penstock.query('SELECT "table", topic, "offset", raw, code, ignored FROM penstock.rejects').rows()
        assert [row[:3] + row[5:] for row in found] == [("e", "e", offset, False) for offset in (1, 2, 3)]
        assert [row[3][:8] for row in found] == [b"{", b'{"id":2,', b'{"id":3,']
        assert found[2][4] == "null-event-time"
        assert rows(penstock) == [("a", 10.0, 2, 2)]
        assert fates(penstock)["source e"] == {"taken": 5, "given": 2, "passed": 2, "rejected": 3}


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"{", "table e\nat e, partition 0, offset 30"),
        (b'{"id":2,"k":"a","v":"many","ts":"2024-01-01 00:00:02"}', "table e\nat e, partition 0, offset 30"),
        (b'{"id":3,"k":"a","v":1,"ts":null}', "window aggregate\nat e, partition 0, offset 30"),
    ],
)
def test_as_in_flink_a_bad_row_ends_the_run_and_what_was_committed_before_it_stays(
    tmp_path: Path, raw: bytes, where: str
) -> None:
    write_project(tmp_path, TOTALS, on_bad_row="flink", batch_rows=5, checkpoint_interval="0 ms")
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        append_raw(penstock, [raw])
        append(penstock, [event(n, n) for n in range(30, 60)])
        with pytest.raises(DataError) as caught:
            penstock.run(bounded=True)
        assert caught.value.where == where
        assert rows(penstock) == [("a", 10.0, 10, 10), ("a", 20.0, 10, 10)]
        assert fates(penstock)["source e"] == {"taken": 30, "given": 30, "passed": 30}
        assert rows(penstock, "penstock.rejects") == []
    write_project(tmp_path, TOTALS, on_bad_row="reject")
    with opened(tmp_path) as penstock:
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 10.0 * n, 10, 10) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("1 / (id - 2)", "division by zero\n(1 / (id - 2)) in calc\nat e, partition 0, offset 2"),
        ("COALESCE(1 / (id - 2), 0) + 1", "division by zero\n(1 / (id - 2)) in calc\nat e, partition 0, offset 2"),
        ("CAST(k AS INT)", "cannot CAST to INT: 'a'\nCAST(k AS INT) in calc\nat e, partition 0, offset 0"),
    ],
)
def test_as_in_flink_an_expression_that_fails_is_named_with_the_record(
    tmp_path: Path, expression: str, error: str
) -> None:
    sql = EVENTS + RESULTS + f"INSERT INTO r SELECT k, ts, {expression}, v FROM e;"
    with opened(write_project(tmp_path, sql, on_bad_row="flink")) as penstock:
        append(penstock, [event(n, n) for n in range(4)])
        with pytest.raises(DataError) as caught:
            penstock.run(bounded=True)
        assert str(caught.value) == error


@pytest.mark.parametrize(
    ("query", "operator"),
    [
        ("SELECT 'a', TIMESTAMP '2024-01-01 00:00:00', 1 / 0, 1", "calc"),
        ("VALUES ('a', TIMESTAMP '2024-01-01 00:00:00', 1 / 0, 1)", "VALUES"),
    ],
)
def test_a_constant_that_fails_is_named_without_a_record(tmp_path: Path, query: str, operator: str) -> None:
    sql = EVENTS + RESULTS + f"INSERT INTO r {query};"
    with (
        opened(write_project(tmp_path, sql, on_bad_row="flink")) as penstock,
        pytest.raises(DataError) as caught,
    ):
        penstock.run(bounded=True)
    assert str(caught.value) == f"division by zero\n(1 / 0) in {operator}"


def test_a_null_event_time_matters_only_to_those_who_need_it(tmp_path: Path) -> None:
    sql = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e;"
    with opened(write_project(tmp_path, sql, on_bad_row="flink")) as penstock:
        append(penstock, [event(0, None), event(1, 1)])
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 1.0, 1, 1), ("a", None, 0, 1)]


# -- expired -----------------------------------------------------------------------------------------------


def test_rows_that_retention_has_deleted_unread_are_named_and_going_on_counts_them(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, partitions=2)
    with (tmp_path / "penstock.toml").open("a") as file:
        file.write('"retention.ms" = 60000\n')
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as penstock:
        append(penstock, [event(n, n) for n in range(12)], 0)
        penstock.run(bounded=True)
        append(penstock, [event(n, n) for n in range(12, 20)], 0)
        append(penstock, [event(n, n) for n in range(20, 25)], 1)
        clock.advance(3_600_000)
        append(penstock, [event(n, n) for n in range(40, 50)], 0)
        while not penstock.log.maintain(1.0):
            continue
        assert penstock.log.starts("e") == {0: 20, 1: 5}
        with pytest.raises(PositionLostError) as caught:
            penstock.run(bounded=True)
        assert str(caught.value) == (
            "retention has deleted rows that were not read yet: 13 rows of topic 'e' (partition 0 offsets 12 to 19,"
            " partition 1 offsets 0 to 4)\n"
            "hint: run with --skip-lost to go on with what is left (the ledger counts them as expired), or --fresh"
        )
        assert fates(penstock)["source e"] == {"taken": 12, "given": 12, "passed": 12}
        penstock.skip_lost = True
        penstock.run(bounded=True)
        assert fates(penstock)["source e"] == {"taken": 35, "given": 22, "passed": 22, "expired": 13}
        assert rows(penstock) == [("a", 10.0, 10, 10), ("a", 20.0, 2, 2), ("a", 50.0, 10, 10)]
        penstock.skip_lost = False
        penstock.run(bounded=True)
        assert fates(penstock)["source e"]["expired"] == 13


@pytest.mark.parametrize("skip", [False, True])
def test_a_pipeline_that_falls_behind_retention_while_it_runs_says_so(tmp_path: Path, *, skip: bool) -> None:
    write_project(tmp_path, TOTALS)
    with (tmp_path / "penstock.toml").open("a") as file:
        file.write('"retention.ms" = 60000\n')
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as penstock:
        penstock.skip_lost = skip
        append(penstock, [event(n, n) for n in range(12)])
        with restored(penstock) as pipeline:
            assert pipeline.step(100)
            append(penstock, [event(n, n) for n in range(12, 20)])
            clock.advance(3_600_000)
            penstock.log.alter_topic("e", 2)
            append(penstock, [event(n, n) for n in range(40, 50)], 1)
            clock.advance(30_000)
            append(penstock, [event(n, n) for n in range(50, 60)], 1)
            clock.advance(31_000)
            while not penstock.log.maintain(1.0):
                continue
            assert penstock.log.starts("e") == {0: 20, 1: 10}
            if skip:
                assert pipeline.step(100)
                pipeline.commit()
                assert fates(penstock)["source e"] == {"taken": 40, "given": 22, "passed": 22, "expired": 18}
                return
            message = (
                r"18 rows of topic 'e' \(partition 0 offsets 12 to 19, partition 1 offsets 0 to 9\)\n"
                "hint: run with --skip-lost"
            )
            with pytest.raises(PositionLostError, match=message):
                pipeline.step(100)
