"""A browser, and a project in a process of its own with its page."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.cli.shell import PATIENCE, call, started
from tests.parts import debian_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

__all__ = ["chromium", "served"]

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, installed where it is missing."""
    program = debian_program("chromium", "chromium", "Chromium, a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path, events: int = 30_000, port: int = 0) -> Iterator[str]:
    """The address of the page of `collab` in `folder`, with so many simulated events; made if it is not there."""
    if not folder.exists():
        call("init", folder, "--app", "collab")
        call("simulate", "collab", "--events", events, "--late", 0.01, "--malformed", 0.01, "--into", folder)
    process = started("run", folder, "--port", port, "--no-browser")
    try:
        assert process.stderr is not None
        words = "page and API at "
        line = next(line for line in process.stderr if words in line)
        yield line[line.index(words) + len(words) :].strip().rstrip("/")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
