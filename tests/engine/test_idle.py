"""Partitions that are silent while others speak, in a pipeline that always has something to read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.project.fresh import drop_everything
from tests.engine.project import COUNT, EVENTS, NOW, RESULTS, append, event, opened, restored, rows, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

IDLE = EVENTS.replace("'format'", "'scan.watermark.idle-timeout' = '2 s', 'format'")
OTHER = IDLE.replace("TABLE e ", "TABLE f ").replace("'topic' = 'e'", "'topic' = 'f'")
BOTH = "CREATE VIEW g AS SELECT * FROM e UNION ALL SELECT * FROM f;"


class Feed(threading.Event):
    """Before each step of a pipeline an event comes, a quarter of a second after the one before."""

    def __init__(self, project: Penstock, clock: ManualClock, count: int) -> None:
        super().__init__()
        self.project, self.clock, self.left = project, clock, count

    def is_set(self) -> bool:
        if not self.left:
            return True
        self.left -= 1
        self.clock.advance(250)
        append(self.project, [event(self.left, (self.clock.now_ms() - NOW) / 1000)])
        return False


SQL = IDLE + OTHER + RESULTS + BOTH + COUNT.replace("TABLE e,", "TABLE g,")


@pytest.mark.parametrize("rows_before", [0, 1])
def test_a_topic_without_rows_does_not_hold_the_others_up(tmp_path: Path, rows_before: int) -> None:
    """Whether it never had a row or has fallen silent; and a replay closes the same windows at the same rows."""
    write_project(tmp_path, SQL)
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as project:
        project.append("f", [event(1_000 + n, 0.1) for n in range(rows_before)])
        with restored(project) as pipeline:
            pipeline.run(Feed(project, clock, 100))
        assert pipeline.epoch == 100  # where few rows flow, checkpoints come as soon as where none do
        live = rows(project)
        clock.advance(3_600_000)
        drop_everything(project)
        with restored(project) as pipeline:
            while pipeline.step(7):
                continue
            pipeline.commit()
        assert live == rows(project) == [("a", 10.0, 39 + rows_before, 39 + rows_before), ("a", 20.0, 40, 40)]


def test_topics_that_fall_silent_at_once_are_as_far_as_the_furthest(tmp_path: Path) -> None:
    """As if one had fallen silent after the other: how often somebody looks at the clock must not matter."""
    write_project(tmp_path, SQL)
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as project, restored(project) as pipeline:
        append(project, [event(1, 1)])
        project.append("f", [event(2, 20)])
        clock.advance(100)
        while pipeline.step(7):
            continue
        clock.advance(2_500)
        pipeline.input.tick()
        while pipeline.step(7):
            continue
        pipeline.commit()
        assert rows(project) == [("a", 10.0, 1, 1)]
