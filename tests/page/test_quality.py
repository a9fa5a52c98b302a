"""Rows that quality rules have set aside are looked at, mended and brought in again; uptime is a bar for each day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cli.shell import make_project
from tests.page.browser import Running
from tests.page.test_views import look
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

RULES = """
on = "orders"
[rules.sane]
range = "amount"
from = 0
then = "quarantine"
"""
ORDERS = [
    {"id": n, "customer": "007", "amount": amount, "ts": f"2026-01-01 00:00:0{n}"} for n, amount in ((1, 5.0), (2, -7))
]


def shop(folder: Path) -> Path:
    make_project(folder)
    (folder / "quality").mkdir()
    (folder / "quality" / "orders.toml").write_text(RULES)
    return folder


@pytest.mark.real
def test_a_row_that_breaks_a_rule_is_fixed_and_brought_in(page: Page, tmp_path: Path) -> None:
    with serve(shop(tmp_path / "shop"), rows=0) as served:
        assert served.post("/api/topics/orders/records", ORDERS)["refused"] == 0
        until(lambda: served.penstock.rejects().height == 1, "no row is set aside")
        page.goto(served.serving.url)
        page.get_by_role("navigation", name="Views").get_by_role("link", name="Quality").click()
        expect(page.get_by_role("grid", name="Rules").get_by_role("row").nth(1)).to_contain_text("broken")
        wide = page.viewport_size
        assert wide is not None
        page.set_viewport_size({"width": 390, "height": 844})
        for heading in ("Broke it", "Last time"):
            expect(page.get_by_role("columnheader", name=heading)).to_be_in_viewport(ratio=0.7)
        page.set_viewport_size(wide)
        rows = page.get_by_role("grid", name="Rows that were set aside")
        rows.get_by_role("row").nth(1).click()
        sheet = page.get_by_role("dialog", name="Row 1")
        expect(sheet.get_by_text("orders.sane", exact=True)).to_be_visible()
        expect(sheet.get_by_role("button", name="Fix it")).to_be_disabled()
        sheet.get_by_label("amount").fill("7")
        expect(sheet.get_by_text("penstock quality fix DIR 1 --set amount=7")).to_be_visible()
        sheet.get_by_role("button", name="Fix it").click()
        expect(sheet.get_by_role("status")).to_have_text("fixed")
        sheet.get_by_role("button", name="Replay it", exact=True).click()
        expect(sheet.get_by_role("status")).to_have_text("replayed")
        values = [value for frame in served.penstock.log.read("orders") for value in frame["value"]]
        assert json.loads(values[-1]) == {**ORDERS[1], "amount": 7}


@pytest.mark.real
def test_a_row_of_a_load_is_set_aside_again_and_given_up(page: Page, tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    for name, text in {
        "jobs.toml": '[jobs.nightly]\nkind = "load"\n',
        "sources/customers.toml": 'kind = "csv"\npath = "data/customers.csv"\n',
        "quality/customers.toml": RULES.replace('"orders"', '"staging.customers"').replace("amount", "age"),
        "data/customers.csv": "id,age\n1,20\n2,-7\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with serve(folder, rows=0) as served:
        run = served.post("/api/jobs/nightly/runs", {}, 202)["id"]
        until(lambda: served.penstock.quality.rows().height == 1, "no row is set aside")
        page.goto(f"{served.serving.url}runs/{run}")
        steps = page.get_by_role("list", name="Steps")
        expect(steps.get_by_text("schemas/customers.toml", exact=True)).to_be_visible()
        expect(steps.get_by_text("customers.sane 1", exact=True)).to_be_visible()
        page.goto(f"{served.serving.url}quality")
        rows = page.get_by_role("grid", name="Rows that were set aside")
        rows.get_by_role("row").nth(1).click()
        sheet = page.get_by_role("dialog", name="Row ")
        sheet.get_by_role("button", name="Replay it as it is").click()
        told = sheet.get_by_role("list", name="What became of them")
        expect(told).to_have_text("Source customers: 1 row read, 0 loaded, 1 set aside again: customers.sane 1")
        sheet.get_by_role("button", name="Discard").click()
        why = page.get_by_role("dialog", name="Discard 1 row")
        expect(why.get_by_role("button", name="Discard", exact=True)).to_be_disabled()
        why.get_by_label("Why").fill("a test")
        expect(why.get_by_text("--because 'a test'")).to_be_visible()
        why.get_by_role("button", name="Discard", exact=True).click()
        expect(sheet.get_by_role("status")).to_have_text("discarded")
        expect(sheet.get_by_text(": a test")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("group", name="Which rows").get_by_text("Discarded").click()
        expect(rows.get_by_role("row").nth(1)).to_contain_text("discarded")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(shop(tmp_path_factory.mktemp("quality") / "shop")) as project:
        project.append("orders", ORDERS)
        until(lambda: project.rows("SELECT 1 FROM quality_results WHERE broken > 0"), "no rule is broken")
        yield project


@pytest.mark.real
@pytest.mark.parametrize(
    ("address", "title", "text"),
    [
        ("/quality?rule=orders.sane", "Quality", "Rows of orders that broke orders.sane"),
        ("/quality", "Quality", "orders.sane"),
        ("/uptime", "Uptime", "disk"),
    ],
)
def test_a_view_of_quality_opens(page: Page, running: Running, address: str, title: str, text: str) -> None:
    look(page, running, address, title, text)
