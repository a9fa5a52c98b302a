"""Jobs: ten that compute and ten that wait, at once against alone; a thousand due at one moment, with a kill."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import penstock
from bench.child import started
from bench.table import Target, median
from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.__main__ import Bench
    from penstock.jobs import Run
    from penstock.project.penstock import Penstock

__all__ = ["measure"]

AT_ONCE = 10
MANY = 1_000
ROWS = 200_000
WAIT_SECONDS = 3.0
TABLES = """
CREATE TABLE orders (id BIGINT, amount DOUBLE) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json',
  'scan.startup.mode' = 'earliest-offset');
CREATE TABLE totals (k BIGINT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = 'totals', 'key.format' = 'json', 'value.format' = 'json');
CREATE TABLE nothing (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'nothing', 'format' = 'json');
"""
_START_SECONDS = 25
"""The process is there so long before the jobs are due."""
_LOOP = "n = 0\nfor i in range(20_000_000): n += i"
_ASK = "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()"


def measure(bench: Bench) -> None:
    report = bench.report
    report.title(f"{AT_ONCE} jobs at once against the same jobs alone, {os.cpu_count()} cores")
    project = _project(bench.folder / "ten", _tens())
    with penstock.open(project) as opened, _answering() as url:
        opened.append("orders", _orders())
        opened.jobs.start()
        for kind, what in (("sql", "that compute, SQL"), ("loop", "that compute, programs")):
            names, begun = [f"{kind}{n}" for n in range(AT_ONCE)], _cpu()
            alone = [_seconds(run) for run in _done(opened, names, together=False)]
            between = _cpu()
            runs = _done(opened, names, together=True)
            taken, both = between - begun, _cpu() - between
            took = (max(r.ended or 0 for r in runs) - min(r.created for r in runs)) / 1000
            share = sum(alone) / min(2, os.cpu_count() or 1)
            report.figure(f"{what}: together, against half the sum", took / share, "", Target(1.2, 1.0, below=True))
            report.figure(f"{what}: cores that one takes alone", taken / sum(alone), "")
            report.figure(f"{what}: CPU seconds together, against alone", both / taken, "x")
            waits = [((r.ended or 0) - r.created) / 1000 for r in runs]
            report.figure(
                f"{what}: the slowest, against the median", max(waits) / median(waits), "", Target(2, 1.2, below=True)
            )
        asked = [f"ask{n}" for n in range(AT_ONCE)]
        alone = [_seconds(r) for r in _done(opened, asked[:3], together=False, url=url)]
        together = [_seconds(r) for r in _done(opened, asked, together=True, url=url)]
        slowest = max(together) / median(alone)
        report.figure("that wait on an API: the slowest, against alone", slowest, "", Target(1.3, 1.1, below=True))
    _many(bench)


def _project(folder: Path, jobs: str) -> Path:
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text("[server]\nport = 0\n")
    (folder / "sql" / "tables.sql").write_text(TABLES)
    (folder / "jobs.toml").write_text(jobs)
    return folder


def _tens() -> str:
    parts = []
    for n in range(AT_ONCE):
        parts += [
            f'[jobs.sql{n}]\nkind = "sql"\nsql = "INSERT INTO totals SELECT id, COUNT(*) FROM orders GROUP BY id"',
            f'[jobs.loop{n}]\nkind = "command"\ncommand = ["{sys.executable}", "-c", """{_LOOP}"""]',
            f'[jobs.ask{n}]\nkind = "command"\ncommand = ["{sys.executable}", "-c", "{_ASK}", "{{url}}"]',
            'parameters = ["url STRING"]',
        ]
    return "\n".join(parts) + "\n"


def _orders() -> list[dict[str, object]]:
    return [{"id": i % 50_000, "amount": 0.5} for i in range(ROWS)]


def _done(opened: Penstock, names: Sequence[str], *, together: bool, url: str = "") -> list[Run]:
    """The ended runs of jobs, one after the other or all at once."""
    given = {"url": url} if url else {}
    if not together:
        return [_ended(opened, opened.jobs.begin(name, given).id) for name in names]
    begun = [opened.jobs.begin(name, given).id for name in names]
    return [_ended(opened, identity) for identity in begun]


def _ended(opened: Penstock, identity: str) -> Run:
    while (found := opened.jobs.run(identity)).ended is None:
        time.sleep(0.05)
    if found.state != "success":
        raise RuntimeError(f"{identity} is {found.state}: {found.error}")
    return found


def _cpu() -> float:
    """CPU seconds of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def _seconds(run: Run) -> float:
    assert run.began is not None
    assert run.ended is not None
    return (run.ended - run.began) / 1000


class _Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(WAIT_SECONDS)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


@contextmanager
def _answering() -> Iterator[str]:
    """An API that takes its time, while the block lasts: its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def _many(bench: Bench) -> None:
    """A thousand jobs due at one moment; the process is killed when a third is done, and another one goes on."""
    report, many = bench.report, 200 if bench.quick else MANY
    report.title(f"{many:,} no-op SQL jobs due at one moment, a kill when a third is done")
    clock = SystemClock()
    due = dt.datetime.fromtimestamp((clock.now_ms() // 1000 + 60 + _START_SECONDS) // 60 * 60, dt.UTC)
    when = f"{due.minute} {due.hour} {due.day} {due.month} *"
    sql = 'sql = "INSERT INTO nothing SELECT id FROM orders WHERE id < 0"'
    jobs = "".join(f'[jobs.j{n}]\nkind = "sql"\nschedule = "{when}"\n{sql}\n' for n in range(many))
    folder = _project(bench.folder / "many", jobs)
    with penstock.open(folder) as opened:
        opened.append("orders", [{"id": 1, "amount": 1.0}])
    command = [sys.executable, "-m", "penstock", "run", str(folder), "--no-browser", "--no-serve"]
    first = started(command)
    time.sleep(max(0.0, due.timestamp() - clock.now_ms() / 1000))
    _until(folder, many // 3)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = started(command)
    try:
        _until(folder, many)
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait()
    with penstock.open(folder) as opened:
        runs = opened.jobs.history(None, 10 * many)
    per_job = Counter(run.job for run in runs)
    if set(per_job.values()) != {1} or len(per_job) != many or {run.state for run in runs} != {"success"}:
        raise RuntimeError(f"{len(runs)} runs of {len(per_job)} jobs: {Counter(run.state for run in runs)}")
    seconds = max(run.ended or 0 for run in runs) / 1000 - due.timestamp()
    report.figure("from when they are due until all have ended", seconds, "s", Target(60, 30, below=True))
    report.figure("of them gone on with after the kill", float(sum(run.resumed for run in runs)), "")
    report.note("each of them has run once")


def _until(folder: Path, count: int) -> None:
    """Wait until so many jobs have ended a run."""
    with penstock.open(folder) as opened:
        while sum(state.last != "" for state in opened.jobs.runs.open().jobs.values()) < count:
            time.sleep(0.2)
