"""A browser, and a project in a process of its own with its page."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import httpx
from playwright.sync_api import expect, sync_playwright

from tests.cli.shell import PATIENCE, call, started
from tests.parts import debian_program, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

__all__ = ["REBOUND", "Running", "chromium", "simulated"]

REBOUND = "rebound.example"
"""A name of somebody else that the browser believes to be this machine's."""
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
)
_WORDS = "page and API at "
_PATIENCE_MS = 60_000
"""How long the page may take to become what is expected of it, on a machine that does much else."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, installed where it is missing."""
    program = debian_program("chromium", "chromium", "Chromium, a browser")
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


def simulated(folder: Path, events: int = 30_000) -> Path:
    """`collab` in `folder`, with so many simulated events, and the people who are in them."""
    call("init", folder, "--app", "collab")
    call("simulate", "collab", "--history", 3, "--into", folder)
    faults = ("--late", 0.01, "--malformed", 0.01, "--anomaly", 0.5)
    call("simulate", "collab", "--events", events, *faults, "--into", folder)
    return folder


class Running:
    """`penstock run` of a folder, in a process of its own that can be killed, and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._end(signal.SIGTERM) == 0

    def start(self) -> None:
        """Returns when the page is served; a second time at the same port."""
        self._process = started("run", self.folder, "--port", self._port, "--no-browser")
        assert self._process.stderr is not None
        heard = []
        for line in self._process.stderr:
            heard.append(line)
            if _WORDS in line:
                self.url = line[line.index(_WORDS) + len(_WORDS) :].strip().rstrip("/")
                self._port = int(self.url.rpartition(":")[2])
                return
        raise AssertionError("".join(heard))

    def kill(self) -> None:
        """As when the machine loses power."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.communicate(timeout=PATIENCE)
        return self._process.returncode

    def wait_for_anomalies(self) -> None:
        """Until simulated events are read so far that something was out of the ordinary: the last of the results."""
        sql = "SELECT 1 FROM meeting_anomalies LIMIT 1"
        until(lambda: self.rows(sql), "nothing was out of the ordinary", PATIENCE)

    def append(self, topic: str, events: list[dict[str, Any]]) -> None:
        """Over HTTP, as a producer does."""
        answer = httpx.post(f"{self.url}/api/topics/{topic}/records", json=events, timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.json()["refused"] == 0

    def rows(self, sql: str) -> list[list[Any]]:
        answer = httpx.post(f"{self.url}/api/query", json={"sql": sql}, timeout=60)
        assert answer.status_code == 200, answer.text
        found: list[list[Any]] = answer.json()["rows"]
        return found
