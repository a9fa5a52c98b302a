"""Users, tokens and the audit log in the page, and what somebody without the rights to them sees instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.guarded import PASSWORD, guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.server.guarded import Guarded

NEW = "a password for anna"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Guarded]:
    with guard(tmp_path / "shop", engine=True, rows=130) as served:
        yield served


def enter(page: Page, shop: Guarded, user: str, path: str, password: str = PASSWORD) -> None:
    page.goto(shop.url + path)
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.real
def test_a_user_is_added_confined_and_removed(page: Page, shop: Guarded) -> None:
    enter(page, shop, "ada", "settings?show=users")
    page.get_by_role("button", name="Add a user").click()
    sheet = page.get_by_role("dialog", name="A new user")
    sheet.get_by_label("Name").fill("vera")
    expect(sheet.get_by_text("There is a user of this name.")).to_be_visible()
    sheet.get_by_label("Name").fill("anna")
    sheet.get_by_label("Password").fill("short")
    expect(sheet.get_by_role("button", name="Add the user")).to_be_disabled()
    sheet.get_by_label("Password").fill(NEW)
    sheet.get_by_role("button", name="Add the user").click()

    page.get_by_role("gridcell", name="anna").click()
    sheet = page.get_by_role("dialog", name="anna")
    sheet.get_by_label("Table").select_option("orders")
    sheet.get_by_label("Column").select_option("customer")
    sheet.get_by_label("Values").fill("c1, c2")
    expect(sheet.get_by_text("penstock user filter DIR anna orders customer=c1,c2")).to_be_visible()
    sheet.get_by_role("button", name="Set the filter").click()
    expect(sheet.get_by_role("list", name="Row filters")).to_contain_text("orders customer=c1,c2")
    with shop.logged_in("anna", NEW) as client:
        rows = client.post("/api/query", json={"sql": "SELECT DISTINCT customer FROM orders ORDER BY 1"}).json()["rows"]
    assert rows == [["c1"], ["c2"]]
    sheet.get_by_label("Role").select_option("operator")
    sheet.get_by_label("Another password").fill(PASSWORD)
    sheet.get_by_role("button", name="Reset the password").click()
    expect(sheet.get_by_text("all logins of anna have ended")).to_be_visible()
    with shop.logged_in("anna"):
        sheet.get_by_role("button", name="Remove the user").click()
    sheet = page.get_by_role("dialog", name="Remove anna")
    expect(sheet.get_by_text("0 tokens and 1 row filter go")).to_be_visible()
    expect(sheet.get_by_role("button", name="Remove the user")).to_be_disabled()
    sheet.get_by_label("Type anna to do it").fill("anna")
    sheet.get_by_role("button", name="Remove the user").click()
    expect(page.get_by_role("gridcell", name="anna")).to_have_count(0)

    page.get_by_role("button", name="Audit log").click()
    log = page.get_by_role("grid", name="Audit log")
    page.get_by_label("To what").fill("anna")
    page.keyboard.press("Enter")
    expect(log.get_by_role("row").nth(1)).to_contain_text("user-remove")
    for act in ("user-password", "user-role", "user-filter", "user-add"):
        expect(log).to_contain_text(act)
    assert PASSWORD not in page.content()
    assert NEW not in page.content()


@pytest.mark.real
def test_a_token_is_shown_once_and_revoked(page: Page, shop: Guarded) -> None:
    enter(page, shop, "ada", "settings?show=tokens")
    page.get_by_role("button", name="Make a token").click()
    sheet = page.get_by_role("dialog", name="A new token")
    sheet.get_by_label("User").select_option("otto (operator)")
    sheet.get_by_label("Scope").select_option("ingest")
    sheet.get_by_label("Holds for").select_option("7 days")
    sheet.get_by_label("What it is for").fill("the gate")
    sheet.get_by_role("button", name="Make it").click()
    text = page.get_by_role("dialog", name="The token").locator("pre").inner_text().strip()
    with shop.client(text) as client:
        row = {"id": "gate", "customer": "c1", "amount": 1, "ts": "2026-01-01 00:00:00"}
        assert client.post("/api/topics/orders/records", json=row).status_code == 200
        page.get_by_role("button", name="I have it").click()
        expect(page.get_by_role("grid", name="Tokens")).to_contain_text("the gate")
        page.reload()
        expect(page.get_by_role("grid", name="Tokens")).to_contain_text("the gate")
        assert text not in page.content()
        page.get_by_role("gridcell", name="the gate").click()
        identity = text.split("_")[1]
        page.get_by_label(f"Type {identity} to do it").fill(identity)
        page.get_by_role("button", name="Revoke the token").click()
        expect(page.get_by_text("No token holds")).to_be_visible()
        assert client.post("/api/topics/orders/records", json=row).status_code == 401


@pytest.mark.real
def test_a_setting_is_changed_and_what_it_asks_for_is_said(page: Page, shop: Guarded) -> None:
    file = shop.penstock.folder / "penstock.toml"
    file.write_text(file.read_text() + "\n# how the engine works\n[engine]\nthreads = 2  # two cores\n")
    enter(page, shop, "ada", "settings")
    grid = page.get_by_role("grid", name="Settings")
    grid.get_by_role("gridcell", name="threads", exact=True).click()
    sheet = page.get_by_role("dialog", name="[engine] threads")
    expect(sheet).to_contain_text("from the next start of a pipeline on")
    expect(sheet.get_by_role("button", name="Save")).to_be_disabled()
    value = sheet.get_by_label("Value")
    value.fill("300")
    expect(sheet.get_by_text("penstock settings DIR --set engine.threads=300")).to_be_visible()
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_role("alert")).to_contain_text("allowed is a whole number from 1 to 256")
    file.write_text(file.read_text().replace("how the", "how our"))
    value.fill("3")
    value.press("Enter")
    expect(sheet.get_by_role("alert")).to_contain_text("it has changed since it was read")
    value.press("Enter")
    expect(sheet.get_by_role("status")).to_contain_text("threads was 2, is 3. It holds from the next start of a pipel")
    assert file.read_text().endswith("\n# how our engine works\n[engine]\nthreads = 3  # two cores\n")
    sheet.get_by_role("button", name="Close").click()

    grid.get_by_role("gridcell", name="time-zone", exact=True).click()
    sheet = page.get_by_role("dialog", name="[engine] time-zone")
    expect(sheet.get_by_text("from the next start of the process on")).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    grid.get_by_role("gridcell", name="durability", exact=True).click()
    sheet = page.get_by_role("dialog", name="[log] durability")
    sheet.get_by_label("Value").select_option("relaxed")
    sheet.get_by_role("button", name="Save").click()
    sheet.get_by_role("button", name="Back to the default").click()
    expect(sheet.get_by_role("status")).to_contain_text("durability was relaxed, is as by default")
    assert "relaxed" not in file.read_text()


@pytest.mark.real
def test_who_looks_is_offered_no_change(page: Page, shop: Guarded) -> None:
    enter(page, shop, "vera", "settings")
    expect(page.get_by_text("You may")).to_be_visible()
    grid = page.get_by_role("grid", name="Settings")
    grid.get_by_role("gridcell", name="idle-timeout", exact=True).click()
    sheet = page.get_by_role("dialog", name="[engine] idle-timeout")
    expect(sheet.get_by_text("Allowed")).to_be_visible()
    expect(sheet.get_by_role("button", name="Save")).to_have_count(0)
    sheet.get_by_role("button", name="Close").click()
    for part in ("Users", "Tokens", "Audit log"):
        page.get_by_role("button", name=part).click()
        expect(page.get_by_text("This is for admins")).to_be_visible()
    page.get_by_role("link", name="Dashboards").click()
    expect(page.get_by_text("No dashboard yet")).to_be_visible()
    expect(page.get_by_role("button", name="New dashboard")).to_have_count(0)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Change your password").click()
    page.get_by_label("As it is").fill(PASSWORD)
    page.get_by_label("As it shall be").fill(NEW)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    with shop.logged_in("vera", NEW):
        pass


@pytest.mark.real
def test_who_sees_a_part_of_the_rows_is_told_what_is_closed(page: Page, shop: Guarded) -> None:
    shop.penstock.accounts.set_filter("vera", "orders", {"customer": ["c1"]})
    enter(page, shop, "vera", "alerts")
    expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()
    expect(page.get_by_text("of orders you see those that your row filter lets through")).to_be_visible()
    page.get_by_role("link", name="Rejects").click()
    expect(page.get_by_text("Rejected and late rows are made of rows of all tables")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Nothing: all pipelines run, and no row was rejected.")).to_be_visible()
