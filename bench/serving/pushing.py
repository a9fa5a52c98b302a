"""A project that is served while something happens in it: ``python -m bench.serving.pushing FOLDER WORK AMOUNT``.

It says the port, waits for a line, does the work, and says as JSON what it has to tell of it. The engine's threads have
one processor, those of the server the other.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import penstock
from bench.machine import cores, pin

if TYPE_CHECKING:
    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock

__all__ = ["COUNTED", "PASSED", "make"]

PASSED = """
CREATE TABLE ev (n BIGINT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'ev', 'format' = 'json');
CREATE TABLE passed (n BIGINT, name STRING, a DOUBLE, b DOUBLE)
WITH ('connector' = 'kafka', 'topic' = 'passed', 'format' = 'json');
INSERT INTO passed SELECT n, name, n * 1.5, n / 7.0 FROM ev;
"""
COUNTED = """
CREATE TABLE ev (k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'ev', 'format' = 'json');
CREATE TABLE counted (k STRING, n BIGINT, window_end TIMESTAMP(3))
WITH ('connector' = 'kafka', 'topic' = 'counted', 'format' = 'json');
INSERT INTO counted SELECT k, COUNT(*), window_end
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL %s)) GROUP BY k, window_start, window_end;
"""
KEYS = 100
EACH_SECOND = 1_000
_AT_ONCE = 10


def make(folder: Path, sql: str) -> Path:
    """A project of this SQL."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text('[project]\nname = "push"\n\n[engine]\nthreads = 1\n')
    (folder / "sql" / "push.sql").write_text(sql)
    return folder


def rows(first: int, count: int, per_second: float) -> pl.DataFrame:
    """Records of `ev` in COUNTED, so many a second of event time."""
    n = pl.col("n")
    at = pl.datetime(2026, 1, 1) + pl.duration(milliseconds=(n * 1000 / per_second).cast(pl.Int64))
    key, value, time_ = n % KEYS, n % 1000, at.dt.strftime("%Y-%m-%d %H:%M:%S%.3f")
    text = pl.concat_str(pl.lit('{"k":"k'), key, pl.lit('","v":'), value, pl.lit(',"ts":"'), time_, pl.lit('"}'))
    numbers = pl.DataFrame({"n": pl.int_range(first, first + count, eager=True)})
    return numbers.select(text.cast(pl.Binary).alias("value"))


def single(opened: Penstock, seconds: float, every: float) -> dict[str, Any]:
    """One event each `every` seconds; each commit's last place and time."""
    commits: list[tuple[int, int]] = []

    def heard(_: Pipeline, committed: bool) -> None:
        if committed:
            now = time.monotonic_ns()
            commits.append((opened.log.end_seq(), now))

    quiet = opened.pulse.listen(heard)
    begin = time.monotonic()
    for number in range(round(seconds / every)):
        time.sleep(max(0.0, begin + number * every - time.monotonic()))
        opened.append("ev", [{"n": number, "name": f"name {number}"}])
    # until the commit that shows the last one has been told; asked from outside, so that its moment is not moved
    while sum(opened.log.ends("passed").values()) <= number or not commits or commits[-1][0] < opened.log.end_seq():
        time.sleep(0.01)
    quiet()
    return {"commits": commits, "events": number + 1}


def steady(opened: Penstock, seconds: float) -> dict[str, Any]:
    """EACH_SECOND events a second, ten at once; how many there were after each append, and when."""
    appended: list[tuple[int, int]] = []
    begin = time.monotonic()
    for number in range(round(seconds * EACH_SECOND / _AT_ONCE)):
        time.sleep(max(0.0, begin + number * _AT_ONCE / EACH_SECOND - time.monotonic()))
        opened.append("ev", rows(number * _AT_ONCE, _AT_ONCE, EACH_SECOND))
        appended.append(((number + 1) * _AT_ONCE, time.monotonic_ns()))
    time.sleep(1)  # the time the last ones have to arrive: whoever reads the figures refuses those of a client behind
    return {"appended": appended}


def backlog(opened: Penstock) -> dict[str, Any]:
    """All that is there, from the start of the pipelines to the last commit."""
    begin, cpu = time.monotonic(), time.process_time()
    run = opened.start(bounded=True)
    while not run.wait(0.05):
        continue
    taken = {"seconds": time.monotonic() - begin, "cpu": time.process_time() - cpu}
    opened.stop()
    return taken


def main() -> None:
    from penstock.server.serve import Serving

    folder, work, amount = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    processors = cores()
    pin(processors[:1])
    with penstock.open(folder) as opened:
        if work == "backlog":
            step = 250_000
            for first in range(0, int(amount), step):
                opened.append("ev", rows(first, step, 10_000))
        pin(processors[1:2] or processors)
        with Serving(opened, port=0) as serving:
            serving.wait()
            pin(processors[:1])
            if work != "backlog":
                opened.start()
            print(serving.port, flush=True)
            sys.stdin.readline()
            cpu = time.process_time()
            if work == "single":
                told = single(opened, amount, float(sys.argv[4]))
            elif work == "steady":
                told = steady(opened, amount)
            else:
                told = backlog(opened)
            print(json.dumps({"process_cpu": time.process_time() - cpu, "threads": threading.active_count(), **told}))
            sys.stdin.readline()


if __name__ == "__main__":
    main()
