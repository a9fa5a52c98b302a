"""The page without a mouse, and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.page.browser import Running

VIEWS = ["Overview", "Dashboards", "Pipelines", "Topics", "Rejects", "Quality", "SQL"]
SELDOM = ["Quality"]
"""What a phone has no room for below."""
FOCUSED = "document.activeElement.innerText.trim() || document.activeElement.getAttribute('aria-label')"


@pytest.mark.real
def test_a_search_over_everything(page: Page, collab: Running) -> None:
    page.goto(collab.url)
    page.get_by_text("Live", exact=True).wait_for()
    page.keyboard.press("Control+k")
    search = page.get_by_role("dialog", name="Search over everything")
    expect(search.get_by_label("Search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(search).to_be_hidden()

    page.keyboard.press("Control+k")
    expect(search.get_by_label("Search")).to_be_focused()
    page.keyboard.type("meeting health")
    expect(search.get_by_role("option").first).to_contain_text("Meeting health")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Meeting health", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


@pytest.mark.real
def test_tab_goes_through_the_frame_in_its_order(page: Page, collab: Running) -> None:
    page.goto(collab.url)
    page.get_by_text("Live", exact=True).wait_for()
    page.get_by_role("banner").get_by_text("collab", exact=True).wait_for()
    passed = []
    for _ in range(5 + len(VIEWS)):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUSED).split("\n")[0])
    assert passed[:2] == ["Skip to the view", "collab"]
    assert passed[5:] == VIEWS

    page.goto(f"{collab.url}/rejects")
    page.get_by_role("heading", name="Rejects", level=1).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#view")).to_be_focused()


@pytest.mark.real
def test_a_reason_opens_and_closes_by_keys(page: Page, collab: Running) -> None:
    page.goto(f"{collab.url}/dashboards/meetings")
    figure = page.get_by_role("article", name="People").get_by_role("button")
    figure.focus()
    page.keyboard.press("Enter")
    reason = page.get_by_role("dialog", name="People")
    expect(reason).to_be_visible()
    page.keyboard.press("Escape")
    expect(reason).to_be_hidden()
    expect(figure).to_be_focused()


@pytest.mark.real
def test_a_phone_has_its_views_below(page: Page, collab: Running) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(collab.url)
    views = page.get_by_role("navigation", name="Views")
    for view in VIEWS:
        if view in SELDOM:
            expect(views.get_by_role("link", name=view)).to_be_hidden()
            continue
        views.get_by_role("link", name=view).click()
        expect(page.get_by_role("heading", name=view, level=1)).to_be_visible()
        box = views.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] == 844
        assert (box["x"], box["width"]) == (0, 390)
