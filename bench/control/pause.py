"""A pipeline with a million keys, 100,000 events a second coming in: paused, resumed, and nothing lost."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

import penstock
from bench.serving.served import Connection, serving
from bench.table import Target

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

KEYS = 1_000_000
RATE = 100_000
SQL = """
CREATE TABLE events (id BIGINT, amount INT) WITH ('connector' = 'kafka', 'topic' = 'events', 'format' = 'json');
CREATE TABLE counts (id BIGINT, n BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO counts SELECT id, COUNT(*) FROM events GROUP BY id;
"""
_PATH = "/api/pipelines/counts"


def measure(bench: Bench) -> None:
    runs = 3 if bench.quick else 15
    folder = bench.folder / "pause"
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text("")
    (folder / "sql" / "counts.sql").write_text(SQL)
    with penstock.open(folder) as project:
        project.append("events", events(np.arange(KEYS)))
    bench.report.title(f"A pipeline of {KEYS:,} keys, {RATE:,} events/s, the server on one core")
    with serving(folder) as server:
        source = Source(folder)
        pauses, resumes = asyncio.run(_measured(server, source, runs))
    target = Target(1, 0.2, below=True)
    bench.report.figure("told to pause until it stands, committed", pauses, "s", target)
    bench.report.figure("told to resume until rows flow", resumes, "s", target)
    bench.report.figure("events that came in, all counted once", float(source.count), "")


class Source:
    """Appends RATE events a second from a thread of its own, of any key."""

    def __init__(self, folder: Path) -> None:
        self.count = KEYS
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        generator = np.random.default_rng(1)
        part = RATE // 20
        with penstock.open(self._folder) as project:
            due = time.perf_counter()
            while not self._stop.is_set():
                project.append("events", events(generator.integers(0, KEYS, part)))
                self.count += part
                due += 0.05
                self._stop.wait(max(0.0, due - time.perf_counter()))


async def _measured(server: Any, source: Source, runs: int) -> tuple[list[float], list[float]]:
    connection = await Connection.to(server)

    async def ask(method: bytes, path: str, body: bytes = b"{}") -> Any:
        status, answer = await connection.ask(method, path, body)
        assert status < 400, answer
        return orjson.loads(answer)

    async def caught_up() -> None:
        while (await ask(b"GET", _PATH))["lag"] > RATE // 2:
            await asyncio.sleep(0.05)

    await caught_up()
    source.start()
    pauses, resumes = [], []
    for _ in range(runs):
        await asyncio.sleep(0.7)
        began = time.perf_counter()
        paused = await ask(b"POST", f"{_PATH}/pause")
        pauses.append(time.perf_counter() - began)
        assert paused["state"] == "paused", paused
        await asyncio.sleep(0.3)
        began = time.perf_counter()
        rows = (await ask(b"POST", f"{_PATH}/resume"))["rows"]
        while rows == paused["rows"]:
            rows = (await ask(b"GET", _PATH))["rows"]
        resumes.append(time.perf_counter() - began)
        await caught_up()
    source.stop()
    while (await ask(b"GET", _PATH))["lag"] > 0:
        await asyncio.sleep(0.05)
    await ask(b"POST", f"{_PATH}/pause")
    answer = await ask(b"POST", "/api/query", orjson.dumps({"sql": "SELECT sum(n) AS n FROM counts", "seconds": 60}))
    assert int(answer["rows"][0][0]) == source.count, answer
    connection.close()
    return pauses, resumes


def events(ids: Any) -> pl.DataFrame:
    """Records of the topic, as `Penstock.append` takes them."""
    text = pl.concat_str(pl.lit('{"id": '), pl.Series("id", ids), pl.lit(', "amount": 1}'))
    return pl.select(text.cast(pl.Binary).alias("value"))
