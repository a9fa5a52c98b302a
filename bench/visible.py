"""How much of W's input is read when another process sees the first window."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import polars as pl

import penstock
from bench import project
from bench.child import command, started
from bench.events import file_of
from bench.table import Target

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

EVENTS = 3_000_000
_FILES = f"{project.PARQUET}, 'sink.rolling-policy.rows' = '1000'"
"""A file of each window: by default files are larger, and shown when they are full."""


def measure(bench: Bench) -> None:
    report, source = bench.report, file_of(EVENTS)
    report.title(f"W, its first window seen by another process, {EVENTS:,} events, 1 core")
    shares, seconds = [], []
    for _ in range(1 if bench.quick else 3):
        shutil.rmtree(bench.folder / "w", ignore_errors=True)
        folder = project.make(bench.folder / "w", source, sink=_FILES)
        taken, after = first_window(folder)
        shares.append(100 * taken / EVENTS)
        seconds.append(after)
    report.figure("read by the commit that shows it", shares, "% of all", Target(15, 5, below=True))
    report.figure("after the start of the process", seconds, "s")


def first_window(folder: Path) -> tuple[int, float]:
    """The rows read as of the last commit when the first file is there, and the seconds since the process began."""
    begin = time.perf_counter()
    process = started(command("project", folder))
    assert process.stdout is not None
    while not any((folder / "results").glob("*.parquet")):
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode} and no window")
        time.sleep(0.002)
    seconds = time.perf_counter() - begin
    with penstock.open(folder) as opened:
        ledger = opened.ledger().filter(pl.col("kind") == "source")
    process.kill()
    process.wait()
    process.stdout.close()
    return int(ledger["taken"].sum()), seconds
