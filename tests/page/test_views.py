"""Each view opens in each look, shows what there is, shuts nobody out, and loads nothing from elsewhere.

`PENSTOCK_SCREENSHOTS=FOLDER` keeps a picture of each.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

    from tests.page.browser import Running

VIEWS = (
    ("/", "Overview", "metrics"),
    ("/dashboards", "Dashboards", "Meeting health"),
    ("/dashboards/meetings", "Meeting health", "Meetings by health"),
    ("/dashboards/meeting?meeting={meeting}", "Meeting {meeting}", "Who was there"),
    ("/pipelines", "Pipelines", "metrics"),
    ("/pipelines/metrics", "metrics", "How rows go through it"),
    ("/pipelines/metrics?show=columns", "metrics", "meeting_anomalies"),
    ("/pipelines/metrics?show=sql", "metrics", "sql/10_metrics.sql"),
    ("/pipelines/metrics?show=savepoints", "metrics", "No savepoint yet"),
    ("/changes", "Changes", "Nothing has changed"),
    ("/topics", "Topics", "Consumer groups"),
    ("/topics/chat_events", "chat_events", "Records"),
    ("/topics/chat_events?show=partitions", "chat_events", "First offset"),
    ("/topics/chat_events?show=readers", "chat_events", "Who reads it"),
    ("/rejects", "Rejects", "By reason"),
    ("/alerts", "Alerts", "high_latency"),
    ("/alerts/high_latency", "high_latency", "The rule"),
    ("/settings", "Settings", "penstock.toml"),
    ("/sql?q=SELECT+count(*)+AS+n+FROM+meeting_metrics", "SQL", "Answer"),
)
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
SIZES = ((1440, 900), (390, 844))
JUDGED = (("dark", 390), ("light", 1440))
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TOO_WIDE = "[document.documentElement, document.querySelector('main')].some((one) => one.scrollWidth > one.clientWidth)"
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def meeting(collab: Running) -> str:
    """A meeting in which something was out of the ordinary."""
    found = collab.rows('SELECT meeting_id FROM meeting_anomalies ORDER BY "timestamp" DESC LIMIT 1')
    return str(found[0][0])


def _faults(page: Page) -> list[str]:
    """What axe finds to be in somebody's way."""
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": STANDARDS}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in GRAVE]


def _picture(page: Page, name: str, scheme: str, width: int, height: int) -> None:
    kept = os.environ.get("PENSTOCK_SCREENSHOTS")
    if kept is None:
        return
    whole = page.evaluate("document.querySelector('main').scrollHeight + 120")
    page.set_viewport_size({"width": width, "height": max(height, min(whole, 4000))})
    page.wait_for_timeout(300)  # for the eye: charts grow with the window
    page.screenshot(path=Path(kept) / f"{name}-{scheme}-{width}.png")


def look(page: Page, running: Running, address: str, title: str, text: str) -> None:
    """Open a view in each look and width: nothing is wrong with it, and nothing comes from elsewhere."""
    told: list[str] = []
    asked: set[str] = set()

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            told.append(message.text)

    def note(request: Request) -> None:
        asked.add(request.url.split("/")[2])

    page.on("console", hear)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", note)
    page.goto(running.url + address)
    page.get_by_role("heading", name=title, level=1).wait_for()
    page.get_by_text(text, exact=True).first.wait_for()
    page.get_by_text("Live", exact=True).wait_for()
    expect(page.get_by_role("status")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
    name = re.sub(r"\W+", "-", re.sub(r"\?\w*q=.*|\?meeting.*", "", address)).strip("-") or "overview"
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(f"!({TOO_WIDE})")
            if (scheme, width) in JUDGED:
                assert _faults(page) == [], (scheme, width)
            _picture(page, name, scheme, width, height)
    assert told == []
    assert asked == {running.url.split("/")[2]}


@pytest.mark.real
@pytest.mark.parametrize(("address", "title", "text"), VIEWS, ids=[address for address, _, _ in VIEWS])
def test_a_view_opens(page: Page, collab: Running, meeting: str, address: str, title: str, text: str) -> None:
    look(page, collab, address.format(meeting=meeting), title.format(meeting=meeting), text)
