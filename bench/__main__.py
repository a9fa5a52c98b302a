"""All benchmarks, or those that are named: ``python -m bench [--quick] [--flink] [CLAIM...]``."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import described
from bench.table import Report

__all__ = ["CLAIMS", "Bench", "main"]

CLAIMS = (
    "windows",
    "sources",
    "steady",
    "visible",
    "startup",
    "growth",
    "keyed",
    "over",
    "collab",
    "log",
    "formats",
    "control.alerts",
    "control.browse",
    "control.graph",
    "control.pause",
    "serving.ingest",
    "serving.page",
    "serving.push",
    "serving.query",
    "serving.sinks",
    "files",
    "load",
    "load_postgres",
    "jobs",
)
"""Modules of this folder, each with `measure(bench)`, in the order in which they run; a folder's name is all in it."""
OPTIONAL = ("flink",)


@dataclass(slots=True)
class Bench:
    """What a claim gets: whether to hurry, where to write, where to print."""

    quick: bool
    folder: Path
    report: Report = field(default_factory=Report)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"of {', '.join((*CLAIMS, *OPTIONAL))}")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs, in a minute and a half")
    parser.add_argument("--flink", action="store_true", help="W on a real Flink too")
    parser.add_argument("--folder", type=Path, help="where to write what is removed again (default: temporary)")
    arguments = parser.parse_args()
    chosen = [] if arguments.claims else list(CLAIMS)
    for named in arguments.claims:
        found = [claim for claim in (*CLAIMS, *OPTIONAL) if claim == named or claim.startswith(f"{named}.")]
        if not found:
            parser.error(f"there is no claim '{named}'; there are {', '.join((*CLAIMS, *OPTIONAL))}")
        chosen += found
    if arguments.flink and "flink" not in chosen:
        chosen.append("flink")
    print(described())
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    bench = Bench(arguments.quick, Path())
    for claim in chosen:
        bench.folder = Path(tempfile.mkdtemp(prefix="penstock-bench-", dir=arguments.folder))
        try:
            importlib.import_module(f"bench.{claim}").measure(bench)
        finally:
            shutil.rmtree(bench.folder)
    print(
        f"\n{time.perf_counter() - begin:.0f} s; "
        + (f"{len(bench.report.missed)} missed:" if bench.report.missed else "nothing missed")
    )
    for missed in bench.report.missed:
        print(f"  {missed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
