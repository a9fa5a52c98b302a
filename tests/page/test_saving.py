"""A question of the SQL page becomes a panel, an endpoint, an alert and a pipeline: files of the project."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

ASKED = "SELECT id, amount, ts FROM orders WHERE amount > 10"


@pytest.mark.real
def test_a_question_is_saved_as_each(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    with serve(folder) as served:
        page.goto(f"{served.serving.url}sql?q={ASKED.replace(' ', '+')}")
        expect(page.get_by_role("grid", name="Answer")).to_be_visible()
        page.get_by_role("button", name="Run").click()
        page.get_by_role("button", name="Save as").click()
        sheet = page.get_by_role("dialog")

        sheet.get_by_label("Title").fill("Large orders")
        sheet.get_by_label("Shown as").select_option("Table")
        sheet.get_by_role("button", name="Save the panel").click()
        expect(sheet.get_by_role("status")).to_contain_text("Saved: it is the last panel of Large orders")
        (panel,) = tomllib.loads((folder / "dashboards" / "large-orders.toml").read_text())["panels"]
        assert (panel["kind"], panel["query"]) == ("table", ASKED)

        sheet.get_by_role("button", name="Endpoint").click()
        sheet.get_by_label("What it is about").fill("Large orders")
        sheet.get_by_role("button", name="Save the endpoint").click()
        expect(sheet.get_by_role("status")).to_contain_text("queries/large_orders.sql")
        assert len(served.get("/api/queries/large_orders")["rows"]) == len(
            served.post("/api/query", {"sql": ASKED})["rows"]
        )

        sheet.get_by_role("button", name="Alert").click()
        sheet.get_by_label("Title").fill("Large orders")
        sheet.get_by_label("Condition").fill("amont > 100")
        sheet.get_by_role("button", name="Test it").click()
        expect(sheet.get_by_role("alert")).to_contain_text("did you mean amount?")
        sheet.get_by_label("Condition").fill("amount > 100")
        sheet.get_by_role("button", name="Test it").click()
        expect(sheet.get_by_role("status")).to_contain_text("It would have fired")
        sheet.get_by_role("button", name="Save the alert").click()
        expect(sheet.get_by_role("status")).to_contain_text("alerts/large_orders.toml")
        rule = tomllib.loads((folder / "alerts" / "large_orders.toml").read_text())
        assert (rule["query"], rule["when"]) == (ASKED, "amount > 100")

        sheet.get_by_role("button", name="Pipeline").click()
        sheet.get_by_label("Name of its table").fill("Large orders")
        sheet.get_by_role("button", name="Save the pipeline").click()
        expect(sheet.get_by_role("list", name="What is changed")).to_contain_text("large_orders is added")
        sheet.get_by_role("button", name="Apply it").click()
        expect(sheet.get_by_role("status")).to_contain_text("Applied: large_orders is added")
        until(lambda: served.get("/api/pipelines/large_orders")["state"] == "running", "it does not run")

        sheet.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Explain").click()
        graph = page.get_by_role("group", name="Graph of the operators")
        expect(graph).to_contain_text("source orders")
        expect(graph).to_contain_text("where (amount > 10)")

        page.reload()
        page.get_by_label("Asked").select_option(index=1)
        editor = page.get_by_role("textbox", name="SQL")
        expect(editor).to_contain_text("amount > 10")
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type("SELECT date_tr")
        expect(page.get_by_role("option", name="date_trunc")).to_contain_text("(part, timestamp)")
