"""What each role finds on each page: whoever may not do a thing is not offered it, and no page fails for anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.test_settings import enter
from tests.server.guarded import PASSWORD, guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.server.guarded import Guarded

ACTS = {
    ("dashboards", "Dashboards"): {"New dashboard": "operator"},
    ("pipelines/orders", "orders"): dict.fromkeys(("Pause", "Stop", "Restart…", "Drain…"), "operator"),
    ("pipelines/orders?show=savepoints", "orders"): {"Keep one now": "operator"},
    ("changes", "Changes"): {"Apply…": "operator"},
    ("topics", "Topics"): {"New topic": "operator"},
    ("topics/orders", "orders"): dict.fromkeys(("Record", "Alter", "Delete"), "operator"),
    ("alerts", "Alerts"): {"New rule": "operator"},
    ("jobs", "Jobs"): dict.fromkeys(("Pause count", "Run count now"), "operator"),
    ("jobs/count", "count"): dict.fromkeys(("Pause count", "Backfill…", "Run now…"), "operator"),
    ("uptime", "Uptime"): {},
    ("quality", "Quality"): {},
    ("settings?show=users", "Settings"): {"Add a user": "admin"},
    ("settings?show=tokens", "Settings"): {"Make a token": "admin"},
    ("sql?q=SELECT+1", "SQL"): {"Save as…": "operator", "Explain": "viewer"},
}
"""By page (its path and its title): the buttons of its acts, and the least role that is offered each."""
USERS = {"vera": "viewer", "otto": "operator", "ada": "admin", "fay": "viewer"}
"""Whom each is treated as: fay is an operator who may see a part of the orders only, and so changes nothing."""
CLOSED = ("pipelines/orders?show=savepoints", "changes", "topics/orders")
"""What fay is refused, with the reason: it has the rows of all."""
INSTEAD = {"jobs/count": "Jobs"}
"""What is shown to fay in the place of a page that is for who sees all rows: its title."""
ROLES = ("viewer", "operator", "admin")
JOBS = """
[jobs.count]
kind = "check"
schedule = "0 2 * * *"
query = "SELECT 1 FROM orders WHERE id < 0"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guard(tmp_path_factory.mktemp("roles") / "shop", engine=True, rows=130) as served:
        (served.penstock.folder / "jobs.toml").write_text(JOBS)
        served.penstock.accounts.add_user("fay", "operator", PASSWORD)
        served.penstock.accounts.set_filter("fay", "orders", {"customer": ["c1"]})
        yield served


@pytest.mark.real
@pytest.mark.parametrize("user", USERS)
def test_acts_are_offered_to_whoever_may_do_them(page: Page, shop: Guarded, user: str) -> None:
    enter(page, shop, user, "")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    for (path, title), acts in ACTS.items():
        page.goto(shop.url + path)
        shown = INSTEAD.get(path, title) if user == "fay" else title
        expect(page.get_by_role("heading", name=shown, level=1)).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        for act, least in acts.items():
            offered = ROLES.index(USERS[user]) >= ROLES.index(least)
            button = page.get_by_role("main").get_by_role("button", name=act, exact=True)
            expect(button, f"{path}: {act}").to_have_count(1 if offered else 0)
        refusal = page.get_by_role("alert")
        if user == "fay" and path in CLOSED:
            expect(refusal, path).to_contain_text("closed to")
        else:
            expect(refusal, path).to_have_count(0)
