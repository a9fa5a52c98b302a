"""`penstock run --bounded` on the project `web`: from the start of the process to the first result of 10,000 lines."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

from bench.child import Ran, command, finished, run, started
from bench.table import Target
from penstock.log import Log

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

_PENSTOCK = (sys.executable, "-m", "penstock")


def measure(bench: Bench) -> None:
    report, folder = bench.report, bench.folder / "web"
    report.title("penstock run on the bounded project `web`, 10,000 lines, 1 core")
    report.figure("Python alone, start to end", [run(command("peak")).seconds for _ in range(3)], "s")
    times = [first_result(folder) for _ in range(3 if bench.quick else 6)][1:]
    report.figure(
        "to the first result, seen by another process", [t[0] for t in times], "s", Target(1.5, 0.7, below=True)
    )
    report.figure("to its end", [t[1].seconds for t in times], "s")
    report.figure("CPU of the process", [t[1].cpu for t in times], "s")


def first_result(folder: Path) -> tuple[float, Ran]:
    """Seconds until a result is committed, and what the process took."""
    shutil.rmtree(folder, ignore_errors=True)
    run([*_PENSTOCK, "init", str(folder), "--app", "web"])
    path = folder / ".penstock" / "log.db"
    begin = time.perf_counter()
    process = started([*_PENSTOCK, "run", str(folder), "--bounded"])
    while not path.exists():
        _wait(process.poll())
    with Log.open(path) as log:
        while not log.end_seq():
            _wait(process.poll())
        first = time.perf_counter() - begin
    return first, finished(process, begin)


def _wait(ended: int | None) -> None:
    if ended is not None:
        raise RuntimeError(f"penstock run ended with {ended} and no result")
    time.sleep(0.002)
