"""The README's picture of the page: meeting health, over simulated meetings, as docs/page.png. Needs Chromium."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.page.browser import Running

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "page.png"
MOST_BYTES = 200_000
EVENTS = 90_000
"""A quarter of an hour, at a hundred a second."""

sys.path.insert(0, str(ROOT))


def _catch_up(running: Running) -> None:
    """Until all events are read, and what came of them too, and the rest is committed."""
    from tests.cli.shell import PATIENCE, call
    from tests.parts import until

    def all_read() -> bool:
        pipelines = httpx.get(f"{running.url}/api/pipelines", timeout=60).json()
        return all(one["lag"] == 0 for one in pipelines)

    for name in ("events", "results"):
        until(all_read, "the events are not all read", PATIENCE)
        assert call("savepoint", "create", running.folder, name).code == 0


def main() -> int:
    """Run `collab`, open the page in a browser, and keep what is seen."""
    from playwright.sync_api import expect
    from tests.page.browser import Running, chromium, simulated

    with (
        tempfile.TemporaryDirectory() as folder,
        Running(simulated(Path(folder) / "collab", EVENTS)) as running,
        chromium() as browser,
    ):
        _catch_up(running)
        page = browser.new_page(viewport={"width": 1440, "height": 960}, color_scheme="dark")
        page.goto(f"{running.url}/dashboards/meetings")
        page.get_by_text("Live", exact=True).wait_for()
        expect(page.get_by_role("status")).to_have_count(0, timeout=60_000)
        page.screenshot(path=TARGET)
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size} bytes")
    return size > MOST_BYTES


if __name__ == "__main__":
    sys.exit(main())
