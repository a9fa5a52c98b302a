"""Result rows as Parquet: what they weigh, compacted by upkeep, against the same rows as JSON.

The rows are those that `collab` makes of simulated events.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

import penstock
import penstock.apps.collab
from bench.table import Target
from penstock.apps import events
from penstock.core.clock import ManualClock
from penstock.project.definition import read_definition
from penstock.project.penstock import Penstock
from penstock.project.upkeep import upkeep

if TYPE_CHECKING:
    from bench.__main__ import Bench

__all__ = ["measure"]


def measure(bench: Bench) -> None:
    report = bench.report
    count = 300_000 if bench.quick else 2_000_000
    report.title(f"Result rows of collab, of {count:,} simulated events")
    folder = bench.folder / "collab"
    shutil.copytree(Path(penstock.apps.collab.__file__).parent / "project", folder)
    rows = _results(folder, count)
    as_json = sum(len(line) + 1 for line in rows.drop("date").write_ndjson().encode().splitlines())
    before = _bytes(folder / "metrics")
    with Penstock(read_definition(folder), folder / ".penstock", _later(rows)) as project:
        done = [one for one in upkeep(project) if one.act == "compact"]
    after = _bytes(folder / "metrics")
    report.figure("rows", float(rows.height), "rows")
    report.figure("files before", float(sum(d.files_before for d in done)), "files")
    report.figure("files after", float(sum(d.files_after for d in done)), "files")
    report.figure("the same rows as JSON against Parquet as it is written", as_json / before, "x")
    report.figure("against Parquet, compacted", as_json / after, "x", Target(5, 10))


def _later(rows: pl.DataFrame) -> ManualClock:
    """A clock by which all days of the rows are over, and none is old enough for the archive."""
    return ManualClock(int(rows.select(pl.col("timestamp").max()).item()) + 2 * 86_400_000)


def _results(folder: Path, count: int) -> pl.DataFrame:
    """The rows of table `metrics`, from a run over simulated events."""
    with penstock.open(folder) as project:
        for made in events("collab", events=count):
            for topic, frame in made.topics.items():
                project.append(topic, frame)
        project.run(bounded=True)
        return project.query("SELECT * FROM metrics").polars()


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))
