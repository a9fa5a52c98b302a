"""What a run costs for each new event, when the log holds 50 times more than before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import penstock
from bench import project
from bench.events import columns
from bench.machine import cores, pin
from bench.sources import TOPIC, records
from bench.table import Target, median

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from bench.__main__ import Bench

__all__ = ["measure"]

_RESULTS = "'connector' = 'kafka', 'topic' = 'results', 'format' = 'json'"
_TIMES = 50


def measure(bench: Bench) -> None:
    report, rounds, new = bench.report, 5, 5_000 if bench.quick else 20_000
    report.title(f"Work per event in a log that grows: {new:,} new events appended and run, 1 core")
    before = cores()
    pin(before[:1])
    try:
        with penstock.open(project.make(bench.folder / "w", TOPIC, sink=_RESULTS)) as opened:
            batches = appended(new)
            spent(opened, next(batches))
            small = [spent(opened, next(batches)) for _ in range(rounds)]
            held = (rounds + 1) * _TIMES
            for _ in range(held - rounds - 1):
                opened.append("events", next(batches))
            opened.run(bounded=True)
            large = [spent(opened, next(batches)) for _ in range(rounds)]
    finally:
        pin(before)
    report.figure(f"a log of {(rounds + 1) * new:,} events", [1e6 * s / new for s in small], "µs CPU")
    report.figure(f"a log of {held * new:,} events", [1e6 * s / new for s in large], "µs CPU")
    report.figure("the one against the other", median(large) / median(small), "x", Target(1.1, 1.0, below=True))


def appended(rows: int) -> Iterator[pl.DataFrame]:
    """Records of new events, so many at a time, later ones each time."""
    first = 0
    while True:
        for frame in columns(500_000, first):
            yield from records(frame).iter_slices(rows)
        first += 500_000


def spent(opened: penstock.Penstock, batch: pl.DataFrame) -> float:
    """CPU seconds of appending a batch and running the pipelines over it."""
    begin = time.process_time()
    opened.append("events", batch)
    opened.run(bounded=True)
    return time.process_time() - begin
