"""The project `collab` whole, all its windows and sinks, over simulated events in its log.

`python -m bench.collab DIR` is the process that is measured.
The events have late, repeated and malformed ones among them, as many as its tests have. Every row of every result is
compared with what DuckDB makes of the raw events.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peak
from bench.child import command, run
from bench.table import Target
from penstock.core.process import settle

if TYPE_CHECKING:
    from bench.__main__ import Bench
    from bench.child import Ran

__all__ = ["measure"]

_SPENT = "spent"


def measure(bench: Bench) -> None:
    from tests.projects.meetings import Reference, fed

    report, events, rate = bench.report, 150_000 if bench.quick else 600_000, 800
    report.title(f"collab whole, {events:,} simulated events from the log, 1 core")
    records = fed(bench.folder / "fed", events, rate)
    wanted = Reference(records)
    ran = [_once(bench.folder, wanted) for _ in range(1 if bench.quick else 3)]
    wall, cpu = zip(*((float(a), float(b)) for a, b in (_said(r) for r in ran)), strict=True)
    report.figure("a second of CPU, without the start", [events / c for c in cpu], "events/s", Target(150e3, 400e3))
    report.figure("a second, without the start", [events / w for w in wall], "events/s")
    report.figure("a second, whole process", [events / r.seconds for r in ran], "events/s")
    report.figure("largest memory", max(r.memory for r in ran) / 1e6, "MB")
    report.note("all rows of all results are the same as DuckDB's")


def _once(folder: Path, wanted: object) -> Ran:
    """Runs it over a copy of the log, and compares the results."""
    from tests.projects.meetings import TABLES, Reference, assert_same, opened, result_rows

    assert isinstance(wanted, Reference)
    copy = folder / "run"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "fed", copy)
    ran = run(command("collab", copy))
    with opened(copy) as project:
        for table in TABLES:
            rows = wanted.rows(table)
            assert_same(result_rows(project, table, rows.columns), rows)
    return ran


def _said(ran: Ran) -> list[str]:
    """The wall and CPU seconds that the process gave of its run."""
    return next(line for line in ran.output.splitlines() if line.startswith(_SPENT)).split()[1:]


def main() -> None:
    settle()
    from tests.projects.meetings import opened

    with opened(Path(sys.argv[1])) as project:
        wall, cpu = time.perf_counter(), time.process_time()
        project.run(bounded=True)
        print(_SPENT, time.perf_counter() - wall, time.process_time() - cpu)
    peak.say()


if __name__ == "__main__":
    main()
