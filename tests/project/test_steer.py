"""Pipelines come and go while others go on, and what is wanted of them outlives the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, InternalError, PositionLostError, StateError
from penstock.engine.pipeline import Pipeline
from penstock.project.wish import Wish, put_wish, wish_of
from tests.cli.shell import make_project, orders
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.project.standing import Standing

COPIES = """\
CREATE TABLE copies (id BIGINT, share DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'copies', 'format' = 'json');
INSERT INTO copies SELECT id, 1 / (id - 1000) FROM orders;
"""
DOWNSTREAM = """\
CREATE TABLE late_copies (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'late_copies', 'format' = 'json');
INSERT INTO late_copies SELECT id FROM copies;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pipelines over one topic: orders counts by the minute, copies takes row by row."""
    made = make_project(tmp_path / "shop", toml='[engine]\non-bad-row = "flink"\n')
    (made / "sql" / "02-copies.sql").write_text(COPIES)
    return made


def read(project: Penstock, pipeline: str, rows: int) -> None:
    """Until a pipeline has read so many rows since it was started."""
    until(lambda: stands(project, pipeline).rows == rows, f"{pipeline} has not read {rows} rows")


def stands(project: Penstock, pipeline: str) -> Standing:
    return next(one for one in project.pipelines() if one.name == pipeline)


def ids(project: Penstock) -> list[int]:
    return [n for (n,) in project.query("SELECT id FROM copies ORDER BY id").rows()]


def test_one_is_paused_while_the_other_goes_on_and_nothing_is_lost(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        paused = project.steer("copies", "pause")
        assert (paused.state, paused.wanted, paused.lag) == ("paused", "paused", 0)
        project.append("orders", orders(20, first=10))
        read(project, "orders", 30)
        assert (stands(project, "copies").lag, stands(project, "orders").state) == (20, "running")
        reason = next(one for one in project.why() if one.pipeline == "copies")
        assert (reason.code, reason.attention) == ("paused", True)
        assert reason.sentence.startswith("Somebody has paused it since 20")
        assert reason.sentence.endswith(" UTC; 20 records wait for it.")
        assert reason.setting == "To let it go on: penstock pipeline resume DIR copies"
        assert ids(project) == list(range(10))
        assert project.steer("copies", "pause").state == "paused"
        assert project.steer("copies", "resume").state == "running"
        read(project, "copies", 30)
        assert project.steer("copies", "resume").lag == 0
        assert project.stop() == {}
        assert ids(project) == list(range(30))


def test_a_paused_one_stays_paused_when_the_process_begins_anew(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        project.steer("copies", "pause")
    with penstock.open(folder) as project:
        project.append("orders", orders(5, first=10))
        alone = stands(project, "copies")
        assert (alone.state, alone.lag, alone.epoch > 0) == ("paused", 5, True)
        run = project.start()
        assert [p.name for p in project.running] == ["orders"]
        assert (stands(project, "copies").state, stands(project, "copies").lag) == ("paused", 5)
        (remark,) = stands(project, "copies").remarks
        assert remark.startswith("paused since 20")
        assert remark.endswith(" UTC, and kept so until it is told otherwise")
        assert not run.wait(0.01)
        assert project.steer("copies", "resume").state == "running"
        read(project, "copies", 5)
    with penstock.open(folder) as project:
        assert ids(project) == list(range(15))


def test_a_stopped_one_leaves_the_memory_and_starts_from_its_checkpoint(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        stopped = project.steer("copies", "stop")
        assert (stopped.state, stopped.rows, stopped.results) == ("stopped", 10, {"copies": 10})
        assert [p.name for p in project.running] == ["orders"]
        project.append("orders", orders(10, first=10))
        assert stands(project, "copies").lag == 10
        assert project.steer("copies", "start").state == "running"
        read(project, "copies", 10)
        assert project.stop() == {}
        assert ids(project) == list(range(20))


def test_draining_closes_the_windows_and_ends(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(90))
        run = project.start()
        read(project, "orders", 90)
        project.steer("copies", "stop")
        assert project.query("SELECT count(*) FROM revenue").rows() == [(1,)]
        assert project.steer("orders", "drain").wanted in ("draining", "stopped")
        until(lambda: run.wait(0.1), "it does not end")
        ended = stands(project, "orders")
        assert (ended.state, ended.wanted, ended.lag) == ("ended", "stopped", 0)
        assert project.query("SELECT count(*) FROM revenue").rows() == [(2,)]
        assert project.steer("orders", "start").state == "running"


def test_a_drain_that_a_crash_broke_off_is_done_by_the_next_process(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(90))
        put_wish(project.log, "orders", Wish("draining"))
        project.steer("copies", "stop")
        assert project.start().wait(180)
        assert stands(project, "orders").state == "ended"
        assert wish_of(project.log, "orders").wanted == "stopped"
        assert project.query("SELECT count(*) FROM revenue").rows() == [(2,)]


def test_draining_where_nothing_runs_is_done_at_once(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(90))
        drained = project.steer("orders", "drain")
        assert (drained.state, drained.wanted, drained.lag) == ("stopped", "stopped", 0)
        assert project.query("SELECT count(*) FROM revenue").rows() == [(2,)]
        assert not project.query("SELECT * FROM copies").rows()


def test_a_panic_ends_its_pipeline_alone_and_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars panics with what is no Exception."""
    step = Pipeline.step

    def panics(self: Pipeline, rows: int) -> int:
        if self.name == "copies":
            raise pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value\nat some place")
        return step(self, rows)

    monkeypatch.setattr(Pipeline, "step", panics)
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        run = project.start()
        until(lambda: stands(project, "copies").state == "failed", "it does not fail")
        error = run.errors["copies"]
        assert isinstance(error, InternalError)
        assert error.message == "PanicException: called `Option::unwrap()` on a `None` value"
        assert error.hint == "please report this with what the process has written and what led to it"
        read(project, "orders", 10)
        monkeypatch.undo()
        assert project.steer("copies", "restart").error is None
        read(project, "copies", 10)


def test_ctrl_c_that_comes_where_a_pipeline_works_is_no_error_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Pipeline, rows: int) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "step", interrupted)
    with penstock.open(folder) as project:
        assert project.start().wait(60)
        assert project.stop() == {}


def test_a_failed_one_is_restarted_and_the_others_do_not_notice(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        project.append("orders", orders(1, first=1000))
        until(lambda: stands(project, "copies").state == "failed", "it does not fail")
        assert "zero" in str(stands(project, "copies").error)
        for act, done in (("pause", "paused"), ("resume", "resumed")):
            with pytest.raises(StateError) as caught:
                project.steer("copies", act)  # type: ignore[arg-type]
            assert caught.value.message == f"pipeline 'copies' is failed and cannot be {done}"
            assert caught.value.hint == "restart it: it goes on from its last checkpoint"
        before = project.current.lives["copies"].error  # type: ignore[union-attr]
        project.steer("copies", "restart")
        until(lambda: stands(project, "copies").state == "failed", "it does not fail again")
        assert project.current.lives["copies"].error is not before  # type: ignore[union-attr]
        assert project.steer("copies", "stop").error is None
        assert stands(project, "orders").state == "running"
        assert project.stop() == {}


def test_a_pipeline_starts_with_the_interval_that_is_given(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.steer("copies", "stop")
        project.start()
        started = project.steer("copies", "start", parallelism=4, checkpoint_interval=3_600_000)
        assert started.checkpoint_interval == 3_600_000
        assert started.remarks == ["parallelism 4 is kept for a cluster: embedded, it runs as one"]
        project.append("orders", orders(10))
        read(project, "orders", 10)
        read(project, "copies", 10)
        until(lambda: stands(project, "orders").epoch > 0, "the other does not commit")
        assert stands(project, "copies").epoch == 0
        assert project.steer("copies", "restart").checkpoint_interval == 3_600_000
        assert (stands(project, "copies").epoch, ids(project)) == (1, list(range(10)))
        with pytest.raises(ConfigError, match="a checkpoint interval is at least 1, not 0"):
            project.steer("copies", "restart", checkpoint_interval=0)


def test_a_savepoint_of_one_is_restored_while_the_other_goes_on(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        project.savepoint("ten", "copies")
        project.append("orders", orders(5, first=10))
        read(project, "copies", 15)
        with pytest.raises(StateError, match="pipeline 'copies' is running"):
            project.restore("ten")
        project.steer("copies", "pause")
        restored = project.restore("ten")
        assert (restored.pipeline, restored.rows_again) == ("copies", 5)
        assert (stands(project, "copies").state, stands(project, "copies").lag) == ("paused", 5)
        assert stands(project, "orders").state == "running"
        project.steer("copies", "resume")
        read(project, "copies", 5)
        assert project.stop() == {}
        assert ids(project) == [*range(10), *(n for n in range(10, 15) for _ in range(2))]


def test_what_retention_deletes_during_a_pause_is_told(folder: Path) -> None:
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        project.start()
        read(project, "copies", 10)
        project.steer("copies", "pause")
        project.log.alter_topic("orders", configs={"retention.bytes": 1})
        project.append("orders", orders(500, first=10))
        read(project, "orders", 510)
        project.append("orders", orders(1, first=510))
        until(lambda: project.log.maintain(1.0) and project.log.starts("orders")[0] > 10, "nothing is deleted")
        with pytest.raises(PositionLostError, match="retention has deleted rows that were not read yet"):
            project.steer("copies", "resume")
        failed = stands(project, "copies")
        assert (failed.state, failed.wanted) == ("failed", "paused")


def test_a_bounded_run_does_not_wait_for_what_is_paused(folder: Path) -> None:
    (folder / "sql" / "03-downstream.sql").write_text(DOWNSTREAM)
    with penstock.open(folder) as project:
        project.append("orders", orders(10))
        assert project.steer("copies", "pause").remarks[0].startswith("paused since ")
        project.run(bounded=True)
        assert stands(project, "downstream").epoch > 0
        assert project.query("SELECT * FROM late_copies").rows() == []
        assert project.steer("copies", "resume").remarks == ["no process runs the project; the next one runs it"]
        project.run(bounded=True)
        assert project.query("SELECT count(*) FROM late_copies").rows() == [(10,)]


def test_what_does_not_fit_is_refused(folder: Path) -> None:
    with penstock.open(folder) as project:
        with pytest.raises(ConfigError) as unknown:
            project.steer("copy", "pause")
        assert str(unknown.value) == "there is no pipeline 'copy'\nhint: did you mean copies?"
        with pytest.raises(StateError, match="pipeline 'copies' does not run and cannot be restarted"):
            project.steer("copies", "restart")
        project.steer("copies", "stop")
        with pytest.raises(StateError, match="pipeline 'copies' is stopped and cannot be resumed\nhint: start it"):
            project.steer("copies", "resume")
        project.start()
        with pytest.raises(StateError, match="pipeline 'copies' is stopped and cannot be paused\nhint: start it"):
            project.steer("copies", "pause")
        with pytest.raises(StateError) as running:
            project.steer("orders", "start")
        assert running.value.message == "pipeline 'orders' is running already"
        assert running.value.hint == "restart it where it is to have other settings"
