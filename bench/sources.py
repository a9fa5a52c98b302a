"""W out of the log: decoded from raw bytes, and from columns that were cached at append."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import polars as pl

import penstock
from bench import project
from bench.answers import check_ledger, check_results
from bench.child import Ran, command, in_turn, run
from bench.events import columns, file_of, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["TOPIC", "measure", "records"]

TOPIC = "'connector' = 'kafka', 'topic' = 'events', 'format' = 'json'"
_COLUMNS = ("meeting_id", "user_id", "message_length", "timestamp")
_APPEND = 5_000


def measure(bench: Bench) -> None:
    report, events = bench.report, 1_000_000 if bench.quick else 3_000_000
    report.title(f"W from the log, {events:,} events in 10 partitions, 1 core")
    wanted = bench.folder / "wanted.parquet"
    run(command("batch_query", file_of(events), wanted, 1))
    works = {kind: filled(bench.folder, kind, events) for kind in ("raw", "cached")}
    ran = in_turn(1 if bench.quick else 3, works)
    for kind, text in (("raw", "from raw bytes"), ("cached", "from cached columns")):
        check_results(bench.folder / kind / "results" / "*.parquet", wanted)
        check_ledger(bench.folder / kind, events)
        report.figure(text, [events / r.seconds for r in ran[kind]], "/s")


def filled(folder: Path, kind: str, events: int) -> Callable[[], Ran]:
    """Runs W over a log that another process has filled before."""
    full, copy = folder / f"{kind}-full", folder / kind
    project.make(full, TOPIC, topics="[topics.events]\npartitions = 10\n")
    run(command("sources", full, kind, events))

    def once() -> Ran:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(full, copy)
        return run(command("project", copy))

    return once


def main() -> None:
    """Append events to the project's log: as raw JSON with a key, or as columns that are written as JSON."""
    folder, kind, events = sys.argv[1:]
    with penstock.open(folder) as opened:
        for frame in columns(int(events)):
            rows = records(frame) if kind == "raw" else frame.select(_COLUMNS)
            for part in rows.iter_slices(_APPEND):
                opened.append("events", part)


def records(frame: pl.DataFrame) -> pl.DataFrame:
    """Events as keyed records."""
    return pl.DataFrame([frame["meeting_id"].cast(pl.Binary).alias("key"), lines(frame).cast(pl.Binary)])


if __name__ == "__main__":
    main()
