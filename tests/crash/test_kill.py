"""SIGKILL at any moment under load: the results are those of a run that nobody disturbed."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import SystemClock
from tests.crash.workload import (
    EPOCH,
    LARGEST,
    TAKEN,
    Progress,
    outcome,
    project,
    records,
    run_until_killed,
    same,
    start,
    undisturbed,
)
from tests.engine.project import fates, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.project.penstock import Penstock

BATCH = 500


class Load(threading.Thread):
    """Appends without end, some thousand records ahead of who reads them."""

    def __init__(self, penstock: Penstock, progress: Progress) -> None:
        super().__init__(name="load", daemon=True)
        self.penstock = penstock
        self.progress = progress
        self.stop = threading.Event()
        self.appended = 0

    def run(self) -> None:
        while not self.stop.is_set():
            if self.appended - self.progress[TAKEN] > 10 * BATCH:
                self.stop.wait(0.001)
                continue
            self.penstock.append("e", records(self.appended, 250))
            self.appended += 250


def killed(folder: Path, kills: int, bound: int | None, tell: Callable[[str], None]) -> None:
    """Kill a process `kills` times, each after a checkpoint of its own; at most `bound` rows are read again."""
    progress, noise = Progress(folder), random.Random(kills)
    with opened(folder, SystemClock()) as penstock:
        load = Load(penstock, progress)
        load.start()
        again: list[int] = []
        for _ in range(kills):
            goal = progress[EPOCH] + noise.randrange(1, 8)
            child, pipe = start(run_until_killed, str(folder))
            while progress[EPOCH] < goal:
                assert not pipe.poll(0.001), pipe.recv()
            load.stop.wait(noise.random() * 0.03)
            child.kill()
            child.join()
            pipe.close()
            again.append(progress[TAKEN] - fates(penstock)["source e"]["taken"])
        load.stop.set()
        load.join()
        tell(
            f"{kills} kills, {progress[EPOCH]} checkpoints, {kills} restores, {sum(again):,} rows read again of"
            f" {load.appended:,}; at most {max(again)} at once, at most {progress[LARGEST]} between two checkpoints"
        )
        assert min(again) >= 0
        assert max(again) <= (bound or 2 * progress[LARGEST] + BATCH)
        penstock.run(bounded=True)
        assert fates(penstock)["source e"]["taken"] == load.appended
        assert same(outcome(penstock), undisturbed(folder / "undisturbed", penstock))


def test_a_process_killed_again_and_again(tmp_path: Path, tell: Callable[[str], None]) -> None:
    """A checkpoint after each batch: not more than one is ever read again."""
    killed(project(tmp_path, batch_rows=BATCH, checkpoint_interval="0 ms"), 4, BATCH, tell)


@pytest.mark.real
@pytest.mark.long
def test_fifty_kills(tmp_path: Path, tell: Callable[[str], None]) -> None:
    killed(project(tmp_path, batch_rows=BATCH, checkpoint_interval="25 ms", threads=2), 50, None, tell)
