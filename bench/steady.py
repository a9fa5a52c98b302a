"""W over ten times the events: the rate, the memory, and what is written for state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.answers import check_ledger
from bench.events import file_of
from bench.table import Target
from bench.windows import pipeline

if TYPE_CHECKING:
    from bench.__main__ import Bench

__all__ = ["measure"]


def measure(bench: Bench) -> None:
    report = bench.report
    few, many = (1_000_000, 5_000_000) if bench.quick else (3_000_000, 30_000_000)
    report.title(f"W over {many:,} events, 1 core")
    short = pipeline(bench.folder / "few", file_of(few))()
    long = pipeline(bench.folder / "many", file_of(many))()
    check_ledger(bench.folder / "many", many)
    results = sum(f.stat().st_size for f in (bench.folder / "many" / "results").glob("*.parquet"))
    report.figure("whole process", many / long.seconds, "/s")
    more = (many - few) / (long.cpu - short.cpu)
    report.figure(f"between {few:,} and {many:,} events, a second of CPU", more, "/s")
    report.figure(f"largest memory, {few:,} events", short.memory / 1e6, "MB")
    report.figure(f"largest memory, {many:,} events", long.memory / 1e6, "MB")
    report.figure("the one against the other", long.memory / short.memory, "x", Target(1.2, 1.0, below=True))
    report.figure("written to the log for state and ledger, an event", (long.written - results) / many, "bytes")
    report.figure("written as results, an event", results / many, "bytes")
