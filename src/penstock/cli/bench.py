"""`penstock bench`: what this machine does with a workload that anybody can run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Group
from penstock.cli.terminal import amount, lasted, note, size
from penstock.core.errors import ConfigError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["bench"]

_KEYS = 1_000
_SPAN_MS = 600_000
_BATCH = 500_000

_SQL = """\
CREATE TABLE events (
  event_id STRING, user_id STRING, device STRING, `value` BIGINT, event_time BIGINT,
  ts AS TO_TIMESTAMP_LTZ(event_time, 3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'events.jsonl', 'format' = 'json');
CREATE TABLE results (
  window_end TIMESTAMP(3), device STRING, events BIGINT, total BIGINT, users BIGINT
) WITH ('connector' = 'filesystem', 'path' = 'results', 'format' = 'parquet');
INSERT INTO results
SELECT window_end, device, COUNT(*), SUM(`value`), COUNT(DISTINCT user_id)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' SECOND))
GROUP BY window_start, window_end, device;
"""


@click.group(cls=Group)
def bench() -> None:
    """Measure Penstock on this machine."""


@bench.command(examples=("penstock bench windows", "penstock bench windows --events 10000000 --cores 2"))
@click.option("--events", type=click.IntRange(1), default=3_000_000, show_default=True, help="How many JSON events.")
@click.option("--cores", type=click.IntRange(1), default=1, show_default=True, help="How many cores it may use.")
def windows(events: int, cores: int) -> None:
    """Windows of 30 s per key: count, sum and distinct count of JSON events, from a file to Parquet.

    The events (about 150 bytes, 1,000 keys) are made first. Then `penstock run --bounded` runs over them as a process
    of its own, which is what is measured, its start included: wall time and peak memory.
    """
    there = _cores()
    if cores > len(there):
        raise ConfigError(f"this process may use {len(there)} of the cores, not {cores}", code="bench-cores")
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as name:
        folder = Path(name)
        (folder / "sql").mkdir()
        (folder / "sql" / "windows.sql").write_text(_SQL)
        (folder / "penstock.toml").write_text('[project]\nname = "bench"\n')
        began = time.monotonic()
        written = _make_events(folder / "events.jsonl", events)
        note(f"made {amount(events)} events, {size(written)}, in {lasted(time.monotonic() - began)}")
        seconds, memory = _measured(folder, there[:cores])
    click.echo(f"{events:,} events in {lasted(seconds)} on {cores} core{'s' if cores > 1 else ''}")
    click.echo(f"{amount(events / seconds)} events/s, {size(written)} read")
    click.echo(f"{size(memory)} of memory at most")


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _make_events(path: Path, count: int) -> int:
    """Write `count` events, in the order of their times up to 4 s; the bytes written."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(1)
    with path.open("wb") as stream:
        for first in range(0, count, _BATCH):
            n = min(_BATCH, count - first)
            at = (np.arange(first, first + n) * (_SPAN_MS / count)).astype(np.int64) - rng.integers(0, 4_000, n)
            user = pl.Series(rng.integers(0, 50_000, n)).cast(pl.String).str.zfill(6)
            frame = pl.DataFrame(
                {
                    "event_id": pl.Series(np.arange(first, first + n)).cast(pl.String).str.zfill(32),
                    "user_id": "user-" + user,
                    "device": "device-" + pl.Series(rng.integers(0, _KEYS, n)).cast(pl.String).str.zfill(4),
                    "value": rng.integers(0, 10_000, n),
                    "event_time": at + 1_735_689_600_000,
                }
            )
            frame.write_ndjson(stream)
    return path.stat().st_size


def _measured(folder: Path, cores: list[int]) -> tuple[float, int]:
    """Seconds and peak bytes of a bounded run in a process on `cores`."""
    import resource

    pin: Callable[[], None] | None = None
    if hasattr(os, "sched_setaffinity"):
        pin = lambda: os.sched_setaffinity(0, cores)  # noqa: E731
    started = time.monotonic()
    command = [sys.executable, "-m", "penstock", "run", str(folder), "--bounded"]
    threads = {"POLARS_MAX_THREADS": str(len(cores))}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=pin, env={**os.environ, **threads}
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise InternalError(f"the run failed: {done.stderr.strip()}", code="bench-run")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
