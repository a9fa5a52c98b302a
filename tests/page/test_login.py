"""The page where a login is needed: one is asked for, and everything is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.guarded import PASSWORD, TOKEN, guard

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.mark.real
def test_one_logs_in_and_out(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    with guard(tmp_path / "shop", engine=True, rows=130) as served:
        page.goto(served.url + "topics")
        expect(page.get_by_role("button", name="Log in")).to_be_disabled()
        assert page.get_by_text("orders").count() == 0
        page.get_by_label("User").fill("vera")
        page.get_by_label("Password").fill("wrong horse battery")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("there is no such user, or this is not the password")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="orders").first).to_be_visible()
        assert page.evaluate("document.cookie") == ""
        served.penstock.accounts.set_password("vera", "another long password")
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        page.get_by_role("button", name="With the server's token").click()
        page.get_by_label("PENSTOCK_TOKEN of the server").fill(TOKEN)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Log out PENSTOCK_TOKEN").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
