"""A person of the parking office looks at the map, sees a car park fill, and opens it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import expect

from penstock.apps.parking.city import FACILITIES, ZONE, City, Faults
from penstock.apps.parking.serving import CityServer
from penstock.core.clock import SystemClock
from tests.cli.shell import call
from tests.page.browser import Running
from tests.page.test_views import look
from tests.parts import until
from tests.projects.parking import project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def parking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running page over the last two days of a city that answers."""
    faults = Faults(repeat=0.03, late=0.01, open=0.01, garbage=0.02, jump=0.05)
    with CityServer(City(faults=faults), SystemClock(), port=0) as city:
        port = int(city.url.rsplit(":", 1)[1].partition("/")[0])
        folder = project(tmp_path_factory.mktemp("page") / "parking", port)
        call("simulate", "parking", "--history", 2, "--malformed", 0.02, "--anomaly", 0.05, "--into", folder)
        with Running(folder) as running:
            until(lambda: running.rows("SELECT 1 FROM parking_trend WHERE anomaly"), "nothing is out of the ordinary")
            yield running


def reading(free: int) -> dict[str, str]:
    """A reading of this minute, of a car park that the city does not have."""
    local = dt.datetime.now(ZoneInfo(ZONE))  # noqa: TID251  # as the city would write it
    said = {"Dato": local.strftime("%d.%m.%Y"), "Klokkeslett": local.strftime("%H:%M"), "Sted": "Harbour"}
    return {**said, "Latitude": "58.9741", "Longitude": "5.7300", "Antall_ledige_plasser": str(free)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("address", "title", "text"),
    [
        ("/dashboards/parking", "Parking", "Where there is room"),
        ("/dashboards/car_park?facility=St.Olav", "St.Olav", "Free spaces over time"),
        ("/streaming", "Overview", "streams"),
        ("/alerts", "Alerts", "source_away"),
    ],
)
def test_a_view_opens(page: Page, parking: Running, address: str, title: str, text: str) -> None:
    look(page, parking, address, title, text)


@pytest.mark.real
def test_a_car_park_is_found_on_the_map_and_opened(page: Page, parking: Running) -> None:
    page.goto(f"{parking.url}/dashboards/parking")
    places = page.get_by_role("list", name="Where there is room").get_by_role("link")
    expect(places).to_have_count(len(FACILITIES))

    def shown() -> bool:
        now = parking.rows("SELECT facility, free_spaces FROM parking_now")
        return sorted(places.all_inner_texts()) == sorted(f"{f} {'null' if n is None else n}" for f, n in now)

    until(shown, "the map has other numbers than the table")
    boxes = {place.inner_text().split()[0]: place.bounding_box() for place in places.all()}
    for one in FACILITIES:
        for other in FACILITIES:
            here, there = boxes[one.name], boxes[other.name]
            assert here is not None
            assert there is not None
            if float(one.longitude) < float(other.longitude):
                assert here["x"] < there["x"]
            if float(one.latitude) < float(other.latitude):
                assert here["y"] > there["y"]

    ingest = f"{parking.url}/api/streaming/ingest/parking_feed"
    for _ in range(2):  # what came is complete when the next answer comes
        assert httpx.post(ingest, json=reading(7), timeout=60).json()["accepted"] == 1
    harbour = places.filter(has_text=re.compile("^Harbour 7$"))
    expect(harbour).to_have_count(1, timeout=PATIENCE_MS)
    harbour.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Harbour", level=1)).to_be_visible()
    expect(page).to_have_url(f"{parking.url}/dashboards/car_park?facility=Harbour")
    page.go_back()
    places.filter(has_text="Kyrre").click()
    expect(page.get_by_role("heading", name="Kyrre", level=1)).to_be_visible()
    sql = "SELECT minimum FROM parking_daily WHERE facility = 'Kyrre' ORDER BY day DESC LIMIT 1"
    newest = page.get_by_role("article", name="Days").get_by_role("row").nth(1)
    until(lambda: str(parking.rows(sql)[0][0]) in newest.inner_text(), "the newest day has another minimum")
