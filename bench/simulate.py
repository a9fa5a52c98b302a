"""How fast the simulators make events: `python bench/simulate.py [--events N]`.

Each app is run on one core, three times, plain and with faults; the median counts. CPU seconds are the figure to
compare, since wall time says how busy the machine was as well.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ["POLARS_MAX_THREADS"] = "1"

from penstock.apps import events

CASES: tuple[tuple[str, float | None, float], ...] = (
    ("collab", None, 0.0),
    ("collab", None, 0.01),
    ("collab", 10_000, 0.0),
    ("web", None, 0.0),
    ("web", None, 0.01),
    ("web", 10_000, 0.0),
)
"""App, rate (None: the usual one), probability of each fault."""


def once(app: str, rate: float | None, fault: float, count: int) -> tuple[float, float, int]:
    """CPU seconds, wall seconds and bytes of JSON."""
    cpu, wall, size = time.process_time(), time.perf_counter(), 0
    for made in events(app, rate=rate, events=count, late=fault, duplicate=fault, malformed=fault):
        size += sum(int(frame["value"].bin.size().sum()) for frame in made.topics.values())
    return time.process_time() - cpu, time.perf_counter() - wall, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    count: int = parser.parse_args().events
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{'app':8}{'rate':>8}{'faults':>8}{'events/s of CPU':>18}{'events/s':>12}{'MB/s of CPU':>14}{'bytes':>8}")
    for app, rate, fault in CASES:
        runs = [once(app, rate, fault, count) for _ in range(3)]
        cpu, wall, size = (statistics.median(part) for part in zip(*runs, strict=True))
        print(
            f"{app:8}{rate or 'usual':>8}{fault:>8.0%}{count / cpu:>18,.0f}{count / wall:>12,.0f}"
            f"{size / cpu / 1e6:>14,.0f}{size / count:>8.0f}"
        )


if __name__ == "__main__":
    main()
