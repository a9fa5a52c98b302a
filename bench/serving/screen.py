"""An event, appended while a thousand come each second, until Chromium has painted its open window."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.child import ROOT, command
from bench.serving.pushing import COUNTED, KEYS, make
from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

__all__ = ["painted_after"]

KEY = "k1"
_DASHBOARD = f"""
title = "Open"

[[panels]]
id = "one"
title = "One"
kind = "key-figure"
open = "counted"
where = {{ k = "{KEY}" }}
x = "window_end"

[[panels.columns]]
name = "n"

[[panels]]
id = "all"
title = "All"
kind = "table"
width = 12
height = 6
open = "counted"
"""
_WATCH = """() => {
  const figure = document.querySelector('[aria-label="One"]');
  window.painted = [];
  const look = () => {
    const shown = Number(/^\\D*([\\d\\u202f\\u2009]+)/.exec(figure.innerText)?.[1].replaceAll(/\\D/g, ''));
    const last = window.painted.at(-1)?.[0];
    if (!Number.isFinite(shown) || shown === last) return;
    // a task after the frame in which it was drawn
    requestAnimationFrame(() => setTimeout(() => {
      window.painted.push([shown, performance.timeOrigin + performance.now()]);
    }));
  };
  new MutationObserver(look).observe(figure, { subtree: true, childList: true, characterData: true });
}"""


def painted_after(folder: Path, browser: Browser, seconds: float) -> list[float]:
    """From the append of events of one key to the frame that shows each, ms. Raises RuntimeError where some are not."""
    project = make(folder, COUNTED % "'1' HOUR")
    (project / "dashboards").mkdir()
    (project / "dashboards" / "open.toml").write_text(_DASHBOARD)
    with _served(project, seconds) as (port, server):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/dashboards/open")
        page.get_by_text("No window is open.").first.wait_for()
        told, painted = _watched(server, page)
        page.close()
    wall = SystemClock().now_ms() - time.monotonic_ns() / 1e6
    appended = {(count + KEYS - 2) // KEYS: at / 1e6 + wall for count, at in reversed(told)}
    shown, at = np.array(painted).T
    found = [at[np.searchsorted(shown, n)] - t for n, t in appended.items() if 0 < n <= shown[-1]]
    if len(found) < 0.9 * len(appended):
        raise RuntimeError(f"of {len(appended)} events only {len(found)} were painted")
    return found


def _watched(server: subprocess.Popen[str], page: Page) -> tuple[list[tuple[int, int]], list[tuple[int, float]]]:
    """How many events there were after each append, and what was painted when."""
    assert server.stdin is not None
    assert server.stdout is not None
    page.evaluate(_WATCH)
    server.stdin.write("\n")
    server.stdin.flush()
    told: dict[str, Any] = json.loads(server.stdout.readline())
    return told["appended"], page.evaluate("window.painted")


@contextmanager
def _served(project: Path, seconds: float) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        command("serving.pushing", project, "steady", seconds),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
