"""An answer on the SQL page: followed as it changes, and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.page.browser import Running

LONG_AGO_MS = 1_735_689_601_000
COUNTED = "SELECT event_type, count(*) AS n FROM user_events GROUP BY 1 ORDER BY 1"


@pytest.mark.real
def test_an_answer_is_followed_and_drawn(page: Page, collab: Running) -> None:
    page.goto(f"{collab.url}/sql?q={COUNTED.replace(' ', '+')}")
    grid = page.get_by_role("grid", name="Answer")
    expect(grid).to_contain_text("join")
    before = dict(collab.rows(COUNTED))
    page.get_by_role("button", name="Follow").click()
    page.get_by_role("button", name="Chart").click()
    expect(page.get_by_text("the whole answer")).to_be_visible()
    event = {"user_id": "u1", "meeting_id": "m1", "event_type": "join", "timestamp": LONG_AGO_MS}
    collab.append("user_events", [{"event_id": "followed", **event}])
    changed = grid.get_by_role("row").filter(has_text="join")
    expect(changed).to_contain_text("+U", timeout=60_000)
    expect(page.get_by_text("1 +U,")).to_be_visible()
    told = changed.get_by_role("gridcell").last.inner_text()
    assert int("".join(c for c in told if c.isdigit())) == before["join"] + 1
    expect(page.get_by_role("list", name="Answer")).to_contain_text("leave")


@pytest.mark.real
def test_a_question_that_fails_is_explained_and_found_again(page: Page, collab: Running) -> None:
    page.goto(f"{collab.url}/sql?q=SELECT+room+FROM+user_events")
    expect(page.get_by_role("alert")).to_contain_text("room")
    editor = page.get_by_role("textbox", name="SQL")
    editor.fill("SELECT event_type, JSON_VALUE(user_id, '$.a' NULL ON EMPTY) FROM user_events")
    editor.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("unexpected 'NULL'")
    page.get_by_role("button", name="Explain").click()
    graph = page.get_by_role("group", name="Graph of the operators")
    expect(graph).to_contain_text("source user_events")
    page.get_by_role("button", name="Explain").click()
    expect(graph).to_have_count(0)
    before = page.get_by_role("combobox", name="Asked")
    expect(before.locator("option")).to_have_count(2)  # what is to be chosen, and the one that was run
    editor.fill("SELECT 1")
    before.select_option(index=1)
    expect(editor).to_contain_text("JSON_VALUE(user_id")
