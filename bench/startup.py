"""From the start of a process to the first result of a bounded input of 10,000 events."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from bench import project
from bench.child import command, run, started
from bench.events import file_of
from bench.table import Target

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

EVENTS = 10_000


def measure(bench: Bench) -> None:
    report, folder = bench.report, bench.folder / "start"
    report.title(f"Start of a bounded run over {EVENTS:,} events, 1 core")
    bare = [run(command("peak")).seconds for _ in range(3)]
    report.figure("Python alone", bare, "s")
    times = [first_result(folder) for _ in range(4 if bench.quick else 8)][1:]
    report.figure("to the first result", times, "s", Target(1.5, 0.7, below=True))


def first_result(folder: Path) -> float:
    """Seconds until a file of results is there."""
    shutil.rmtree(folder, ignore_errors=True)
    project.make(folder, file_of(EVENTS))
    begin = time.perf_counter()
    process = started(command("project", folder))
    assert process.stdout is not None
    while not any((folder / "results").glob("*.parquet")):
        if process.poll() not in {None, 0}:
            raise RuntimeError(f"ended with {process.returncode} and no result")
        time.sleep(0.002)
    seconds = time.perf_counter() - begin
    process.wait()
    process.stdout.close()
    return seconds
