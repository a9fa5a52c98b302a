"""Events over HTTP, durable before they are acknowledged, while W runs on what comes in.

The server has one core, the client another. Each acknowledged event must be in the log once, at the place that its
answer gave, with the bytes that were sent.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from bench import project
from bench.events import columns, lines
from bench.serving.served import Connection, serving
from bench.sources import TOPIC
from bench.table import Target
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.__main__ import Bench
    from bench.serving.served import Server

__all__ = ["measure"]

RATE = 1_000
BATCH = 500
PATH = "/api/topics/events/records"

Place = tuple[int, int]
"""Partition and offset."""


def measure(bench: Bench) -> None:
    report = bench.report
    seconds, batches = (5, 100) if bench.quick else (30, 600)
    events = [line.encode() for frame in columns(max(seconds * RATE, batches * BATCH)) for line in lines(frame)]
    folder = bench.folder / "ingest"
    project.make(folder, TOPIC, topics="[topics.events]\npartitions = 10\n")
    report.title("Events over HTTP into a project that runs W, server and client a core each")
    with serving(folder) as server:
        placed, delays = asyncio.run(singly(server, events[: seconds * RATE]))
        report.figure(f"one event, {RATE:,}/s, acknowledged: median", 1000 * float(np.median(delays)), "ms")
        p95 = 1000 * float(np.percentile(delays, 95))
        report.figure("95 of 100 within", p95, "ms", Target(10, 4, below=True))
        for form in ("JSON", "NDJSON"):
            rates = []
            for _ in range(1 if bench.quick else 3):
                more, took = asyncio.run(by_batch(server, events[: batches * BATCH], ndjson=form == "NDJSON"))
                placed += more
                rates.append(batches * BATCH / took)
            report.figure(f"batches of {BATCH} as {form}, one client", rates, "/s", Target(50e3, 200e3))
    check(folder, placed)


async def singly(server: Server, events: Sequence[bytes]) -> tuple[list[tuple[Place, bytes]], list[float]]:
    """Send each event when it is due, whether or not those before are answered; where each is, and how long it took.

    Time counts from when an event was due: a server that falls behind is not spared.
    """
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await Connection.to(server))
    placed: list[tuple[Place, bytes]] = []
    delays: list[float] = []

    async def send(event: bytes, due: float) -> None:
        connection = await free.get()
        status, body = await connection.ask(b"POST", PATH, event)
        delays.append(time.perf_counter() - due)
        free.put_nowait(connection)
        placed.append((_places(status, body)[0], event))

    begin = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as group:
        for number, event in enumerate(events):
            due = begin + number / RATE
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(send(event, due))
    while not free.empty():
        free.get_nowait().close()
    return placed, delays


async def by_batch(server: Server, events: Sequence[bytes], *, ndjson: bool) -> tuple[list[tuple[Place, bytes]], float]:
    """Send the events batch by batch, one after the other; where each is, and the seconds it took."""
    connection = await Connection.to(server)
    answers = []
    begin = time.perf_counter()
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        body = b"\n".join(part) if ndjson else b"[" + b",".join(part) + b"]"
        kind = b"application/x-ndjson" if ndjson else b"application/json"
        answers.append(await connection.ask(b"POST", PATH, body, kind))
    took = time.perf_counter() - begin
    connection.close()
    return list(zip((place for answer in answers for place in _places(*answer)), events, strict=True)), took


def _places(status: int, body: bytes) -> list[Place]:
    if status != 200:
        raise AssertionError(f"the answer is {status}: {body[:500]!r}")
    return [(one["partition"], one["offset"]) for one in orjson.loads(body)["events"]]


def check(folder: Path, placed: Sequence[tuple[Place, bytes]]) -> None:
    """Every acknowledged event is where its answer said, and there is no other. Raises AssertionError."""
    with Log.open(folder / ".penstock" / "log.db") as log:
        stored = pl.concat(list(log.read("events", columns=("partition", "offset", "value"))))
    found = dict(zip(zip(stored["partition"], stored["offset"], strict=True), stored["value"], strict=True))
    wanted = dict(placed)
    if len(wanted) != len(placed) or found != wanted:
        raise AssertionError(f"{len(placed)} events were acknowledged, the log has {len(found)}, not the same ones")
