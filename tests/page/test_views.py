"""Each view opens, shows what there is, and loads nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Request

VIEWS = (
    ("/", "Overview", "metrics"),
    ("/dashboards", "Dashboards", "Meeting health"),
    ("/dashboards/meetings", "Meeting health", "Meetings by health"),
    ("/dashboards/meeting?meeting=meeting_00000000", "Meeting meeting_00000000", "Who was there"),
    ("/pipelines", "Pipelines", "metrics"),
    ("/pipelines/metrics", "metrics", "How rows go through it"),
    ("/topics", "Topics", "chat_events"),
    ("/topics/chat_events", "chat_events", "Records"),
    ("/rejects", "Rejects", "Reason"),
    ("/sql?q=SELECT+count(*)+AS+n+FROM+meeting_metrics", "SQL", "Answer"),
)


@pytest.mark.real
@pytest.mark.parametrize(("address", "title", "text"), VIEWS, ids=[address for address, _, _ in VIEWS])
def test_a_view_opens(browser: Browser, collab: str, address: str, title: str, text: str) -> None:
    told: list[str] = []
    asked: set[str] = set()

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            told.append(message.text)

    def note(request: Request) -> None:
        asked.add(request.url.split("/")[2])

    page = browser.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", note)
    page.goto(collab + address)
    page.get_by_role("heading", name=title, level=1).wait_for()
    page.get_by_text(text, exact=True).first.wait_for()
    page.get_by_text("Live", exact=True).wait_for()
    page.close()
    assert told == []
    assert asked == {collab.split("/")[2]}
