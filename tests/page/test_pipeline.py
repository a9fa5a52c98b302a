"""A person halts a pipeline and lets it go on, keeps a savepoint, puts it back, and reads why nothing comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.cli.shell import make_project
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.page.browser import Running


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Running]:
    """Orders in two partitions, counted by the minute."""
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "shop", toml="[topics.orders]\npartitions = 2\n")) as one:
        yield one


def _orders(first: int, count: int, customers: int) -> list[dict[str, Any]]:
    """One a second, and of each second the same for every customer."""
    return [
        {"id": n, "customer": f"c{c}", "amount": 1, "ts": f"2025-01-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}"}
        for n in range(first, first + count)
        for c in range(customers)
    ]


def _figure(page: Page, name: str) -> Locator:
    return page.get_by_title("Where does this number come from?").filter(has_text=name)


@pytest.mark.real
def test_a_stopped_pipeline_lags_and_catches_up_with_nothing_lost(page: Page, shop: Running) -> None:
    page.goto(f"{shop.url}/pipelines/orders")
    shop.append("orders", _orders(0, 121, 8))
    expect(page.get_by_role("group", name="Graph of the operators")).to_contain_text("source orders")
    until(lambda: shop.rows("SELECT count(*) FROM revenue")[0][0] == 1, "no window has closed")
    for halt, go in (("Pause", "Resume"), ("Stop", "Start…")):
        seen = shop.rows("SELECT count(*) FROM orders")[0][0]
        page.get_by_role("button", name=halt, exact=True).click()
        expect(_figure(page, "State")).to_contain_text({"Pause": "paused", "Stop": "stopped"}[halt])
        expect(page.get_by_text("Somebody has")).to_be_visible()
        shop.append("orders", _orders(seen // 8, 60, 8))
        expect(_figure(page, "Lag")).to_contain_text("480")
        page.get_by_role("button", name=go, exact=True).click()
        if go == "Start…":
            expect(page.get_by_text("It goes on from checkpoint")).to_contain_text("480 records wait for it")
            page.get_by_label("Checkpoint every").fill("100 ms")
            page.get_by_role("button", name="Start it").click()
        expect(_figure(page, "State")).to_contain_text("running")
        expect(_figure(page, "Lag")).not_to_contain_text("480")
    until(lambda: shop.rows("SELECT sum(orders) FROM revenue")[0][0] == 3 * 480, "windows are missing")
    assert shop.rows("SELECT DISTINCT orders FROM revenue") == [[480]]


@pytest.mark.real
def test_a_pipeline_is_put_back_after_saying_what_it_reads_again(page: Page, shop: Running) -> None:
    shop.append("orders", _orders(0, 61, 8))
    page.goto(f"{shop.url}/pipelines/orders?show=savepoints")
    expect(_figure(page, "Rows in")).to_contain_text("488")
    page.get_by_role("button", name="Keep one now").click()
    page.get_by_label("Name").fill("before")
    page.keyboard.press("Enter")
    grid = page.get_by_role("grid", name="Savepoints")
    expect(grid).to_contain_text("before")
    shop.append("orders", _orders(61, 10, 8))
    expect(_figure(page, "Rows in")).to_contain_text("568")
    expect(grid.get_by_role("row").nth(1)).to_contain_text("80")
    grid.get_by_role("row").nth(1).click()
    expect(page.get_by_text("stop it first")).to_be_visible()
    expect(page.get_by_role("button", name="Put it back")).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(_figure(page, "State")).to_contain_text("stopped")
    grid.get_by_role("row").nth(1).click()
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("80 rows will be read again")).to_be_visible()
    page.get_by_label("Type before to do it").fill("before")
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(_figure(page, "Lag")).to_contain_text("80")
    page.get_by_role("button", name="Start…").click()
    page.get_by_role("button", name="Start it").click()
    expect(_figure(page, "Lag")).not_to_contain_text("80")


@pytest.mark.real
def test_draining_says_what_closes_and_ends_it(page: Page, shop: Running) -> None:
    shop.append("orders", _orders(0, 30, 8))
    page.goto(f"{shop.url}/pipelines/orders")
    expect(_figure(page, "Rows in")).to_contain_text("240")
    page.get_by_role("button", name="Drain").click()
    expect(page.get_by_role("dialog").get_by_text("240 rows")).to_be_visible()
    page.get_by_label("Type orders to do it").fill("orders")
    page.get_by_role("button", name="Drain it").click()
    expect(_figure(page, "State")).to_contain_text("ended")
    until(lambda: shop.rows("SELECT orders FROM revenue") == [[240]], "the window has not closed")


@pytest.mark.real
def test_the_page_names_the_silent_partition_and_what_to_set(page: Page, shop: Running) -> None:
    shop.append("orders", _orders(0, 200, 1))  # one customer: one partition
    parts = httpx.get(f"{shop.url}/api/topics/orders", timeout=30).json()["details"]
    (partition,) = [part["partition"] for part in parts if part["rows"]]
    page.goto(f"{shop.url}/pipelines/orders")
    reason = page.get_by_role("region", name="What it waits for")
    expect(reason).to_contain_text(f"Partition {1 - partition} of table orders has had no row yet")
    expect(reason).to_contain_text("Set 'scan.watermark.idle-timeout' = '10 s' on the table")
    node = page.get_by_role("group", name="Graph of the operators").get_by_role("button", name="window aggregate")
    expect(node).to_contain_text("has had no row yet")
    node.click()
    told = page.get_by_role("dialog", name="window aggregate")
    expect(told).to_contain_text("200 taken, 0 given")
    expect(told).to_contain_text(f"Partition {1 - partition} of table orders")
    windows = told.get_by_role("grid", name="Open windows of revenue")
    expect(windows.get_by_role("row")).to_have_count(5)  # the head, and four minutes
    page.keyboard.press("Escape")
    page.get_by_role("button", name="SQL", exact=True).click()
    expect(page.get_by_role("region", name="sql/01-orders.sql")).to_contain_text("INSERT INTO revenue")
    page.get_by_role("button", name="Columns", exact=True).click()
    made = page.get_by_role("region", name="revenue").get_by_role("row")
    expect(made.filter(has_text="window_end")).to_contain_text("orders ts")
    expect(made.filter(has=page.get_by_role("rowheader", name="orders"))).to_contain_text("a count of rows")
    made.filter(has=page.get_by_role("rowheader", name="amount")).get_by_role("link", name="orders").click()
    page.get_by_role("heading", name="orders", level=1).wait_for()


@pytest.mark.real
def test_the_graph_is_made_smaller_and_moved_about(page: Page, shop: Running) -> None:
    page.set_viewport_size({"width": 520, "height": 1800})
    page.goto(f"{shop.url}/pipelines/orders")
    graph = page.get_by_role("group", name="Graph of the operators")
    expect(graph).to_contain_text("source orders")
    size = page.get_by_role("button", name="Full size")
    expect(size).to_contain_text("100")

    def scrolled() -> float:
        return float(graph.evaluate("box => box.scrollLeft"))

    graph.focus()
    page.keyboard.press("-")
    expect(size).to_contain_text("80")
    page.keyboard.press("1")
    expect(size).to_contain_text("100")
    before = scrolled()
    graph.hover(position={"x": 300, "y": 4})
    page.mouse.down()
    graph.hover(position={"x": 150, "y": 4})
    page.mouse.up()
    until(lambda: abs(scrolled() - before - 150) < 2, "dragging does not move it")
    graph.hover(position={"x": 200, "y": 60})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    expect(size).to_contain_text("149")
    page.get_by_role("button", name="Fit all of it").click()
    expect(size).not_to_contain_text("149")
    until(lambda: graph.evaluate("box => box.scrollWidth <= box.clientWidth"), "it does not fit")
    page.get_by_role("button", name="Full size").click()
    graph.evaluate(
        """box => {
            const touch = (identifier, x) => new Touch({ identifier, target: box, clientX: x, clientY: 500 });
            const tell = (kind, apart) => box.dispatchEvent(new TouchEvent(kind, {
                touches: [touch(1, 200), touch(2, 200 + apart)], bubbles: true, cancelable: true }));
            tell("touchstart", 100);
            tell("touchmove", 150);
        }"""
    )
    expect(size).to_contain_text("150")
