"""Alerts as a person meets them: what fires is on the overview, is looked after, silenced, and tested."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.incidents.receivers import Receiver
from tests.parts import until
from tests.project.test_alerts import SLOW, make, samples
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

CHANNEL = '[network]\nallow = ["127.0.0.1"]\n[notify.hook]\ntype = "webhook"\nurl = "{url}"\n'
DASHBOARD = """\
title = "Calls"
[[panels]]
id = "latency"
title = "Latency"
kind = "line"
query = "SELECT ts, ms, meeting FROM latency ORDER BY ts"
x = "ts"
series = "meeting"
[[panels.alerts]]
rule = "slow"
"""


@pytest.mark.real
def test_what_fires_is_seen_looked_after_and_silenced(page: Page, tmp_path: Path) -> None:
    with Receiver() as receiver:
        rule = SLOW + 'notify = ["hook"]\n'
        rules = {"slow": rule, "bad": 'table = "latenci"', "none": 'table = "latest"'}
        folder = make(tmp_path / "calls", CHANNEL.format(url=receiver.url), **rules)
        (folder / "dashboards").mkdir()
        (folder / "dashboards" / "calls.toml").write_text(DASHBOARD)
        with serve(folder, rows=0) as served:
            start = dt.datetime.fromtimestamp(served.penstock.clock.now_ms() // 1000 - 300, dt.UTC)
            values = ((0, 300), (60, 310), (120, 320), (180, 330))
            served.penstock.append("latency", samples("a", *values, start=start) + samples("b", (185, 90), start=start))
            until(lambda: bool(receiver.got), "nobody is told")
            page.goto(served.serving.url)
            expect(page.get_by_role("link", name="Alert rule bad is wrong")).to_contain_text("latenci")
            page.get_by_role("link", name="Slow: a fires").click()

            sheet = page.get_by_role("dialog", name="Slow: a")
            expect(sheet.get_by_role("list", name="Who was told")).to_contain_text("hook was told that it is firing")
            course = sheet.get_by_role("list", name="How it went")
            expect(course.get_by_role("listitem")).to_have_count(2)
            sheet.get_by_label("What is known about it").fill("the line is being mended")
            sheet.get_by_role("button", name="Acknowledge").click()
            expect(course).to_contain_text("the line is being mended")
            sheet.get_by_role("button", name="Silence").click()
            page.get_by_label("For", exact=True).select_option("8 h")
            page.get_by_label("Why").fill("known")
            expect(
                page.get_by_text("penstock alert silence DIR slow --key meeting=a --for '8 h' --note known")
            ).to_be_visible()
            page.get_by_role("button", name="Silence it").click()
            sheet.get_by_role("button", name="Close").click()
            silences = page.get_by_role("list", name="Silences")
            expect(silences).to_contain_text("slow meeting=a")
            silences.get_by_role("button", name="End the silence").click()
            expect(silences).to_have_count(0)
            assert served.get("/api/silences") == []

            page.get_by_role("grid", name="Rules").get_by_role("link", name="slow").click()
            page.get_by_role("button", name="Test it").click()
            expect(page.get_by_text("It would have fired 1 time.")).to_be_visible()
            expect(page.get_by_role("grid", name="Would have fired")).to_contain_text("Slow: a")
            page.get_by_role("link", name="Calls", exact=True).click()
            page.get_by_role("button", name="Marked is when slow would have fired").click()
            chart = page.get_by_role("img", name="Latency")
            expect(chart).to_have_attribute("aria-label", re.compile("1 incident: Slow: a, acknowledged"))
            page.get_by_role("link", name="Overview").click()
            expect(page.get_by_role("link", name="Slow: a fires")).to_have_count(0)
            page.get_by_text("to know, with nothing to do").click()
            expect(page.get_by_role("link", name="looks after it")).to_contain_text("the line is being mended")


DOORS = """
CREATE TABLE doors (id BIGINT, n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka',
  'topic' = 'doors', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
"""


@pytest.mark.real
def test_one_key_of_many_digits_is_silenced_and_not_its_neighbour(page: Page, tmp_path: Path) -> None:
    folder = make(tmp_path / "calls", doors='table = "doors"\nwhen = "n > 0"\nkey = ["id"]\ntitle = "Door {id}"\n')
    with (folder / "sql" / "calls.sql").open("a") as file:
        file.write(DOORS)
    with serve(folder, rows=0) as served:
        start = dt.datetime.fromtimestamp(served.penstock.clock.now_ms() // 1000 - 300, dt.UTC).replace(tzinfo=None)
        rows = [{"id": 2**53 + 1, "n": 1, "ts": start + dt.timedelta(seconds=s)} for s in (0, 60)]
        served.penstock.append("doors", rows)
        until(lambda: bool(served.get("/api/incidents")), "it does not fire")
        page.goto(served.serving.url)
        page.get_by_role("link", name="Door 9007199254740993 fires").click()
        sheet = page.get_by_role("dialog", name="Door 9007199254740993")
        sheet.get_by_role("button", name="Silence").click()
        page.get_by_role("button", name="Silence it").click()
        expect(page.get_by_role("list", name="Silences", include_hidden=True)).to_contain_text(
            "doors id=9007199254740993"
        )
        assert [one["key"] for one in served.get("/api/silences")] == [{"id": "9007199254740993"}]


@pytest.mark.real
def test_a_rule_is_made_changed_and_deleted(page: Page, tmp_path: Path) -> None:
    folder = make(tmp_path / "calls", slow="# kept by the callers\n" + SLOW)
    with serve(folder, rows=0) as served:
        served.penstock.append("latency", samples("a", (0, 300), (60, 310), (120, 320), (180, 330)))
        page.goto(f"{served.serving.url}alerts")
        page.get_by_role("button", name="New rule").click()
        sheet = page.get_by_role("dialog", name="A new rule")
        sheet.get_by_label("Name").fill("Fast")
        expect(sheet.get_by_text("Small letters, digits, - and _")).to_be_visible()
        sheet.get_by_label("Name").fill("slow")
        expect(sheet.get_by_text("There is a rule of this name.")).to_be_visible()
        sheet.get_by_label("Name").fill("fast")
        sheet.get_by_label("The file").fill('table = "latenci"\n')
        sheet.get_by_role("button", name="Save").click()
        expect(sheet.get_by_role("alert")).to_contain_text("there is no table or view 'latenci'")
        assert not (folder / "alerts" / "fast.toml").exists()
        sheet.get_by_label("The file").fill(SLOW.replace("200", "305"))
        sheet.get_by_role("button", name="Test it").click()
        expect(sheet.get_by_role("status")).to_contain_text("It would have fired 1 time over all that is kept.")
        sheet.get_by_role("button", name="Save").click()
        expect(sheet.get_by_role("status")).to_contain_text("Saved as alerts/fast.toml")
        assert (folder / "alerts" / "fast.toml").read_text() == SLOW.replace("200", "305")

        file = folder / "alerts" / "slow.toml"
        page.goto(f"{served.serving.url}alerts/slow")
        page.get_by_role("button", name="Edit").click()
        sheet = page.get_by_role("dialog", name="alerts/slow.toml")
        text = sheet.get_by_label("The file")
        expect(text).to_have_value(file.read_text())
        text.fill(file.read_text().replace("200", "250"))
        file.write_text(file.read_text().replace("callers", "listeners"))
        sheet.get_by_role("button", name="Save").click()
        expect(sheet.get_by_role("alert")).to_contain_text("-# kept by the listeners")
        assert "200" in file.read_text()
        sheet.get_by_role("button", name="Take what the file has").click()
        expect(text).to_have_value(file.read_text())
        text.fill(file.read_text().replace("200", "250"))
        sheet.get_by_role("button", name="Save").click()
        expect(sheet.get_by_role("status")).to_contain_text("Saved as alerts/slow.toml")
        assert file.read_text() == "# kept by the listeners\n" + SLOW.replace("200", "250")
        sheet.get_by_text("Close", exact=True).click()

        page.get_by_role("button", name="Delete…").click()
        sheet = page.get_by_role("dialog", name="Delete slow")
        expect(sheet.get_by_text("alerts/slow.toml goes, 8 lines")).to_be_visible()
        expect(sheet.get_by_role("button", name="Delete the rule")).to_be_disabled()
        sheet.get_by_label("Type slow to do it").fill("slow")
        sheet.get_by_role("button", name="Delete the rule").click()
        expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()
        assert not file.exists()
        acts = [one["act"] for one in served.get("/api/audit?limit=3")["changes"]]
        assert acts == ["alert-delete", "alert-save", "alert-save"]


@pytest.mark.real
def test_a_job_that_has_failed_leads_to_its_run(page: Page, tmp_path: Path) -> None:
    folder = make(tmp_path / "calls")
    (folder / "jobs.toml").write_text(
        '[jobs.night]\nkind = "command"\nretries = 0\ncommand = ["sh", "-c", "echo no answer; exit 1"]\n'
    )
    with serve(folder, rows=0) as served:
        run = served.penstock.jobs.begin("night", {})
        until(lambda: bool(served.get("/api/incidents")), "it does not fail")
        page.goto(served.serving.url)
        page.get_by_role("link", name="Job night has failed").click()
        sheet = page.get_by_role("dialog", name="Job night has failed")
        expect(sheet).to_contain_text("step command: sh exited with code 1")
        expect(sheet).to_contain_text("command: no answer")
        expect(sheet.get_by_role("link", name="night", exact=True)).to_have_attribute("href", "/jobs/night")
        sheet.get_by_role("link", name=run.id).click()
        expect(page).to_have_url(f"{served.serving.url}runs/{run.id}")
