"""What a pipeline tells its operator: once, and not per batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.clock import ManualClock
from penstock.engine.journal import Journal
from tests.engine.project import EVENTS, TOTALS, append, append_raw, event, opened, restored, write_project
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, vars(record)["event"]) for record in caplog.records if hasattr(record, "event")]


def fields(caplog: pytest.LogCaptureFixture, event: str) -> dict[str, Any]:
    (found,) = [vars(record)["fields"] for record in caplog.records if vars(record).get("event") == event]
    assert isinstance(found, dict)
    return found


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "penstock")


def test_a_run_tells_where_it_begins_and_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as project:
        append(project, [event(1, 1), event(2, 30)])
        project.run(bounded=True)
        assert told(caplog) == [("INFO", "pipeline-started"), ("INFO", "pipeline-ended")]
        assert fields(caplog, "pipeline-started") == {"pipeline": "main", "epoch": 0, "position": 0}
        ended = fields(caplog, "pipeline-ended")
        assert (ended["rows"], ended["epoch"]) == (2, project.start().pipelines[0].epoch)
        until(lambda: f"goes on from checkpoint {ended['epoch']}" in caplog.messages, "its thread has not told it")
        project.stop()
    assert told(caplog)[-1] == ("INFO", "pipeline-stopped")


def test_a_failure_is_told_with_its_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_project(tmp_path, TOTALS, on_bad_row="flink")
    with opened(tmp_path) as project:
        append_raw(project, [b"not JSON"])
        run = project.start()
        assert run.wait(180)
        assert told(caplog) == [("INFO", "pipeline-started"), ("ERROR", "pipeline-failed")]
        assert fields(caplog, "pipeline-failed")["error"] is run.errors["main"]


def test_rejects_and_late_rows_are_told_once_and_again_after_a_quiet_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_project(tmp_path, TOTALS)
    clock = ManualClock()
    with opened(tmp_path, clock) as project, restored(project) as pipeline:
        append(project, [event(1, 1), event(2, 60)])
        for _ in range(3):
            append(project, [event(3, 2)])
            append_raw(project, [b'{"v": "a secret"}'])
            assert pipeline.step(100)
            clock.advance(59_000)
        both = [("WARNING", "rejects-begin"), ("WARNING", "late-begin")]
        assert told(caplog) == both
        assert fields(caplog, "rejects-begin")["rows"] == 1
        assert "at e, partition 0, offset 3" in caplog.text
        assert "secret" not in caplog.text
        clock.advance(60_000)
        append(project, [event(3, 2)])
        assert pipeline.step(100)
        assert told(caplog) == [*both, ("WARNING", "late-begin")]


def test_a_partition_that_falls_silent_is_told_and_that_it_speaks_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sql = TOTALS.replace(EVENTS, EVENTS.replace("'format'", "'scan.watermark.idle-timeout' = '5 s', 'format'"))
    write_project(tmp_path, sql, partitions=2)
    clock = ManualClock(1_704_067_200_000)
    with opened(tmp_path, clock) as project, restored(project) as pipeline:
        append(project, [event(1, 1)], 1)
        clock.advance(6_000)
        append(project, [event(2, 2)], 0)
        assert pipeline.step(100)
        pipeline.commit()
        append(project, [event(3, 3)], 0)
        assert pipeline.step(100)
        pipeline.commit()
        assert told(caplog) == [("INFO", "source-idle")]
        silent = fields(caplog, "source-idle")
        assert (silent["table"], silent["partition"]) == ("e", 1)
        append(project, [event(4, 4)], 1)
        assert pipeline.step(100)
        pipeline.commit()
    assert told(caplog)[1:] == [("INFO", "source-active")]


def test_slow_checkpoints_are_told_at_most_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    journal = Journal("p", clock)
    for epoch, seconds in enumerate((1.9, 2.5, 3.0, 2.5)):
        journal.committed(epoch, 10, seconds, 1_000)
        clock.advance(30_000)
    assert caplog.messages == [
        "checkpoint 1 took 2.5 s and wrote 1,000 bytes of state",
        "checkpoint 3 took 2.5 s and wrote 1,000 bytes of state",
    ]


def test_the_bad_rows_of_a_question_are_no_news_of_a_pipeline(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as project:
        append(project, [event(1, 1)])
        append_raw(project, [b'{"v": "x"}'])
        assert project.query("SELECT count(*) FROM e").rows() == [(1,)]
        assert told(caplog) == []
