"""What the crash tests run: a topic of three partitions into a topic and into Parquet, with late rows among them."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.pipeline import Pipeline
from penstock.project.opening import open_project
from tests.engine.project import EVENTS, NOW, RESULTS, fates, opened, restored, rows, write_project

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from penstock.project.penstock import Penstock

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.crash.workload"])

SQL = (
    EVENTS
    + RESULTS
    + """
CREATE TABLE f (k STRING, window_end TIMESTAMP(3), n BIGINT) PARTITIONED BY (k)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet', 'sink.rolling-policy.rows' = '20');
EXECUTE STATEMENT SET BEGIN
INSERT INTO r SELECT k, window_end, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;
INSERT INTO f SELECT k, window_end, COUNT(DISTINCT v)
FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
GROUP BY k, window_start, window_end;
END;
"""
)


def project(folder: Path, *, file_rows: int = 20, **engine: object) -> Path:
    """A project whose files are full with so many rows."""
    sql = SQL.replace("'sink.rolling-policy.rows' = '20'", f"'sink.rolling-policy.rows' = '{file_rows}'")
    return write_project(folder, sql, partitions=3, **engine)


def records(first: int, count: int) -> pl.DataFrame:
    """Records number `first` and on: 20 a second of event time, every fiftieth too late for its windows."""
    noise = np.random.default_rng((first, count))
    number = np.arange(first, first + count)
    behind = np.where(noise.random(count) < 0.02, 40_000, noise.integers(0, 5_000, count))
    time = pl.Series(NOW + 60_000 + 50 * number - behind).cast(pl.Datetime("ms"))
    frame = pl.DataFrame(
        {
            "id": number,
            "k": pl.Series(noise.integers(0, 4, count)).cast(pl.String),
            "v": noise.integers(0, 100, count),
            "ts": time.dt.strftime("%Y-%m-%d %H:%M:%S%.3f"),
        }
    )
    value = frame.select(pl.struct(pl.all()).struct.json_encode().cast(pl.Binary)).to_series()
    partition = pl.Series(noise.choice(3, count, p=[0.7, 0.2, 0.1]), dtype=pl.Int32)
    return pl.DataFrame({"value": value, "partition": partition})


def outcome(penstock: Penstock) -> dict[str, Any]:
    """All that a run leaves behind: results, late rows, ledger."""
    late = 'SELECT operator, raw, partition, "offset", window_end, windows, watermark, reason, lost FROM penstock.late'
    return {
        "r": rows(penstock),
        "f": rows(penstock, "f"),
        "late": sorted(penstock.query(late).rows()),
        "ledger": fates(penstock),
    }


def undisturbed(folder: Path, of: Penstock) -> dict[str, Any]:
    """What one run from the beginning to the end leaves behind, over the same records in the same order."""
    with opened(project(folder)) as penstock:
        for frame in of.log.read("e", columns=["partition", "value"]):
            penstock.append("e", frame)
        penstock.run(bounded=True)
        return outcome(penstock)


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two outcomes are the same, and not for want of results or late rows."""
    assert all(left.values())
    for part, found in left.items():
        assert found == right[part], part
    return True


# -- a process that is killed ------------------------------------------------------------------------------

EPOCH, TAKEN, LARGEST = range(3)


class Progress:
    """How far a process is, in memory that outlives it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "progress"
        mode: Any = "r+" if path.exists() else "w+"
        self.cells = np.memmap(path, dtype=np.int64, mode=mode, shape=(3,))

    def __getitem__(self, cell: int) -> int:
        return int(self.cells[cell])


def taken(pipeline: Pipeline) -> int:
    (source,) = (v.operator for v in pipeline.executor.graph.vertices if v.operator.kind == "source")
    return source.counts.taken


def watch(progress: Progress) -> None:
    """From now on pipelines of this process note each step and each commit."""
    step, commit, at_commit = Pipeline.step, Pipeline.commit, [-1]

    def noted_step(self: Pipeline, rows: int) -> bool:
        if at_commit[0] < 0:
            at_commit[0] = taken(self)
        moved = step(self, rows)
        progress.cells[TAKEN] = taken(self)
        return moved

    def noted_commit(self: Pipeline) -> None:
        commit(self)
        progress.cells[EPOCH] = self.epoch
        progress.cells[LARGEST] = max(progress[LARGEST], taken(self) - at_commit[0])
        at_commit[0] = taken(self)

    Pipeline.step, Pipeline.commit = noted_step, noted_commit  # type: ignore[method-assign]


def run_until_killed(pipe: Connection, folder: str) -> None:
    watch(Progress(Path(folder)))
    penstock = open_project(folder)
    run = penstock.start()
    run.wait()
    pipe.send([str(e) for e in penstock.stop().values()])


def append_records(pipe: Connection, folder: str, first: int, count: int) -> None:
    """Append some hundred records, a few at a time, as a process beside the engine's would."""
    with open_project(folder) as penstock:
        pipe.send("ready")
        pipe.recv()
        for number in range(first, first + count, 20):
            penstock.append("e", records(number, 20))
        pipe.send("done")


def start(work: Any, *arguments: object) -> tuple[BaseProcess, Connection]:
    """A child that runs `work(pipe, *arguments)`, and our end of the pipe."""
    ours, theirs = CONTEXT.Pipe()
    child = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    return child, ours


__all__ = [
    "EPOCH",
    "LARGEST",
    "TAKEN",
    "Progress",
    "append_records",
    "outcome",
    "project",
    "records",
    "restored",
    "run_until_killed",
    "same",
    "start",
    "undisturbed",
]
