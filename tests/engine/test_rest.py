"""A pipeline rests where it has caught up, and never while rows wait for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from tests.engine.project import COUNT, EVENTS, NOW, RESULTS, append, event, opened, restored, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.engine.pipeline import Pipeline

ROWS = 600
KAFKA = "'connector' = 'kafka', 'topic' = 'e', 'format' = 'json'"
FILES = "".join(
    EVENTS.replace("TABLE e ", f"TABLE {name} ").replace(
        KAFKA, f"'connector' = 'filesystem', 'path' = 'data/{name}', 'format' = 'csv'"
    )
    for name in "fg"
)
BOTH = "CREATE VIEW e AS SELECT * FROM f UNION ALL SELECT * FROM g;"


class Working(ManualClock):
    """A ms passes between two looks at it; it counts who sleeps."""

    slept = 0

    def monotonic(self) -> float:
        self.advance(1)
        return super().monotonic()

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        super().sleep(seconds)


class Done(threading.Event):
    """Set when a pipeline has read all."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self.pipeline = pipeline

    def is_set(self) -> bool:
        return self.pipeline.rows >= ROWS


def slept(folder: Path, clock: Working, **how: float) -> int:
    """How often a live pipeline has slept when it has read all that is there."""
    with opened(folder, clock) as project:
        if not (folder / "data").exists():
            append(project, [event(n, n / 100) for n in range(ROWS)])
        with restored(project, **how) as pipeline:
            pipeline.run(Done(pipeline))
    return clock.slept


@pytest.mark.parametrize("how", [{"batch_rows": 10}, {"batch_rows": 10, "speed": 1e9}])
def test_a_backlog_in_small_batches_is_read_without_rest(tmp_path: Path, how: dict[str, float]) -> None:
    write_project(tmp_path, EVENTS + RESULTS + COUNT)
    assert slept(tmp_path, Working(NOW), **how) == 0


def test_sources_whose_rows_go_in_turns_are_read_without_rest(tmp_path: Path) -> None:
    write_project(tmp_path, FILES + BOTH + RESULTS + COUNT)
    for which, name in enumerate("fg"):
        (tmp_path / "data" / name).mkdir(parents=True)
        lines = [f"{n},a,1,2024-01-01 00:00:{n / 10:06.3f}\n" for n in range(which, ROWS, 2)]
        (tmp_path / "data" / name / "events.csv").write_text("".join(lines))
    assert slept(tmp_path, Working(NOW)) <= 1


def test_it_rests_where_nothing_waits(tmp_path: Path) -> None:
    write_project(tmp_path, EVENTS + RESULTS + COUNT)
    assert slept(tmp_path, Working(NOW)) == 1
