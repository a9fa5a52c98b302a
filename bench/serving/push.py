"""Push: to a thousand viewers and to many, one that is stuck, what viewers cost the engine, and open windows."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.child import ROOT, command
from bench.serving.pushing import COUNTED, PASSED, make
from bench.table import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

PASSED_TABLE = {"table": "passed", "limit": 1}
DASHBOARDS: list[list[dict[str, Any]]] = [
    [{"table": "counted", "limit": 100}],
    [{"table": "counted", "limit": 100, "where": {"k": "k1"}}],
    [{"table": "counted", "limit": 200, "columns": ["k", "n"]}],
    [{"open": "counted"}],
    [{"open": "counted", "where": {"k": ["k1", "k2"]}}],
    [{"metrics": ["pipelines"]}],
    [{"query": "SELECT k, sum(n) AS n FROM counted GROUP BY k ORDER BY n DESC LIMIT 10"}],
    [{"query": "SELECT window_end, sum(n) AS n FROM counted GROUP BY 1 ORDER BY 1 DESC LIMIT 60"}],
    [{"query": "SELECT count(*) AS n, max(window_end) AS latest FROM counted"}],
    [{"query": "SELECT k, max(n) AS n FROM counted GROUP BY k ORDER BY k LIMIT 100"}],
]
"""Ten distinct ones; a client has one of them."""


@dataclass(slots=True)
class _Child:
    """A process that says a line, is told to go on, and says its result."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        assert self.process.stdout is not None
        found = self.process.stdout.readline().strip()
        if not found:
            raise RuntimeError(f"{self.process.args!r} ended")
        return found

    def go(self, told: object = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{told}\n")
        self.process.stdin.flush()


@contextmanager
def _running(*arguments: object) -> Iterator[_Child]:
    module, *rest = arguments
    process = subprocess.Popen(
        command(str(module), *rest), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _Child(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()


def measure(bench: Bench) -> None:
    _fan_out(bench)
    _many(bench)
    _engine(bench)
    _open_windows(bench)


def _watched(
    folder: Path, work: tuple[object, ...], clients: int, asked: list[list[dict[str, Any]]], stuck: int = 0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the server and the clients have to tell, where so many watch that work."""
    with _running("serving.pushing", folder, *work) as server:
        port = server.line()
        with _running("serving.viewers", port, max(clients, 1), json.dumps(asked)) as viewers:
            if clients:
                assert viewers.line() == "ready"
            with _running("serving.stuck", port, json.dumps(asked[0])) if stuck else _nobody() as idle:
                if idle is not None:
                    assert idle.line() == "ready"
                server.go()
                told = json.loads(server.line())
                viewers.go(told["events"] * clients if "events" in told else 0)
                seen = json.loads(viewers.line()) if clients else {}
        server.go()
    return told, seen


@contextmanager
def _nobody() -> Iterator[None]:
    yield None


def _latencies(told: dict[str, Any], seen: dict[str, Any], clients: int) -> list[float]:
    """From each commit to the last client that has its message, ms; only of messages that all have got."""
    places = [place for place, _ in told["commits"]]
    found = []
    for position, (count, _, last) in seen["changes"].items():
        place = int(position.split(".")[0])
        commit = told["commits"][int(np.searchsorted(places, place))]
        if count == clients:
            found.append((last - commit[1]) / 1e6)
    return found


def _fan_out(bench: Bench) -> None:
    clients, seconds = 1_000, 10 if bench.quick else 30
    bench.report.title(f"A commit to {clients:,} WebSocket clients, two a second, clients in another process")
    for stuck in (0, 1):
        folder = make(bench.folder / f"fan{stuck}", PASSED)
        told, seen = _watched(folder, ("single", seconds, 0.5), clients, [[PASSED_TABLE]], stuck)
        _checked(told, seen, clients)
        found = _latencies(told, seen, clients)
        beside = ", one more client stuck" if stuck else ""
        late = float(np.percentile(found, 95))
        bench.report.figure(f"commit to the last client, p95{beside}", late, "ms", Target(50, 15, below=True))
        bench.report.figure("half of them", float(np.median(found)), "ms")
        bench.report.figure("CPU of the server's process, an update", 1000 * told["process_cpu"] / told["events"], "ms")


def _many(bench: Bench) -> None:
    bench.report.title("One update a second to many clients, every message checked")
    for clients in (2_000,) if bench.quick else (5_000, 10_000):
        folder = make(bench.folder / f"many{clients}", PASSED)
        told, seen = _watched(folder, ("single", 15, 1.0), clients, [[PASSED_TABLE]])
        _checked(told, seen, clients)
        late = float(np.percentile(_latencies(told, seen, clients), 95))
        bench.report.figure(f"{clients:,} clients: commit to the last, p95", late, "ms", Target(1000, 500, below=True))
        bench.report.figure("CPU of the server's process, a second", told["process_cpu"] / 16, "s")
        bench.report.figure("CPU of the clients' process, a second", seen["cpu"] / seen["seconds"], "s")


def _checked(told: dict[str, Any], seen: dict[str, Any], clients: int) -> None:
    """Raises where a message was lost, came twice or out of order."""
    if seen["bad"] or seen["rows"] != told["events"] * clients:
        raise RuntimeError(f"{seen['rows']:,} rows ({seen['bad']} wrong messages) of {told['events'] * clients:,}")


def _engine(bench: Bench) -> None:
    events, rounds = (500_000, 1) if bench.quick else (3_000_000, 3)
    bench.report.title(
        f"{events:,} events through windows, the engine on 1 core, 100 dashboards of ten queries or none"
    )
    ratios, rates = [], []
    for number in range(rounds):
        seconds = {}
        for clients in (0, 100) if number % 2 else (100, 0):
            folder = make(bench.folder / f"engine{number}-{clients}", COUNTED % "'30' SECOND")
            told, _ = _watched(folder, ("backlog", events), clients, DASHBOARDS)
            seconds[clients] = told["seconds"]
        ratios.append(seconds[0] / seconds[100])
        rates.append(events / seconds[0])
    bench.report.figure("events a second, nobody watching", rates, "/s")
    bench.report.figure("watched against not", ratios, "x", Target(0.9, 0.98))


def _open_windows(bench: Bench) -> None:
    bench.report.title("1,000 events a second, ten at once, to a WebSocket client that watches open windows")
    folder = make(bench.folder / "open", COUNTED % "'1' HOUR")
    told, seen = _watched(folder, ("steady", 5 if bench.quick else 20), 1, [[{"open": "counted"}]])
    times = np.array([t for t, _ in seen["opened"]])
    counts = np.array([n for _, n in seen["opened"]])
    appended = [(n, t) for n, t in told["appended"] if n <= counts.max()]
    if len(appended) < 0.9 * len(told["appended"]):
        raise RuntimeError(f"of {len(told['appended'])} appends only {len(appended)} were seen")
    found = [(times[int(np.searchsorted(counts, n))] - t) / 1e6 for n, t in appended]
    late = float(np.percentile(found, 95))
    bench.report.figure(
        "event appended to its open window at the client, p95", late, "ms", Target(250, 100, below=True)
    )
    bench.report.figure("the same, half of them", float(np.median(found)), "ms")
