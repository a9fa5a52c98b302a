"""What may be asked while a pipeline runs: in its process from memory, in another one as of the last commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.clock import SystemClock
from penstock.project.opening import open_project
from tests.crash.workload import start
from tests.engine.project import TOTALS, append, event, opened, restored, rows, seconds, write_project

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from penstock.project.penstock import Penstock

OPEN = 'SELECT k, window_end, n, s, watermark, final FROM "r$open" ORDER BY window_end'


def open_windows(penstock: Penstock) -> list[tuple[Any, ...]]:
    found = penstock.query(OPEN).rows()
    return [(k, seconds(end), n, s, seconds(watermark), final) for k, end, n, s, watermark, final in found]


def answer(pipe: Connection, folder: str) -> None:
    """Ask what is asked for, until None is."""
    with open_project(folder) as penstock:
        for sql in iter(pipe.recv, None):
            found = penstock.query(sql)
            pipe.send((found.rows(), found.position))


def test_open_windows_before_the_first_watermark_have_none(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS, partitions=2)) as penstock:
        append(penstock, [event(n, n) for n in range(12)], 0)
        with restored(penstock) as pipeline:
            assert pipeline.step(100)
            pipeline.commit()
        assert open_windows(penstock) == [("a", 10.0, 10, 10, None, False), ("a", 20.0, 2, 2, None, False)]


def test_open_windows_are_not_yet_results_and_become_them(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(n, n, value=n) for n in range(25)])
        with restored(penstock) as pipeline:
            assert pipeline.step(100)
            pipeline.commit()
        assert rows(penstock) == [("a", 10.0, 10, 45)]
        assert open_windows(penstock) == [("a", 20.0, 10, 145, 19.0, False), ("a", 30.0, 5, 110, 19.0, False)]
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 10.0, 10, 45), ("a", 20.0, 10, 145), ("a", 30.0, 5, 110)]
        assert open_windows(penstock) == []


def test_this_process_sees_memory_and_another_one_the_last_commit(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, checkpoint_interval="1 h")
    with opened(tmp_path, SystemClock()) as penstock:
        append(penstock, [event(n, n) for n in range(12)])
        run = penstock.start()
        (pipeline,) = run.pipelines
        while pipeline.rows < 12:
            assert not run.wait(0.001), run.errors
        pipeline.commit()
        append(penstock, [event(n, n) for n in range(12, 18)])
        while pipeline.rows < 18:
            assert not run.wait(0.001), run.errors
        child, pipe = start(answer, str(tmp_path))
        pipe.send(OPEN)
        other, position = pipe.recv()
        assert open_windows(penstock) == [("a", 20.0, 8, 8, 12.0, False)]
        assert penstock.query(OPEN).position == {"log": 18, "checkpoints": {"main": 1}, "memory": {"main": 18}}
        assert rows(penstock) == [("a", 10.0, 10, 10)]
        assert [(k, seconds(end), n, s, seconds(mark), final) for k, end, n, s, mark, final in other] == [
            ("a", 10.0, 10, 10, 6.0, False),
            ("a", 20.0, 2, 2, 6.0, False),
        ]
        assert position == {"log": 18, "checkpoints": {"main": 1}, "memory": {}}
        pipe.send("SELECT COUNT(*) FROM r")
        assert pipe.recv()[0] == [(0,)]
        pipeline.commit()
        pipe.send("SELECT COUNT(*), (SELECT COUNT(*) FROM e) FROM r")
        assert pipe.recv() == ([(1, 18)], {"log": 19, "checkpoints": {"main": 2}, "memory": {}})
        pipe.send(None)
        child.join()
        pipe.close()
        assert penstock.stop() == {}
