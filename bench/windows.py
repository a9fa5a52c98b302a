"""W: 30 s windows per key (count, sum, distinct count) of a JSON file into committed Parquet, against DuckDB.

Whole processes with their start-up, ledger and late handling on, default checkpoints; results compared row for row.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench import project
from bench.answers import check_ledger, check_results
from bench.child import Ran, command, in_turn, run
from bench.events import file_of
from bench.machine import cores
from bench.table import Target, median

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["batch_query", "measure", "pipeline"]

EVENTS = 3_000_000
BATCHES = (500, 5_000, 20_000, 100_000)


def pipeline(folder: Path, source: Path, count: int = 1, batch_rows: int | None = None) -> Callable[[], Ran]:
    """Runs W in a new project at `folder`, on `count` cores."""

    def once() -> Ran:
        shutil.rmtree(folder, ignore_errors=True)
        return run(command("project", project.make(folder, source, batch_rows=batch_rows)), count)

    return once


def batch_query(source: Path, target: Path, count: int = 1) -> Callable[[], Ran]:
    """Runs DuckDB's query, on `count` cores."""
    return lambda: run(command("batch_query", source, target, count), count)


def measure(bench: Bench) -> None:
    against_batch(bench)
    by_batch_size(bench)
    if len(cores()) > 1:
        on_two_cores(bench)
    else:
        bench.report.note("two cores against one: there is only one here")


def against_batch(bench: Bench) -> None:
    report, source, times = bench.report, file_of(EVENTS), 2 if bench.quick else 5
    report.title(
        f"W: {EVENTS:,} JSON events ({source.stat().st_size / EVENTS:.0f} bytes each), file to Parquet, 1 core"
    )
    wanted = bench.folder / "wanted.parquet"
    works = {"penstock": pipeline(bench.folder / "w", source), "duckdb": batch_query(source, wanted)}
    in_turn(1, works)
    ran = in_turn(times, works)
    rows = check_results(bench.folder / "w" / "results" / "*.parquet", wanted)
    check_ledger(bench.folder / "w", EVENTS)
    ratios = [d.seconds / p.seconds for p, d in zip(ran["penstock"], ran["duckdb"], strict=True)]
    for name in works:
        report.figure(f"{name}, whole process", [r.seconds for r in ran[name]], "s")
        report.figure(f"{name}, events", [EVENTS / r.seconds for r in ran[name]], "/s")
        report.figure(f"{name}, CPU of the process", [r.cpu for r in ran[name]], "s")
    report.figure("penstock against duckdb", ratios, "x", Target(0.5, 1.0))
    cpu = [d.cpu / p.cpu for p, d in zip(ran["penstock"], ran["duckdb"], strict=True)]
    report.figure("the same in CPU seconds", cpu, "x")
    report.figure(
        "penstock, largest memory", max(r.memory for r in ran["penstock"]) / 1e6, "MB", Target(400, 200, below=True)
    )
    report.figure("duckdb, largest memory", max(r.memory for r in ran["duckdb"]) / 1e6, "MB")
    report.note(f"{rows:,} rows of results, the same as DuckDB's; the ledger has all {EVENTS:,} events")


def by_batch_size(bench: Bench) -> None:
    report = bench.report
    report.title("W by rows a batch, 1 core")
    for rows in BATCHES:
        events = 500_000 if rows < 5_000 else 1_000_000 if bench.quick else EVENTS
        source, folder = file_of(events), bench.folder / "batches"
        ran = [pipeline(folder, source, batch_rows=rows)() for _ in range(1 if bench.quick else 3)]
        check_ledger(folder, events)
        report.figure(f"{rows:,} rows a batch, {events:,} events", [events / r.seconds for r in ran], "/s")
        report.figure("  the same in a second of CPU", [events / r.cpu for r in ran], "/s")


def on_two_cores(bench: Bench) -> None:
    report, source = bench.report, file_of(EVENTS)
    report.title("W on two cores")
    folders = {n: bench.folder / f"cores-{n}" for n in (1, 2)}
    works = {f"{n} core": pipeline(folder, source, n) for n, folder in folders.items()}
    ran = in_turn(2 if bench.quick else 3, works)
    check_ledger(folders[2], EVENTS)
    one, two = (median([r.seconds for r in ran[name]]) for name in works)
    for name, runs in ran.items():
        report.figure(name, [r.seconds for r in runs], "s")
    ratios = [a.seconds / b.seconds for a, b in zip(*ran.values(), strict=True)]
    report.figure("two cores against one", ratios or [one / two], "x", Target(1.5, 1.9))
