"""Where something on the way lets no WebSocket through, the page takes the stream of events, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

    from tests.page.browser import Running


@pytest.mark.real
def test_without_websockets_the_page_lives_by_the_stream(page: Page, collab: Running) -> None:
    streams: list[str] = []

    def note(request: Request) -> None:
        if "/api/stream" in request.url:
            streams.append(request.url)

    page.on("request", note)
    page.route_web_socket("**/ws", lambda socket: socket.close(code=1006))
    page.goto(f"{collab.url}/dashboards/meetings")
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("status")).to_have_count(0, timeout=60_000)
    expect(page.get_by_role("article", name="Meetings by health")).to_contain_text("good")
    assert streams

    page.get_by_text("Live", exact=True).click()
    expect(page.get_by_role("dialog", name="The connection")).to_contain_text("server-sent events")


@pytest.mark.real
def test_with_websockets_it_says_so(page: Page, collab: Running) -> None:
    page.goto(collab.url)
    page.get_by_text("Live", exact=True).click()
    told = page.get_by_role("dialog", name="The connection")
    expect(told).to_contain_text("WebSocket")
    expect(told).not_to_contain_text("server-sent events")
