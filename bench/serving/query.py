"""Questions over HTTP: 90 days of results in Parquet, the last hour of them, and a hundred questions at once.

Each answer is compared with what DuckDB says itself of the same files. While the hundred are asked, the engine works
through a backlog of events; then it has the server's cores, which are all.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import orjson

from bench import project
from bench.events import columns
from bench.machine import cores
from bench.serving import past
from bench.serving.served import Connection, serving
from bench.sources import TOPIC, records
from bench.table import Target
from penstock.apps import collab
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.__main__ import Bench
    from bench.serving.served import Server

__all__ = ["measure"]

HOUR = (
    "SELECT meeting_id, avg(avg_latency_ms) AS latency, sum(message_count)::BIGINT AS messages FROM FILES WHERE"
    ' window_size_seconds = 30 AND "timestamp" > $since GROUP BY meeting_id ORDER BY meeting_id'
)
ALL = (
    "SELECT date, meeting_health, count(*) AS windows, avg(avg_latency_ms) AS latency, sum(message_count)::BIGINT"
    " AS messages FROM FILES WHERE window_size_seconds = 30 GROUP BY ALL ORDER BY date, meeting_health"
)
FILES = "FILES"
"""Where a question names the table."""
AT_ONCE = 100
HOUR_MS = 3_600_000


def measure(bench: Bench) -> None:
    report, quick = bench.report, bench.quick
    folder, events = bench.folder / "query", 4_000_000 if quick else 12_000_000
    project.make(folder, TOPIC, topics="[topics.events]\npartitions = 10\n")
    _with_metrics(folder)
    report.title(f"Questions over HTTP, {past.DAYS * past.ROWS:,} rows of {past.DAYS} days in Parquet")
    with serving(folder) as server:
        first, *more = asyncio.run(_in_turn(server, [(HOUR, n) for n in range(11 if quick else 41)]))
        report.figure("the last hour, asked first: footers are read", 1000 * first, "ms")
        report.figure("the last hour: 95 of 100 within", 1000 * _p95(more), "ms", Target(1_000, 100, below=True))
        more = asyncio.run(_in_turn(server, [(ALL, 0)] * (3 if quick else 10)))
        report.figure(f"{past.DAYS} days: 95 of 100 within", 1000 * _p95(more), "ms", Target(10_000, 500, below=True))
    _fill(folder, events)
    with serving(folder, len(cores())) as server:
        delays, alone, beside = asyncio.run(_at_once(server))
    report.figure(
        f"{AT_ONCE} at once, engine busy: 95 within", 1000 * _p95(delays), "ms", Target(2_000, 500, below=True)
    )
    report.figure("the engine's rate before", alone, "/s")
    report.figure("the engine's rate meanwhile, against that", beside / alone, "x", Target(0.8, 0.95))


def _p95(seconds: Sequence[float]) -> float:
    return float(np.percentile(seconds, 95))


async def _in_turn(server: Server, asked: Sequence[tuple[str, int]]) -> list[float]:
    """Ask one question after the other; how long each took. Raises AssertionError for a wrong answer."""
    connection = await Connection.to(server)
    await _ask(connection, "SELECT 1 AS one", 0)  # DuckDB is loaded
    seconds = []
    for sql, before in asked:
        took, answer = await _ask(connection, sql.replace(FILES, "metrics"), before)
        seconds.append(took)
        _check(answer, sql, before)
    connection.close()
    return seconds


async def _at_once(server: Server) -> tuple[list[float], float, float]:
    """How long each of a hundred questions took, and the engine's rows a second before and meanwhile."""
    connections = [await Connection.to(server) for _ in range(AT_ONCE)]
    await _ask(connections[0], HOUR.replace(FILES, "metrics"), 0)
    begin = await _through(server)
    await asyncio.sleep(3)
    before = await _through(server)
    answers = await asyncio.gather(
        *(_ask(one, HOUR.replace(FILES, "metrics"), number) for number, one in enumerate(connections))
    )
    after = await _through(server)
    for number, (_, answer) in enumerate(answers):
        _check(answer, HOUR, number)
    for one in connections:
        one.close()
    rates = [(there[1] - here[1]) / (there[0] - here[0]) for here, there in ((begin, before), (before, after))]
    if rates[1] == 0:
        raise AssertionError("the engine had nothing left to do while it was asked")
    return [seconds for seconds, _ in answers], rates[0], rates[1]


async def _ask(connection: Connection, sql: str, before: int) -> tuple[float, list[list[object]]]:
    """The seconds, and the rows of the answer to a question of the hour that ended `before` ms earlier."""
    body = orjson.dumps({"sql": sql, "parameters": {"since": past.END - HOUR_MS - before}, "rows": 10_000})
    begin = time.perf_counter()
    status, answer = await connection.ask(b"POST", "/api/query", body)
    took = time.perf_counter() - begin
    if status != 200:
        raise AssertionError(f"the answer is {status}: {answer[:500]!r}")
    return took, orjson.loads(answer)["rows"]


async def _through(server: Server) -> tuple[float, int]:
    """When it is, and how many rows the engine has taken. A connection that is idle for seconds would be closed."""
    connection = await Connection.to(server)
    status, answer = await connection.ask(b"GET", "/api/pipelines")
    connection.close()
    if status != 200:
        raise AssertionError(f"the answer is {status}: {answer[:500]!r}")
    return time.perf_counter(), sum(one["rows"] for one in orjson.loads(answer))


def _check(answer: list[list[object]], sql: str, before: int) -> None:
    values = {"since": past.END - HOUR_MS - before} if "$since" in sql else {}
    wanted = duckdb.execute(sql.replace(FILES, "lately" if values else "everything"), values).fetchall()
    same = len(answer) == len(wanted) and all(
        (math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b)
        for one, other in zip(answer, wanted, strict=True)
        for a, b in zip(one, other, strict=True)
    )
    if not wanted or not same:
        raise AssertionError(f"the answer to {sql} is not that of DuckDB: {answer[:2]} against {wanted[:2]}")


def _fill(folder: Path, events: int) -> None:
    """A backlog for the engine."""
    with Log.open(folder / ".penstock" / "log.db") as log, log.producer() as producer:
        for frame in columns(events):
            for part in records(frame).iter_slices(20_000):
                producer.send("events", part)


def _with_metrics(folder: Path) -> None:
    """Give a project the table `metrics` as `collab` defines it, with its files; DuckDB here has all their rows."""
    text = (Path(collab.__file__).parent / "project" / "sql" / "10_metrics.sql").read_text("utf-8")
    begin = text.index("CREATE TABLE metrics (")
    (folder / "sql" / "metrics.sql").write_text(text[begin : text.index(";\n", begin) + 2], "utf-8")
    shutil.copytree(past.folder_of(), folder / "metrics", ignore=shutil.ignore_patterns("*.json"))
    read = f"read_parquet('{folder}/metrics/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    duckdb.execute(f"CREATE OR REPLACE VIEW everything AS SELECT * FROM {read}")
    duckdb.execute("CREATE OR REPLACE TABLE lately AS SELECT * FROM everything WHERE date = '2026-12-31'")
