"""The README's picture of the page: meeting health, over simulated meetings, as docs/page.png. Needs Chromium."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.page.browser import Running

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "page.png"
MOST_BYTES = 200_000
EVENTS = 90_000
"""A quarter of an hour, at a hundred a second."""

sys.path.insert(0, str(ROOT))


def _caught_up(running: Running) -> None:
    """Wait until no more results come: all events are read."""
    seen, now = -1, 0
    while now == 0 or now != seen:
        time.sleep(3)
        seen, now = now, running.rows("SELECT count(*) FROM meeting_metrics")[0][0]


def main() -> int:
    """Run `collab`, open the page in a browser, and keep what is seen."""
    from playwright.sync_api import expect
    from tests.page.browser import Running, chromium, simulated

    with (
        tempfile.TemporaryDirectory() as folder,
        Running(simulated(Path(folder) / "collab", EVENTS)) as running,
        chromium() as browser,
    ):
        _caught_up(running)
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
