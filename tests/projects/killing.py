"""A run of `collab` in a process of its own, that is killed after a checkpoint."""

from __future__ import annotations

import multiprocessing
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.pipeline import Pipeline
from tests.projects.meetings import opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.projects.killing"])

ROWS, CHECKPOINTS, LARGEST = range(3)


def _progress(folder: Path) -> Any:
    """How far the running process is, in memory that outlives it.

    Rows that it has read; checkpoints taken in all; the most rows that were read between two of them.
    """
    path = folder / "progress"
    if not path.exists():
        path.write_bytes(bytes(24))
    return np.memmap(path, dtype=np.int64, mode="r+", shape=(3,))


def _run(pipe: Connection, folder: str, batch_rows: int) -> None:
    progress = _progress(Path(folder))
    step, commit, kept = Pipeline.step, Pipeline.commit, [0]

    def noted_step(self: Pipeline, rows: int) -> bool:
        moved = step(self, rows)
        progress[ROWS] = self.rows
        return moved

    def noted_commit(self: Pipeline) -> None:
        commit(self)
        progress[CHECKPOINTS] += 1
        progress[LARGEST] = max(progress[LARGEST], self.rows - kept[0])
        kept[0] = self.rows

    Pipeline.step, Pipeline.commit = noted_step, noted_commit  # type: ignore[method-assign]
    with opened(Path(folder)) as project:
        project.start(bounded=True, batch_rows=batch_rows).wait()
        pipe.send([str(error) for error in project.stop().values()])


@dataclass(slots=True)
class Kills:
    """What killing a run over and over came to: rows read again after each kill, and checkpoints before it.

    `largest` is the most rows that were read between two checkpoints.
    """

    again: list[int] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    largest: int = 0

    def __str__(self) -> str:
        return (
            f"{len(self.again)} kills and restores, {sum(self.checkpoints)} checkpoints before them, "
            f"{sum(self.again):,} rows read again, at most {max(self.again):,} at once; "
            f"at most {self.largest:,} rows between two checkpoints"
        )


def kill(folder: Path, times: int, batch_rows: int, interval_ms: int, most_checkpoints: int) -> Kills:
    """Kill a run of the project in `folder`, each time within an interval after 1 to `most_checkpoints` checkpoints.

    A last run ends by itself. Raises AssertionError if one ends before it can be killed.
    """
    progress, noise, kills = _progress(folder), random.Random(times), Kills()
    committed = 0
    for _ in range(times):
        before = int(progress[CHECKPOINTS])
        progress[ROWS] = 0
        child, pipe = _start(folder, batch_rows)
        goal = before + noise.randint(1, most_checkpoints)
        while progress[CHECKPOINTS] < goal:
            assert not pipe.poll(0.001), pipe.recv()
        assert not pipe.poll(noise.random() * interval_ms / 1000), "the run ended before it was killed"
        child.kill()
        child.join()
        pipe.close()
        read = committed + int(progress[ROWS])
        with opened(folder) as project:
            sources = project.ledger().filter(pl.col("kind") == "source")
        committed = int(sources["taken"].sum())
        kills.again.append(read - committed)
        kills.checkpoints.append(int(progress[CHECKPOINTS]) - before)
    child, pipe = _start(folder, batch_rows)
    assert pipe.recv() == []
    child.join()
    pipe.close()
    kills.largest = int(progress[LARGEST])
    return kills


def _start(folder: Path, batch_rows: int) -> tuple[BaseProcess, Connection]:
    ours, theirs = CONTEXT.Pipe()
    child = CONTEXT.Process(target=_run, args=(theirs, str(folder), batch_rows), daemon=True)
    child.start()
    theirs.close()
    return child, ours
