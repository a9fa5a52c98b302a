"""Into the log and out of it: simulated events by `penstock simulate`, and result rows into Parquet by `penstock run`.

Whole processes on one core, their start included; what they wrote is counted and added up by somebody else.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import duckdb

from bench.child import Ran, in_turn, run
from bench.events import file_of
from bench.table import Target
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

_PENSTOCK = (sys.executable, "-m", "penstock")

_ROWS = """\
CREATE TABLE events (event_id STRING, meeting_id STRING, user_id STRING, message_length DOUBLE, `timestamp` BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'file://{source}', 'format' = 'json');
CREATE TABLE results (event_id STRING, meeting_id STRING, user_id STRING, message_length DOUBLE, `timestamp` BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'parquet');
INSERT INTO results SELECT event_id, meeting_id, user_id, message_length, `timestamp` FROM events;
"""


def measure(bench: Bench) -> None:
    report, events = bench.report, 200_000 if bench.quick else 1_000_000
    report.title(f"Into the log and into Parquet, {events:,} events, 1 core")
    times = 1 if bench.quick else 3
    works = {
        "simulate into the log": (simulated(bench.folder / "collab", events), Target(1e5, 5e5)),
        "result rows into Parquet": (written(bench.folder / "rows", events), Target(1e4, 2e5)),
    }
    empty = [run([*_PENSTOCK, "simulate", "collab", "--events", "0", "--out", "/dev/null"]).cpu for _ in range(times)]
    ran = in_turn(times, {name: work for name, (work, _) in works.items()})
    for name, (_, target) in works.items():
        report.figure(f"{name}, whole process", [events / r.seconds for r in ran[name]], "/s", target)
        report.figure(f"{name}, a second of CPU", [events / r.cpu for r in ran[name]], "/s")
    report.figure("CPU of the start, with nothing to simulate", empty, "s")


def simulated(folder: Path, events: int) -> Callable[[], Ran]:
    """Fills the topics of a new project `collab`; the log must hold each event once."""

    def once() -> Ran:
        shutil.rmtree(folder, ignore_errors=True)
        run([*_PENSTOCK, "init", str(folder), "--app", "collab"])
        ran = run([*_PENSTOCK, "simulate", "collab", "--events", str(events), "--into", str(folder)])
        with Log.open(folder / ".penstock" / "log.db") as log:
            held = sum(topic.records for topic in log.held())
        if held != events:
            raise AssertionError(f"{events} events were simulated, the log holds {held}")
        return ran

    return once


def written(folder: Path, events: int) -> Callable[[], Ran]:
    """Copies events into Parquet; every row must be there once."""
    source = file_of(events)

    def once() -> Ran:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "sql").mkdir(parents=True)
        (folder / "penstock.toml").write_text(f"[files]\nroots = ['{source.parent}']\n", "utf-8")
        (folder / "sql" / "rows.sql").write_text(_ROWS.format(source=source), "utf-8")
        ran = run([*_PENSTOCK, "run", str(folder), "--bounded"])
        sums = "count(*), count(DISTINCT event_id), sum(CAST(round(message_length * 100) AS BIGINT)), sum(timestamp)"
        found = duckdb.sql(f"SELECT {sums} FROM read_parquet('{folder}/results/*.parquet')").fetchall()
        wanted = duckdb.sql(f"SELECT {sums} FROM read_json('{source}', format = 'newline_delimited')").fetchall()
        if found != wanted:
            raise AssertionError(f"Parquet has {found}, the events are {wanted}")
        return ran

    return once
