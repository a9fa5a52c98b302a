"""A person sends a good and a bad event, reads why one was rejected, mends it, replays it, and gives another up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from playwright.sync_api import expect

from tests.cli.shell import make_project
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.page.browser import Running

PER_CUSTOMER = """\
CREATE TABLE orders (id BIGINT, customer STRING)
WITH ('connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE counts (customer STRING, orders BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'raw', 'value.format' = 'json');
INSERT INTO counts SELECT customer, COUNT(*) FROM orders GROUP BY customer;
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Running]:
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "shop", PER_CUSTOMER, name="counts")) as one:
        yield one


def _until_rejected(shop: Running, count: int) -> None:
    """The list of rejected rows is as it was when it was asked for."""
    until(lambda: shop.rows("SELECT count(*) FROM penstock.rejects") == [[count]], "they are not rejected")


def _send(page: Page, value: str) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("textbox", name="Value", exact=True).fill(value)
    page.get_by_label("Only if orders can read it").uncheck()
    page.get_by_role("button", name="Append it").click()
    expect(page.get_by_text("Appended to partition 0")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.real
def test_a_bad_event_is_mended_and_replayed_and_counts(page: Page, shop: Running) -> None:
    page.goto(f"{shop.url}/sql?q=SELECT+*+FROM+counts&live=1")
    answer = page.get_by_role("grid", name="Answer")
    answer.wait_for()
    page.goto(f"{shop.url}/topics/orders")
    _send(page, '{"id": 1, "customer": "anna"}')
    _send(page, '{"id": "two", "customer": "anna"}')
    _send(page, '{"id": "three", "customer": "anna"}')

    _until_rejected(shop, 2)
    page.goto(f"{shop.url}/rejects")
    reasons = page.get_by_role("grid", name="Reasons")
    expect(reasons.get_by_role("row").nth(1)).to_contain_text("json-value")
    reasons.get_by_text("json-value").click()
    rows = page.get_by_role("grid", name="Rejected rows").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text('"two" is not a BIGINT')
    expect(rows.nth(2)).to_contain_text("waits")
    rows.nth(2).click()
    page.get_by_label("Its bytes").fill('{"id": 2, "customer": "anna"}')
    page.get_by_role("button", name="Replay mended").click()
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Appended to orders, partition 0, offset 3.")).to_be_visible()
    page.get_by_role("button", name="Close").last.click()
    expect(rows.nth(2)).to_contain_text("replayed")

    rows.nth(1).click()
    page.get_by_role("button", name="Discard").click()
    page.get_by_label("Why").fill("a test of the vendor")
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_contain_text("discarded")
    rows.nth(1).click()
    expect(page.get_by_role("dialog")).to_contain_text("a test of the vendor")
    page.keyboard.press("Escape")
    rows.nth(2).click()
    page.get_by_role("link", name="The copy").click()
    expect(page.get_by_role("grid", name="Records of orders")).to_contain_text('{"id": 2, "customer": "anna"}')

    page.goto(f"{shop.url}/sql?q=SELECT+*+FROM+counts&live=1")
    row = answer.get_by_role("row").filter(has_text="anna")
    expect(row).to_contain_text("2")
    assert shop.rows("SELECT customer, orders FROM counts") == [["anna", 2]]


@pytest.mark.real
def test_a_text_that_is_mended_keeps_the_ends_of_its_lines(page: Page, tmp_path: Path) -> None:
    with serve(make_project(tmp_path / "shop", PER_CUSTOMER, name="counts"), rows=0) as served:
        bad = b'{"id": "two",\r\n "customer": "anna"}\r\n'
        served.penstock.append("orders", pl.DataFrame({"value": [bad]}))
        until(lambda: served.penstock.rejects().height == 1, "it is not rejected")
        page.goto(f"{served.serving.url}rejects")
        page.get_by_role("grid", name="Rejected rows").get_by_role("row").nth(1).click()
        field = page.get_by_label("Its bytes")
        field.fill(field.input_value().replace('"two"', "2"))
        page.get_by_role("button", name="Replay mended").click()
        page.get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("Appended to orders, partition 0, offset 1.")).to_be_visible()
        values = [value for frame in served.penstock.log.read("orders") for value in frame["value"]]
        assert values == [bad, bad.replace(b'"two"', b"2")]


@pytest.mark.real
def test_a_row_that_is_replayed_as_it_is_is_rejected_again(page: Page, shop: Running) -> None:
    shop.append("orders", [{"id": "x", "customer": "c"} for _ in range(3)])
    _until_rejected(shop, 3)
    page.goto(f"{shop.url}/rejects")
    page.get_by_role("button", name="Replay the 3 rows that wait").click()
    expect(page.get_by_role("region", name="What this does")).to_contain_text(
        "penstock rejects replay DIR --id 3 --id 2 --id 1"
    )
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("3 rows were replayed.")).to_be_visible()
    rows = page.get_by_role("grid", name="Rejected rows", include_hidden=True).get_by_role("row", include_hidden=True)
    expect(rows.last).to_contain_text("replayed")
    expect(page.get_by_role("dialog", name="Replay 3 rows")).to_be_visible()
    page.get_by_role("button", name="Close").last.click()
    _until_rejected(shop, 6)
    page.get_by_role("button", name="Refresh").click()
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text("waits")
    expect(page.get_by_role("columnheader", name="Copy of")).to_be_visible()
    rows.last.click()
    expect(page.get_by_role("dialog")).to_contain_text("and could not be used either")
    page.get_by_role("button", name="Replay again").click()
    replay = page.get_by_role("button", name="Replay", exact=True)
    expect(replay).to_be_disabled()
    page.get_by_label("it then counts twice").check()
    expect(replay).to_be_enabled()


WINDOWS = """\
CREATE TABLE clicks (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE counts (began BIGINT, n BIGINT, PRIMARY KEY (began) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO counts SELECT EXTRACT(SECOND FROM window_start), COUNT(*)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
"""
RUNNING = """\
CREATE TABLE clicks (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE counts (id INT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'counts', 'format' = 'json');
INSERT INTO counts SELECT id, COUNT(*) OVER (ORDER BY ts) FROM clicks;
"""


def _click(number: int, second: int) -> dict[str, object]:
    return {"id": number, "ts": f"2025-01-01 00:00:{second:02}"}


@pytest.mark.real
def test_late_rows_are_replayed_as_they_are_and_mended_and_given_up(page: Page, tmp_path: Path) -> None:
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "late", WINDOWS, name="counts")) as shop:
        shop.append("clicks", [_click(1, 1), _click(2, 35), _click(3, 5), _click(4, 6)])
        page.goto(f"{shop.url}/rejects?show=late")
        rows = page.get_by_role("grid", name="Late rows").get_by_role("row")
        expect(rows).to_have_count(3)
        rows.nth(2).click()
        expect(page.get_by_label("Its bytes")).to_have_value('{"id":3,"ts":"2025-01-01 00:00:05"}')
        page.get_by_label("Its bytes").fill('{"id":3,"ts":"2025-01-01 00:00:41"}')
        page.get_by_role("button", name="Replay mended").click()
        page.get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("Appended to clicks, partition 0, offset 4.")).to_be_visible()
        page.get_by_role("button", name="Close").last.click()
        expect(rows.nth(2)).to_contain_text("replayed")

        rows.nth(1).click()
        page.get_by_role("button", name="Replay as it is").click()
        expect(page.get_by_text("1 window had closed to 1 row: there it is late again")).to_be_visible()
        page.get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("Appended to clicks, partition 0, offset 5.")).to_be_visible()
        page.get_by_role("button", name="Close").last.click()
        until(lambda: shop.rows("SELECT count(*) FROM penstock.late") == [[3]], "the copy is not late")
        page.get_by_role("button", name="Refresh").click()
        expect(rows).to_have_count(4)
        expect(rows.nth(1)).to_contain_text("waits")
        expect(rows.nth(2)).to_contain_text("replayed")

        page.get_by_role("button", name="Discard them").click()
        page.get_by_label("Why").fill("too old to matter")
        page.keyboard.press("Enter")
        expect(rows.nth(1)).to_contain_text("discarded")
        shop.append("clicks", [_click(5, 59)])
        until(lambda: shop.rows("SELECT began, n FROM counts WHERE began = 40") == [[40, 1]], "it did not count")
        assert shop.rows("SELECT began, n FROM counts WHERE began = 0") == [[0, 1]]


@pytest.mark.real
def test_a_row_whose_own_time_has_passed_says_so_before_it_is_replayed(page: Page, tmp_path: Path) -> None:
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "late", RUNNING, name="counts")) as shop:
        shop.append("clicks", [_click(1, 30), _click(2, 5)])
        page.goto(f"{shop.url}/rejects?show=late")
        rows = page.get_by_role("grid", name="Late rows").get_by_role("row")
        expect(rows).to_have_count(2)
        page.get_by_role("button", name="Replay the 1 row that waits").click()
        expect(page.get_by_text("over aggregate: its time has passed")).to_be_visible()
