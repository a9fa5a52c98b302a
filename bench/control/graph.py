"""The graph of a hundred operators, live, in Chromium: what it costs the page's process, and its longest task."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import numpy as np
from tests.page.browser import chromium

from bench.serving.served import serving
from bench.table import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from bench.__main__ import Bench

__all__ = ["measure"]

SINKS = 16
OPERATORS = 100
EACH_SECOND = 1_000
_STEP = 0.05
"""Seconds between two moves of the mouse."""
_TASKS = ("RunTask", "ThreadPool_RunTask")
"""What a thread with a queue of its own, and what one of a pool calls each of its tasks in a trace."""
_SOURCE = """
CREATE TABLE orders (id BIGINT, customer STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json');
CREATE TABLE minutes (window_end TIMESTAMP(3), n BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'minutes', 'format' = 'json');
"""
_WINDOWS = """
INSERT INTO minutes SELECT window_end, COUNT(*)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
"""
_SINK = """
CREATE TABLE counts_{n} (customer STRING, n BIGINT, amount BIGINT, late BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'counts_{n}', 'key.format' = 'json', 'value.format' = 'json');
"""
_INSERT = """
INSERT INTO counts_{n} SELECT customer, COUNT(*), SUM(amount), SUM(late) FROM
(SELECT customer, amount, 0 AS late FROM orders WHERE MOD(id, {m}) = 0
UNION ALL SELECT customer, amount, 1 FROM orders WHERE MOD(id, {m}) = 1) GROUP BY customer;
"""


def measure(bench: Bench) -> None:
    seconds = 5 if bench.quick else 20
    folder = made(bench.folder / "graph")
    bench.report.title(f"The graph of {OPERATORS} operators in Chromium, {EACH_SECOND:,} events a second, live")
    with serving(folder) as server, _fed(f"http://{server.host}:{server.port}"), chromium() as browser:
        page = _opened(browser, f"http://{server.host}:{server.port}/pipelines/counts")
        at_rest = _traced(browser, page, lambda: page.wait_for_timeout(1000 * seconds))
        moved = _traced(browser, page, lambda: _move(page, seconds))
    share, longest = Target(10, 5, below=True), Target(50, 25, below=True)
    for what, trace, target in (("looked at", at_rest, share), ("scrolled and pointed at", moved, None)):
        bench.report.figure(f"{what}: the renderer on a processor, of a core", 100 * trace.busy, "%", target)
        bench.report.figure(f"{what}: its longest task", trace.longest, "ms", longest)
        bench.report.figure("the longest on a processor", trace.longest_running, "ms")


def made(folder: Path) -> Path:
    """A project whose one pipeline has OPERATORS operators."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text("")
    sinks = "".join(_SINK.format(n=n) for n in range(SINKS))
    inserts = _WINDOWS + "".join(_INSERT.format(n=n, m=n + 2) for n in range(SINKS))
    (folder / "sql" / "counts.sql").write_text(f"{_SOURCE}{sinks}EXECUTE STATEMENT SET\nBEGIN\n{inserts}END;\n")
    return folder


@contextmanager
def _fed(url: str) -> Iterator[None]:
    """Meanwhile EACH_SECOND events come in, once a second."""
    over = threading.Event()

    def feed() -> None:
        first = 0
        while not over.wait(1):
            time = str(np.datetime64("2026-01-01") + np.timedelta64(first // EACH_SECOND, "s")).replace("T", " ")
            numbers = range(first, first + EACH_SECOND)
            events = [{"id": n, "customer": f"c{n % 100}", "amount": n % 1000, "ts": time} for n in numbers]
            httpx.post(f"{url}/api/topics/orders/records", json=events, timeout=60).raise_for_status()
            first += EACH_SECOND

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _opened(browser: Browser, url: str) -> Page:
    """The page when its graph is there, with the figures of some seconds. Raises RuntimeError for another graph."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(url)
    graph = page.get_by_role("group", name="Graph of the operators")
    graph.get_by_role("button").nth(OPERATORS - 1).wait_for()
    if (count := graph.get_by_role("button").count()) != OPERATORS:
        raise RuntimeError(f"the graph has {count} operators, not {OPERATORS}")
    page.wait_for_timeout(3_000)
    return page


def _move(page: Page, seconds: float) -> None:
    """Over the graph, to and fro, up and down, as somebody does who looks for something."""
    for k in range(round(seconds / _STEP)):
        page.mouse.move(200 + 13 * k % 1000, 300 + 7 * k % 500)
        page.mouse.wheel((-60, 60)[k // 40 % 2], (90, -90)[k // 25 % 2])
        page.wait_for_timeout(1000 * _STEP)


@dataclass(frozen=True, slots=True)
class _Trace:
    """The share of a core that the renderer's threads had; its longest task, and that on a processor, ms."""

    busy: float
    longest: float
    longest_running: float


def _traced(browser: Browser, page: Page, act: Callable[[], None]) -> _Trace:
    """What Chromium's trace tells of the page's process meanwhile: the one that has most to do of those with pages."""
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    renderers = {(e["pid"], e["tid"]) for e in events if e["args"].get("name") == "CrRendererMain"}
    tasks = [e for e in events if e["ph"] == "X" and e["name"] in _TASKS]
    main = max(([e for e in tasks if (e["pid"], e["tid"]) == thread] for thread in renderers), key=len)
    used = sum(_running(e) for e in tasks if e["pid"] == main[0]["pid"])
    first, last = min(e["ts"] for e in tasks), max(e["ts"] + e["dur"] for e in tasks)
    return _Trace(used / (last - first), max(e["dur"] for e in main) / 1000, max(map(_running, main)) / 1000)


def _running(task: dict[str, float]) -> float:
    """How long it was on a processor, µs; where that is not told, how long it took."""
    return task.get("tdur", task["dur"])
