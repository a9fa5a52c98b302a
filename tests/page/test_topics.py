"""A person makes a topic, fills it, looks through it, moves who reads it, and deletes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import polars as pl
import pytest
from playwright.sync_api import expect

from tests.cli.shell import ORDERS, make_project
from tests.parts import until
from tests.server.guarded import PASSWORD, TOKEN, guard
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.page.browser import Running

GROUPED = ORDERS.replace("'topic' = 'orders',", "'topic' = 'orders', 'properties.group.id' = 'billing',")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Running]:
    """`orders` in minutes, 3,000 of them."""
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "shop", GROUPED)) as one:
        events = [
            {"id": n, "customer": f"c{n % 7}", "amount": n / 100, "ts": f"2025-01-01 00:{n // 60 % 60:02}:{n % 60:02}"}
            for n in range(3_000)
        ]
        one.append("orders", events)
        yield one


@pytest.mark.real
def test_a_topic_is_made_filled_altered_and_deleted(page: Page, shop: Running) -> None:
    page.goto(f"{shop.url}/topics")
    page.get_by_role("button", name="New topic").click()
    make = page.get_by_role("button", name="Create it")
    expect(make).to_be_disabled()
    page.get_by_label("Name").fill("orders")
    expect(page.get_by_text("There is a topic of this name.")).to_be_visible()
    page.get_by_label("Name").fill("visits")
    page.get_by_label("Partitions").fill("2")
    page.get_by_label("Kept for").fill("soon")
    expect(make).to_be_disabled()
    page.get_by_label("Kept for").fill("30 d")
    does = page.get_by_role("region", name="What this does")
    expect(does).to_contain_text("penstock topic create DIR visits --partitions=2 --config 'retention.ms=30 d'")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="visits", level=1).wait_for()
    expect(page.get_by_text("30\u202fd")).to_be_visible()
    expect(page.get_by_text("The topic is empty.")).to_be_visible()

    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("textbox", name="Value", exact=True).fill('{"visit": 9007199254740993')
    expect(page.get_by_text("No JSON yet")).to_be_visible()
    page.get_by_role("textbox", name="Value", exact=True).fill('{"visit": 9007199254740993}')
    page.get_by_label("Headers, one").fill("sent-by=me")
    page.get_by_role("dialog").get_by_role("combobox", name="Partition").select_option("1")
    page.get_by_role("button", name="Append it").click()
    expect(page.get_by_text("Appended to partition 1 at offset 0.")).to_be_visible()
    page.get_by_role("button", name="Close").last.click()
    page.get_by_role("gridcell", name='{"visit"').click()
    expect(page.get_by_role("dialog")).to_contain_text('"visit": 9007199254740993')
    expect(page.get_by_role("dialog")).to_contain_text("Header sent-by")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Alter").click()
    page.get_by_label("Partitions").fill("1")
    expect(page.get_by_text("Partitions can only grow: there are 2.")).to_be_visible()
    page.get_by_label("Partitions").fill("4")
    page.get_by_label("Kept for").fill("1 ms")
    expect(page.get_by_role("dialog").get_by_text("1 record, 36\u202fB are lost for good.")).to_be_visible()
    page.get_by_label("Type visits to do it").fill("visit")
    expect(page.get_by_role("button", name="Alter it")).to_be_disabled()
    page.get_by_label("Kept for").fill("")
    expect(page.get_by_role("region", name="What this does")).to_contain_text("--partitions=4 --config retention.ms=")
    page.get_by_role("button", name="Alter it").click()
    expect(page.get_by_text("1 record, 36\u202fB in 4 partitions")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    gone = page.get_by_role("button", name="Delete it for good")
    expect(page.get_by_text("1 record, 36\u202fB are lost for good.")).to_be_visible()
    expect(gone).to_be_disabled()
    page.get_by_label("Type visits to do it").fill("visit")
    expect(gone).to_be_disabled()
    page.get_by_label("Type visits to do it").fill("visits")
    gone.click()
    page.get_by_role("heading", name="Topics", level=1).wait_for()
    expect(page.get_by_role("grid", name="Topics")).not_to_contain_text("visits")


@pytest.mark.real
def test_a_topic_that_is_in_use_is_kept_and_says_why(page: Page, shop: Running) -> None:
    page.goto(f"{shop.url}/topics/orders")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("3\u202f000 records")).to_be_visible()
    expect(page.get_by_text("The table orders stands on it; orders read or write it")).to_be_visible()
    page.get_by_label("Type orders to do it").fill("orders")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("pipeline orders reads topic 'orders'")
    expect(page.get_by_role("alert")).to_contain_text("penstock pipeline stop DIR orders")


@pytest.mark.real
def test_records_are_found_by_key_place_and_condition(page: Page, shop: Running) -> None:
    page.goto(f"{shop.url}/topics/orders")
    grid = page.get_by_role("grid", name="Records of orders")
    rows = grid.get_by_role("row")
    expect(rows.nth(1)).to_contain_text('"id":2999')  # the newest first
    page.get_by_label("Key").fill("c3")
    page.keyboard.press("Enter")
    expect(grid).to_have_attribute("aria-rowcount", "101")
    expect(rows.nth(1)).to_contain_text('"id":3,')
    page.get_by_role("button", name="Load more").click()
    expect(grid).to_have_attribute("aria-rowcount", "201")
    page.get_by_label("Where").fill("id >= 2900 AND amount > 29.5")
    page.keyboard.press("Enter")
    expect(grid).to_have_attribute("aria-rowcount", "8")  # 2951 to 2999, one in seven
    assert "where=id" in page.url
    page.get_by_label("Where").fill("amout > 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did you mean amount?")
    page.goto(f"{shop.url}/topics/orders?from=2995")
    expect(grid).to_have_attribute("aria-rowcount", "6")
    page.get_by_label("at", exact=True).fill("2990")
    page.keyboard.press("Enter")
    expect(grid).to_have_attribute("aria-rowcount", "11")


@pytest.mark.real
def test_a_search_is_cancelled_and_goes_on(page: Page, shop: Running) -> None:
    held: list[str] = []
    page.goto(f"{shop.url}/topics/orders")
    page.get_by_role("gridcell").first.wait_for()
    page.route("**/records?*where*", lambda route: held.append(route.request.url))  # an answer that takes long
    page.get_by_label("Where").fill("id = 2999")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled")).to_be_visible()
    assert held
    page.unroute("**/records?*where*")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("grid", name="Records of orders")).to_have_attribute("aria-rowcount", "2")


@pytest.mark.real
def test_a_group_is_moved_after_saying_what_it_reads_again(page: Page, shop: Running) -> None:
    groups = f"{shop.url}/api/groups"
    until(lambda: [group["lag"] for group in httpx.get(groups, timeout=60).json()] == [0], "not all is read")
    page.goto(f"{shop.url}/topics")
    page.get_by_role("link", name="billing").click()
    page.get_by_role("button", name="Move it").click()
    expect(page.get_by_text("3\u202f000 records will be read again.")).to_be_visible()
    page.get_by_role("combobox", name="To", exact=True).select_option("shift")
    expect(page.get_by_role("button", name="Move it")).to_be_disabled()
    page.get_by_role("textbox", name="Offsets").fill("-100")
    expect(page.get_by_text("100 records will be read again.")).to_be_visible()
    page.get_by_label("Type billing to do it").fill("billing")
    page.get_by_role("button", name="Move it").click()
    expect(page.get_by_role("alert")).to_contain_text("pipeline orders reads as group 'billing'")


@pytest.mark.real
def test_a_viewer_looks_and_is_offered_nothing_else(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    with guard(tmp_path / "shop", engine=True, rows=130) as served:
        page.goto(served.url + "topics/orders")
        page.get_by_label("User").fill("vera")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("gridcell").first.wait_for()
        for act in ("Record", "Alter", "Delete"):
            expect(page.get_by_role("button", name=act, exact=True)).to_have_count(0)
        page.get_by_role("link", name="Topics").first.click()
        page.get_by_role("grid", name="Topics").wait_for()
        expect(page.get_by_role("button", name="New topic")).to_have_count(0)


@pytest.mark.real
def test_avro_is_read_beside_its_bytes(page: Page, tmp_path: Path) -> None:
    from penstock.connectors.registry import Subjects
    from tests.project.test_decoded import DATUM, SCHEMA, SQL, numbered

    with serve(make_project(tmp_path / "shop", SQL), engine=False, rows=0) as served:
        log = served.penstock.log
        number = Subjects(log).register("clicks-value", SCHEMA)
        values = [numbered(number), numbered(99), numbered(number, DATUM.replace(b"\x0e", b"\x10"))]
        log.ensure_topic("clicks")
        log.append("clicks", pl.DataFrame({"value": values}))
        page.goto(f"{served.serving.url}topics/clicks")
        grid = page.get_by_role("grid", name="Records of clicks")
        expect(grid.get_by_role("columnheader", name="Avro")).to_be_visible()
        expect(grid.get_by_role("row").filter(has_text="99")).to_contain_text(
            "cannot be read: schema 99 is not known to the schema registry"
        )
        grid.get_by_role("gridcell").filter(has_text='{"id":7,"page":"/a"').click()
        sheet = page.get_by_role("dialog", name="Partition 0, offset 0")
        expect(sheet).to_contain_text(f"schema {number}")
        expect(sheet).to_contain_text('"at": "1970-01-01 00:00:00Z"')
        expect(sheet).to_contain_text(f"Its bytes:0x{numbered(number).hex()}")
        sheet.get_by_role("button", name="Close").click()
        page.get_by_label("Where").fill("id = 8")
        page.keyboard.press("Enter")
        expect(grid.get_by_role("gridcell").filter(has_text='{"id":8,"page":"/a"')).to_be_visible()
        expect(grid.get_by_role("row")).to_have_count(2)
