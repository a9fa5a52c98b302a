"""The embedded log by itself: appends, reads, checkpoints, growth.

The disk's own speed is printed first, since a durable append can be no faster than one sync of it.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from bench.table import Target
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from bench.__main__ import Bench
    from bench.table import Report

__all__ = ["measure"]

PARTITIONS = 10
REPEATS = 5


def events(count: int) -> pl.DataFrame:
    """Keyed JSON events of about 157 bytes, 1,000 keys."""
    noise = random.Random(1)
    keys = [f"meeting-{noise.randrange(1000):04d}" for _ in range(count)]
    values = [
        f'{{"meeting_id":"{key}","participant":"user-{noise.randrange(50_000)}","event":"'
        f'{noise.choice(["join", "leave", "mute", "chat"])}","ts":{1_700_000_000_000 + 3 * n},"latency_ms":'
        f'{noise.random() * 500:.3f},"region":"eu-{noise.randrange(9)}","x":"{noise.randrange(10**12):012d}"}}'
        for n, key in enumerate(keys)
    ]
    return pl.DataFrame(
        [pl.Series("key", [k.encode() for k in keys]), pl.Series("value", [v.encode() for v in values])]
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def rate(count: int, work: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """How many of `count` things `work` does a second, each time."""
    return [count / seconds(work) for _ in range(repeats)]


def disk(report: Report, folder: Path) -> None:
    path = folder / "disk"
    with path.open("wb") as file:
        file.write(bytes(8 << 20))
        os.fsync(file.fileno())
        for size in (4 << 10, 128 << 10):
            times = []
            for n in range(100):
                file.seek(n * size % (4 << 20))
                file.write(os.urandom(size))
                file.flush()
                times.append(seconds(lambda: os.fsync(file.fileno())))
            report.figure(f"the disk: one sync of {size >> 10} kB", 1000 * statistics.median(times), "ms")
    path.unlink()


def slices(frame: pl.DataFrame, rows: int, count: int) -> list[pl.DataFrame]:
    return [frame.slice(n * rows % (frame.height - rows + 1), rows) for n in range(count)]


def appends(report: Report, folder: Path, frame: pl.DataFrame, quick: bool) -> None:
    with Log.open(folder / "append.db") as log:
        for topic in ("large", "small", "single"):
            log.create_topic(topic, PARTITIONS)
        for topic, rows, count, target in (
            ("large", 5_000, 40 if quick else 200, Target(1e6, 3e6)),
            ("small", 50, 200 if quick else 2_000, Target(50e3, 200e3)),
        ):
            batches = slices(frame, rows, count)

            def one_by_one(topic: str = topic, batches: list[pl.DataFrame] = batches) -> None:
                for batch in batches:
                    log.append(topic, batch)

            def sent(topic: str = topic, batches: list[pl.DataFrame] = batches) -> None:
                with log.producer() as producer:
                    for batch in batches:
                        producer.send(topic, batch)

            one_by_one()  # the first writes also make the WAL grow
            report.figure(f"append, {rows:,} rows each, one by one", rate(rows * count, one_by_one), "/s")
            report.figure(f"append, {rows:,} rows each, sent by a producer", rate(rows * count, sent), "/s", target)
            stored, raw = size_of(log, topic)
            report.figure(f"stored per row of {raw:.0f} bytes, appended {rows:,} at a time", stored, "bytes")
        single(report, log, slices(frame, 1, 4_000), 100 if quick else 500)


def single(report: Report, log: Log, rows: list[pl.DataFrame], each: int) -> None:
    def write(who: int) -> None:
        for n in range(each):
            log.append("single", rows[(who * each + n) % len(rows)])

    def eight() -> None:
        threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    report.figure("append, single events of 8 threads", rate(8 * each, eight), "/s", Target(5e3, 20e3))

    def one() -> None:
        with log.producer() as producer:
            for n in range(8 * each):
                producer.send("single", rows[n % len(rows)])

    report.figure("append, single events sent by a producer", rate(8 * each, one), "/s")


def size_of(log: Log, topic: str) -> tuple[float, float]:
    entries = [batch.entry for batch in log.poll([topic], 0, rows=10**9, bytes=10**12).batches]
    rows = sum(entry.rows for entry in entries)
    return sum(entry.stored for entry in entries) / rows, sum(entry.bytes for entry in entries) / rows


def polls(log: Log, topic: str) -> Iterator[int]:
    """Read a topic as an engine does: places and values, some 20,000 rows at a time."""
    after = 0
    while True:
        poll = log.poll([topic], after, rows=20_000)
        if not poll.batches:
            return
        yield poll.frame(topic, "seq", "value").height
        after = poll.through


def reads(report: Report, folder: Path, frame: pl.DataFrame, quick: bool) -> None:
    rows = 20_000 if quick else 100_000
    with Log.open(folder / "read.db", durability="relaxed") as log:
        for topic in ("batches", "singles"):
            log.create_topic(topic, PARTITIONS)
        few = [frame.slice(n % 50_000, 1) for n in range(rows)]
        for batch in slices(frame, 5_000, rows // 5_000):
            log.append("batches", batch)
        for row in few:
            log.append("singles", row)
        before = rate(rows, lambda: sum(polls(log, "singles")), 1)
        took = seconds(lambda: log.upkeep.merge(log.topic("singles")))
        report.figure("merging a topic of single events", rows / took, "/s")
        report.figure("reading single events before merging", before, "/s")
        ratios = []
        batched, merged = [], []
        for _ in range(REPEATS * 2):
            batched.append(rows / seconds(lambda: sum(polls(log, "batches"))))
            merged.append(rows / seconds(lambda: sum(polls(log, "singles"))))
            ratios.append(merged[-1] / batched[-1])
        report.figure("reading a topic written in batches of 5,000", batched, "/s")
        report.figure("reading a topic written one by one, merged", merged, "/s")
        report.figure("ratio of the two", ratios, "x", Target(0.5, 0.9))
        report.figure("stored per row, written one by one, merged", size_of(log, "singles")[0], "bytes")


def another_process(pipe: Connection, path: str) -> None:
    """Append single events until told to stop, and send how long each took."""
    frame = events(1_000)
    with Log.open(Path(path)) as log:
        pipe.send("ready")
        times: list[float] = []
        while not pipe.poll():
            event = frame.slice(len(times) % 1000, 1)
            start = time.perf_counter()
            log.append("t", event)
            times.append(time.perf_counter() - start)
        pipe.send(times)


def checkpoints(report: Report, folder: Path, quick: bool) -> None:
    """State of a million keys: the base rewritten once, then 1 % of it at each checkpoint."""
    noise = random.Random(2)
    keys = 100_000 if quick else 1_000_000
    parts = {f"base-{n}": noise.randbytes(keys * 60 // 100) for n in range(100)}
    path = folder / "state.db"
    with Log.open(path) as log:
        log.create_topic("t", PARTITIONS)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=another_process, args=(theirs, str(path)))
        child.start()
        ours.recv()
        log.state.stage("p", 1, parts)
        with log.transaction() as tx:
            tx.put_checkpoint("p", 1, b"manifest", None, set(parts))
        live, written, took = set(parts), 0, []
        for epoch in range(2, 12 if quick else 32):
            delta = {f"delta-{epoch}": noise.randbytes(keys * 60 // 100)}
            start = time.perf_counter()
            log.state.stage("p", epoch, delta)
            live |= set(delta)
            with log.transaction() as tx:
                tx.put_checkpoint("p", epoch, b"manifest", None, live)
            took.append(time.perf_counter() - start)
            written += sum(map(len, delta.values()))
            log.maintain(0.01)
        log.state.stage("p", 99, parts)  # what a rewritten base costs the others
        ours.send("stop")
        times = sorted(1000 * t for t in ours.recv())
        child.join()
        report.figure(f"checkpoint of 1 % of {keys:,} keys", 1000 * statistics.median(took), "ms")
        report.figure(
            "of the whole state, written by each",
            100 * written / len(took) / (keys * 60),
            "%",
            Target(5, 1, below=True),
        )
        report.figure("another process' appends meanwhile, median", times[len(times) // 2], "ms")
        report.figure(
            "another process' appends meanwhile, p99", times[int(len(times) * 0.99)], "ms", Target(50, 10, below=True)
        )
        report.figure("another process' appends meanwhile, longest", times[-1], "ms")


def growth(report: Report, folder: Path, frame: pl.DataFrame, quick: bool) -> None:
    """Work per event in a log that already holds 50 times more."""
    with Log.open(folder / "growth.db") as log:
        log.create_topic("t", PARTITIONS)
        batches = slices(frame, 1_000, 40)

        def some() -> None:
            start = log.end_seq()
            for batch in batches:
                log.append("t", batch)
            while True:
                poll = log.poll(["t"], start, rows=20_000)
                if not poll.batches:
                    break
                poll.frame("t", "seq", "value")
                start = poll.through

        for _ in range(10):
            some()
        small = statistics.median(cpu(some) for _ in range(REPEATS))
        for _ in range(50 if quick else 250):
            some()
        large = statistics.median(cpu(some) for _ in range(REPEATS))
        report.figure(
            "append and read in a log 50 times larger, against a small one",
            large / small,
            "x",
            Target(1.1, 1.0, below=True),
        )


def measure(bench: Bench) -> None:
    frame = events(100_000)
    bench.report.title("The log by itself, 10 partitions, full durability")
    disk(bench.report, bench.folder)
    appends(bench.report, bench.folder, frame, bench.quick)
    bench.report.title("Reading the log")
    reads(bench.report, bench.folder, frame, bench.quick)
    bench.report.title("Checkpoints of a large state")
    checkpoints(bench.report, bench.folder, bench.quick)
    bench.report.title("A log that grows")
    growth(bench.report, bench.folder, frame, bench.quick)
