"""A dashboard is edited in the page: its file says so, keeps its comments, and nobody's changes are lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.page.browser import Running

FILE = """\
# Kept by the support team.
title = "Loads"  # short, it is on a wall

[[panels]]
id = "messages"
title = "Messages"  # all kinds
kind = "bar"
width = 6
query = \"\"\"
SELECT meeting_health, sum(message_count) AS messages -- of all windows
FROM meeting_metrics GROUP BY 1 ORDER BY 1\"\"\"
"""


@pytest.fixture
def file(collab: Running) -> Path:
    path = collab.folder / "dashboards" / "loads.toml"
    path.write_text(FILE)
    return path


def _begin(page: Page, collab: Running) -> None:
    page.goto(f"{collab.url}/dashboards/loads")
    page.get_by_role("button", name="Edit", exact=True).click()


@pytest.mark.real
def test_an_edited_dashboard_is_a_file(page: Page, collab: Running, file: Path) -> None:
    _begin(page, collab)
    page.get_by_label("Title").fill("Loads of messages")
    page.get_by_role("button", name="Size of Messages").press("ArrowLeft")
    page.get_by_role("button", name="Add a panel").click()
    form = page.get_by_role("dialog", name="A new panel")
    form.get_by_label("Title").fill("Meetings")
    form.get_by_label("Kind").select_option("key-figure")
    form.get_by_label("Question").fill("SELECT count(DISTINCT meeting_id) AS meetings FROM meeting_metrics")
    form.get_by_role("button", name="Show what it gives").click()
    expect(form.get_by_role("article", name="Meetings")).to_be_visible()
    form.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()

    page.reload()
    expect(page.get_by_role("heading", name="Loads of messages", level=1)).to_be_visible()
    meetings = collab.rows("SELECT count(DISTINCT meeting_id) FROM meeting_metrics")[0][0]
    expect(page.get_by_role("article", name="Meetings")).to_contain_text(str(meetings))
    changed = FILE.replace('"Loads"', '"Loads of messages"').replace("width = 6", "width = 5")
    added = file.read_text().removeprefix(changed)
    assert added != file.read_text()
    assert 'id = "meetings"' in added
    assert 'kind = "key-figure"' in added


@pytest.mark.real
def test_a_file_that_was_changed_meanwhile_is_not_written_over(page: Page, collab: Running, file: Path) -> None:
    _begin(page, collab)
    page.get_by_label("Title").fill("Mine")
    theirs = FILE.replace('"Loads"', '"Theirs"')
    file.write_text(theirs)
    page.get_by_role("button", name="Save").click()
    conflict = page.get_by_role("alert")
    expect(conflict).to_contain_text("The file has been changed since you began")
    expect(conflict).to_contain_text('-title = "Theirs"')
    expect(conflict).to_contain_text('+title = "Mine"')
    assert file.read_text() == theirs

    conflict.get_by_role("button", name="Write mine over it").click()
    expect(page.get_by_role("heading", name="Mine", level=1)).to_be_visible()
    assert file.read_text() == FILE.replace('"Loads"', '"Mine"')

    _begin(page, collab)
    page.get_by_label("Title").fill("Mine again")
    file.unlink()
    page.get_by_role("button", name="Save").click()
    expect(conflict).to_contain_text('+title = "Mine again"')
    conflict.get_by_role("button", name="Write mine over it").click()
    expect(page.get_by_role("heading", name="Mine again", level=1)).to_be_visible()
    assert 'title = "Mine again"' in file.read_text()


@pytest.mark.real
def test_a_choice_that_is_not_made_yet_can_be_made(page: Page, collab: Running) -> None:
    page.goto(f"{collab.url}/dashboards/meeting")
    choice = page.get_by_role("combobox", name="Meeting")
    expect(choice.locator("option:checked")).to_have_text("choose…")
    choice.select_option(index=1)
    meeting = choice.input_value()
    expect(page).to_have_url(re.compile(f"meeting={meeting}"))
    expect(choice.locator("option", has_text="choose…")).to_have_count(0)


@pytest.mark.real
def test_the_list_says_which_file_is_broken(page: Page, collab: Running) -> None:
    broken = collab.folder / "dashboards" / "broken.toml"
    broken.write_text("title = ")
    try:
        page.goto(f"{collab.url}/dashboards")
        expect(page.get_by_role("link", name="broken")).to_contain_text("broken.toml")
    finally:
        broken.unlink()
