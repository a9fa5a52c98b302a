"""Jobs are looked at, begun, followed, ended and tried again as a person does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
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

KEPT = """
CREATE TABLE kept (id BIGINT, customer STRING) WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'json');
"""
JOBS = """
[jobs.keep]
kind = "sql"
description = "What is kept of orders"
schedule = "0 2 * * *"
zone = "Europe/Zurich"
parameters = ["first BIGINT = 0  The first order that counts."]
sql = "INSERT INTO kept SELECT id, customer FROM orders WHERE id >= $first"

[jobs.load]
kind = "command"
parameters = ["day DATE  Whose files are loaded."]
command = ["python3", "load.py", "{day}"]

[jobs.send]
kind = "command"
after = ["keep"]
retries = 0
command = ["python3", "send.py"]

[jobs.wrong]
kind = "sqll"
"""
LOAD = """
import pathlib, sys, time
print("begins for", sys.argv[1], flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.05)
print("goes on", flush=True)
"""
SEND = "import pathlib, sys; sys.exit(0 if pathlib.Path('mended').exists() else 'no answer')"


def shop(folder: Path) -> Path:
    make_project(folder)
    for name, text in (("sql/02-kept.sql", KEPT), ("jobs.toml", JOBS), ("load.py", LOAD), ("send.py", SEND)):
        (folder / name).write_text(text)
    return folder


@pytest.mark.real
def test_a_job_is_run_and_followed_to_its_end(page: Page, tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    with serve(folder, rows=0) as served:
        page.goto(served.serving.url)
        page.get_by_role("navigation", name="Views").get_by_role("link", name="Jobs").click()
        jobs = page.get_by_role("table", name="Jobs")
        expect(jobs.get_by_role("row", name="What is kept of orders")).to_contain_text(
            "every day at 02:00, Europe/Zurich"
        )
        expect(jobs.get_by_role("row", name="wrong")).to_contain_text("job 'wrong' needs a kind, and 'sqll' is none")
        jobs.get_by_role("button", name="Run load now").click()
        sheet = page.get_by_role("dialog", name="Run load")
        expect(sheet.get_by_role("button", name="Run it now")).to_be_disabled()
        sheet.get_by_label("day").fill("today")
        sheet.get_by_role("button", name="Run it now").click()
        expect(sheet.get_by_role("alert")).to_contain_text("day is a date, 2026-01-31 (DATE), this is 'today'")
        sheet.get_by_label("day").fill("2026-01-31")
        expect(sheet.get_by_text("penstock job run DIR load --param day=2026-01-31")).to_be_visible()
        sheet.get_by_role("button", name="Run it now").click()

        log = page.get_by_role("log", name="Log of the run")
        expect(log).to_contain_text("begins for 2026-01-31")
        run = page.get_by_role("region", name="The run")
        expect(run).to_contain_text("running")
        (folder / "go").touch()
        expect(log).to_contain_text("goes on")
        expect(run).to_contain_text("success")
        expect(page.get_by_role("list", name="Steps")).to_contain_text("done")
        (told,) = served.get("/api/jobs/load/runs")
        assert (told["state"], told["parameters"]) == ("success", {"day": "2026-01-31"})
        page.get_by_role("main").get_by_role("link", name="load", exact=True).click()
        expect(page.get_by_role("region", name="Its last runs")).to_contain_text("100")
        expect(page.get_by_role("grid", name="Runs").get_by_role("row")).to_have_count(2)
        grid = page.get_by_role("table", name="Run by run")
        expect(grid.get_by_role("row", name="command")).to_contain_text("done")
        grid.get_by_role("link").click()
        expect(page.get_by_role("log", name="Log of the run")).to_contain_text("goes on")


@pytest.mark.real
def test_a_run_that_failed_says_why_and_is_tried_again(page: Page, tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    with serve(folder, rows=0) as served:
        page.goto(f"{served.serving.url}jobs/send")
        page.get_by_role("button", name="Run now…").click()
        page.get_by_role("button", name="Run it now").click()
        failure = page.get_by_role("region", name="It failed in command")
        expect(failure.get_by_role("alert")).to_contain_text("no answer")
        expect(failure).to_contain_text("What the program wrote stands in the log below")
        (folder / "mended").touch()
        page.get_by_role("button", name="Try again…").click()
        page.get_by_role("button", name="Try again", exact=True).click()
        expect(page.get_by_role("region", name="The run")).to_contain_text("success")
        expect(failure).to_have_count(0)
        expect(page.get_by_role("grid", name="Attempts").get_by_role("row")).to_have_count(3)


@pytest.mark.real
def test_runs_are_cancelled_and_made_for_moments_that_have_passed(page: Page, tmp_path: Path) -> None:
    with serve(shop(tmp_path / "shop"), rows=0) as served:
        begun = served.call("POST", "/api/jobs/load/runs", 202, json={"parameters": {"day": "2026-01-31"}})["id"]
        page.goto(f"{served.serving.url}runs/{begun}")
        expect(page.get_by_role("log", name="Log of the run")).to_contain_text("begins for")
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_role("button", name="Cancel it").click()
        expect(page.get_by_role("region", name="The run")).to_contain_text("cancelled, ended by")

        page.goto(f"{served.serving.url}jobs/keep")
        page.get_by_role("button", name="Pause keep").click()
        expect(page.get_by_role("region", name="The job")).to_contain_text("Paused by")
        page.get_by_role("button", name="Resume keep").click()
        expect(page.get_by_role("region", name="The job")).to_contain_text("Next runs")
        expect(page.get_by_role("region", name="The job")).to_contain_text(re.compile(r":00:00 [A-Z]\S+, in \d"))
        page.get_by_role("button", name="Backfill…").click()
        sheet = page.get_by_role("dialog", name="Backfill keep")
        sheet.get_by_label("From").fill("soon")
        expect(sheet.get_by_text("A day such as 2026-01-31")).to_be_visible()
        sheet.get_by_label("From").fill("2026-01-05")
        sheet.get_by_label("Before").fill("2026-01-04")
        expect(sheet.get_by_text("It is not after the first moment.")).to_be_visible()
        sheet.get_by_label("From").fill("2026-01-01T02:00")
        expect(sheet.get_by_text("days and times are those of Europe/Zurich")).to_be_visible()
        sheet.get_by_role("button", name="Make the runs").click()
        expect(sheet.get_by_role("status")).to_contain_text("3 runs are made")
        made = served.get("/api/jobs/keep/runs")
        assert sorted(one["scheduled"] for one in made) == [1_767_229_200_000 + n * 86_400_000 for n in range(3)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A project, and a run of it that has ended."""
    with Running(shop(tmp_path_factory.mktemp("jobs") / "shop")) as project:
        begun = httpx.post(f"{project.url}/api/jobs/keep/runs", json={}, timeout=60).json()["id"]
        ended = f"{project.url}/api/runs/{begun}"
        until(lambda: httpx.get(ended, timeout=60).json()["state"] == "success", "the run does not end")
        yield project, begun


@pytest.mark.real
@pytest.mark.parametrize(
    ("address", "title", "text"),
    [
        ("/jobs", "Jobs", "What is kept of orders"),
        ("/jobs/keep", "keep", "Next runs"),
        ("/runs/{run}", "{run}", "kept"),
    ],
)
def test_a_view_of_jobs_opens(page: Page, running: tuple[Running, str], address: str, title: str, text: str) -> None:
    project, run = running
    look(page, project, address.format(run=run), title.format(run=run), text)
