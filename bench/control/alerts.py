"""From an event to the webhook that is told of it; and what a rule would have said about ten million rows."""

from __future__ import annotations

import datetime as dt
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import numpy as np
import orjson
import polars as pl

import penstock
from bench.table import Target
from penstock.core.clock import SystemClock
from penstock.project.alerts.backtest import backtest

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench
    from penstock.project.penstock import Penstock

__all__ = ["measure"]

COLUMNS = "meeting STRING, ms DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts"
SQL = f"""
CREATE TABLE latency ({COLUMNS}) WITH ('connector' = 'kafka', 'topic' = 'latency', 'format' = 'json');
CREATE TABLE history ({COLUMNS}) WITH ('connector' = 'filesystem', 'path' = 'history', 'format' = 'parquet');
CREATE TABLE nothing (ms DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO nothing SELECT ms FROM latency;
"""
RULE = 'table = "{table}"\nwhen = "ms > 990"\nkey = ["meeting"]\nfor = "{hold}"\nnotify = [{notify}]\n'
BESIDE = 1_000
"""So many other events a second."""
MEETINGS = 1_000
PART = 1_000_000


def measure(bench: Bench) -> None:
    told(bench)
    tested(bench)


def told(bench: Bench) -> None:
    """From the call that appends an event to the request at the webhook, each of another key."""
    count = 30 if bench.quick else 200
    with Hook() as hook:
        folder = make(bench.folder / "told", "latency", "0 s", hook.url)
        with penstock.open(folder) as project:
            project.start()
            stop = threading.Event()
            order = threading.Lock()  # events come in the order of their times: none is late
            busy = threading.Thread(target=_beside, args=(project, stop, order))
            busy.start()
            sent: dict[str, float] = {}
            for number in range(count):
                time.sleep(0.05)
                meeting = f"slow {number}"
                with order:
                    sent[meeting] = time.perf_counter()
                    project.append("latency", [_event(meeting, 1_000.0)])
            hook.wait(count)
            stop.set()
            busy.join()
    seconds = [1000 * (at - sent[meeting]) for meeting, at in hook.first.items()]
    bench.report.title(f"{count} alerts, 20 a second, beside {BESIDE:,} events a second")
    bench.report.figure("from an event to the webhook, p95", float(np.percentile(seconds, 95)), "ms", _TOLD)
    bench.report.figure("the median, and the extremes", seconds, "ms")


_TOLD = Target(500, 150, below=True)


def tested(bench: Bench) -> None:
    """A rule over rows that are kept as files."""
    rows = 1_000_000 if bench.quick else 10_000_000
    folder = make(bench.folder / "tested", "history", "20 s", "")
    (folder / "history").mkdir()
    chance = np.random.default_rng(7)
    for part in range(rows // PART):
        at = np.arange(part * PART, (part + 1) * PART, dtype=np.int64)
        frame = pl.DataFrame(
            {"meeting": at % MEETINGS, "ms": chance.uniform(0, 1000, PART), "ts": 1_767_225_600_000 + at * 10}
        )
        slow = (pl.col("ts") // 60_000 % 50 == pl.col("meeting") % 50) & (pl.col("meeting") < 100)
        frame = frame.with_columns(
            pl.format("meeting {}", "meeting"),
            pl.when(slow).then(pl.lit(995.0)).otherwise(pl.col("ms")).alias("ms"),
            pl.col("ts").cast(pl.Datetime("ms")),
        )
        frame.write_parquet(folder / "history" / f"part-{part:03}.parquet")
    seconds, found = [], 0
    with penstock.open(folder) as project:
        for _ in range(1 if bench.quick else 3):
            begin = time.perf_counter()
            found = backtest(project, project.alerts.get("slow")).height
            seconds.append(time.perf_counter() - begin)
    bench.report.title(f"A rule is tested over {rows:,} rows of {MEETINGS:,} keys in Parquet, 1 in 100 above its limit")
    bench.report.figure("until all is found", seconds, "s", Target(5, 1, below=True))
    bench.report.note(f"{found:,} incidents")


def make(folder: Path, table: str, hold: str, url: str) -> Path:
    """A project with one rule."""
    for part in ("sql", "alerts"):
        (folder / part).mkdir(parents=True)
    channel = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{url}"\n' if url else ""
    (folder / "penstock.toml").write_text(f'[project]\nname = "bench"\n{channel}')
    (folder / "sql" / "1.sql").write_text(SQL)
    rule = RULE.format(table=table, hold=hold, notify='"ops"' if url else "")
    (folder / "alerts" / "slow.toml").write_text(rule)
    return folder


def _event(meeting: str, ms: float) -> dict[str, object]:
    now = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, dt.UTC)  # what is told is young
    return {"meeting": meeting, "ms": ms, "ts": now.replace(tzinfo=None)}


def _beside(project: Penstock, stop: threading.Event, order: threading.Lock) -> None:
    """Others that fire nothing."""
    while not stop.wait(0.1):
        with order:
            project.append("latency", [_event(f"meeting {n}", 1.0) for n in range(BESIDE // 10)])


class Hook:
    """A webhook that notes when it hears of a meeting for the first time."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self._heard = threading.Condition()

    def __enter__(self) -> Self:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                now = time.perf_counter()
                body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
                with hook._heard:
                    hook.first.setdefault(body["incident"]["key"]["meeting"], now)
                    hook._heard.notify_all()
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def wait(self, count: int) -> None:
        """Until it has heard of so many."""
        with self._heard:
            if not self._heard.wait_for(lambda: len(self.first) >= count, 60):
                raise RuntimeError(f"{len(self.first)} of {count} were told")
