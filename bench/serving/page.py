"""The page in Chromium: when it is painted and shows figures, what it loads for that, and how soon an event shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tests.page.browser import chromium, simulated

from bench.serving.screen import painted_after
from bench.serving.served import serving
from bench.table import Target

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from bench.__main__ import Bench

__all__ = ["measure"]

_VIEWS = (("/", "the overview", "Rows in"), ("/dashboards/meetings", "meeting health", "Meetings by health"))
_PAINTED = """() => new Promise((resolve) => {
  const tell = (list) => {
    const first = list.getEntriesByName("first-contentful-paint")[0];
    if (first) resolve(first.startTime);
  };
  new PerformanceObserver(tell).observe({ type: "paint", buffered: true });
})"""
_LOADED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, one) => sum + one.transferSize, 0)"""
_SHOWN = """(text) => new Promise((resolve) => {
  const look = () => document.body.innerText.includes(text) ? resolve(performance.now()) : requestAnimationFrame(look);
  look();
})"""


def measure(bench: Bench) -> None:
    folder = simulated(bench.folder / "collab", 30_000)
    with serving(folder) as server, chromium() as browser:
        url = f"http://{server.host}:{server.port}"
        bench.report.title("the page, opened for the first time in a Chromium beside the server")
        for path, what, text in _VIEWS:
            runs = [_opened(browser, url + path, text) for _ in range(3 if bench.quick else 9)]
            seconds = [run["paint"] / 1000 for run in runs]
            bench.report.figure(f"{what}: first paint", seconds, "s", Target(1, 0.5, below=True))
            bench.report.figure(f"{what}: its panels are there", [run["shown"] / 1000 for run in runs], "s")
            size = runs[0]["bytes"] / 1000
            bench.report.figure(f"{what}: loaded, compressed, with fonts", size, "kB", Target(250, 150, below=True))
    _screen(bench)


def _screen(bench: Bench) -> None:
    bench.report.title("1,000 events a second, ten at once, to an open window on a screen in Chromium")
    with chromium() as browser:
        found = painted_after(bench.folder / "open", browser, 5 if bench.quick else 30)
    late = float(np.percentile(found, 95))
    bench.report.figure("event appended to its open window painted, p95", late, "ms", Target(250, 100, below=True))
    bench.report.figure("the same, half of them", float(np.median(found)), "ms")


def _opened(browser: Browser, url: str, text: str) -> dict[str, Any]:
    """One view in a new context, which has nothing cached."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url, wait_until="commit")
        shown = page.evaluate(_SHOWN, text)
        page.wait_for_load_state("networkidle")
        return {"shown": shown, "paint": page.evaluate(_PAINTED), "bytes": page.evaluate(_LOADED)}
