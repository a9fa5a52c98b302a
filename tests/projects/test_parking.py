"""The project `parking` on both days of the clock change, each figure counted again by plain Python."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import penstock
from penstock.apps.parking.city import FACILITIES, City, Faults
from penstock.incidents import incidents_of
from penstock.project.alerts.backtest import backtest
from tests.projects.parking import OSLO, Record, alerts, days, events, fired, project, read, trends, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock
    from tests.projects.parking import Points, Trend

FAULTS = Faults(repeat=0.04, open=0.03, garbage=0.03, jump=0.2, outage=0.03)
STEP = 4
"""Minutes from one question to the next: a day of every minute would test nothing more."""
CHANGES = {"spring": dt.datetime(2025, 3, 30, tzinfo=OSLO), "autumn": dt.datetime(2025, 10, 26, tzinfo=OSLO)}


@dataclass(frozen=True)
class Ran:
    project: Penstock
    day: dt.date
    records: list[Record]

    @cached_property
    def events(self) -> list[Record]:
        return events(self.records)

    @cached_property
    def trends(self) -> dict[tuple[str, int], Trend]:
        return trends(self.events)


def record(facility: str, date: str, time: str, free: str) -> str:
    return json.dumps({"Dato": date, "Klokkeslett": time, "Sted": facility, "Antall_ledige_plasser": free})


def odd(day: dt.datetime) -> list[tuple[int, str]]:
    """Records that the city does not send of itself: one for each rule at noon, and a place that is full soon."""
    polled, date = round(day.timestamp() * 1000) + 12 * 3_600_000, day.strftime("%d.%m.%Y")
    ramp = [
        (polled + n * 120_000, record("Ramp", date, f"{_hour(day, 12)}:{2 * n:02}", str(14 - 2 * n))) for n in range(8)
    ]
    return [
        (polled, record("Harbour", date, "02:30", "7")),
        (polled, record("Tunnel", f"31.02.{day.year}", "10:00", "7")),
        (polled, record("Cellar", date, "noon", "7")),
        (polled, record("  ", date, "10:00", "7")),
        (polled, record("Roof", date, "23:00", "7")),
        (polled, "{}"),
        *ramp,
    ]


def _hour(day: dt.datetime, hours: int) -> int:
    """What a clock shows so many hours after midnight."""
    return dt.datetime.fromtimestamp(day.timestamp() + hours * 3600, OSLO).hour


@pytest.fixture(scope="module", params=CHANGES)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """From three hours before the day until five after it."""
    day = CHANGES[request.param]
    city = City(7, FAULTS)
    first = round(day.timestamp()) // 60 - 180
    minutes = np.arange(first, first + 33 * 60, STEP)
    found = city.published(minutes[~city.out(minutes)])
    feed = [(minute * 60_000 + 7_000, value) for minute, value in found.select("minute", "value").iter_rows()]
    feed = sorted([*feed, *odd(day)], key=lambda one: one[0])
    with penstock.open(project(tmp_path_factory.mktemp("parking") / "p")) as p:
        values = [value.encode() for _, value in feed]
        p.append("parking_feed", pl.DataFrame({"value": values, "timestamp": [polled for polled, _ in feed]}))
        p.run(bounded=True)
        yield Ran(p, day.date(), [read(*one) for one in feed])


def test_each_reading_is_there_once_at_its_moment(ran: Ran) -> None:
    columns = "facility, CAST(epoch(reading_time) / 60 AS BIGINT), status, free_spaces"
    found = ran.project.query(f"SELECT {columns} FROM stavanger_parking_events").rows()
    wanted = [
        (e.facility, e.minute, "open" if e.text == "Open" else "count", None if e.text == "Open" else int(e.text))
        for e in ran.events
    ]
    assert len(wanted) > 3_000
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_the_moments_are_those_in_which_the_city_counted(ran: Ran) -> None:
    """The hour that comes twice, and the one that is left out: the city knows which minute it told of."""
    told = City(7, FAULTS).published(np.unique([r.polled // 60_000 for r in ran.records if r.facility == "Forum"]))
    good = told.filter(pl.col("value").str.contains(r'plasser":"(?:[0-9]{1,6}|Open)"'))
    asked = "SELECT facility, CAST(epoch(reading_time) / 60 AS BIGINT) FROM stavanger_parking_events"
    odd_ones = {"Harbour", "Ramp"}
    found = {row for row in ran.project.query(asked).rows() if row[0] not in odd_ones}
    assert found == set(good.select("facility", "reading").rows())
    hours = ran.project.query(
        "SELECT DISTINCT hour(reading_time) FROM stavanger_parking_events"
        f" WHERE CAST(timezone('Europe/Oslo', reading_time) AS DATE) = DATE '{ran.day}'"
    ).rows()
    assert len(hours) == (23 if ran.day.month == 3 else 24)


def test_rules_fire_and_are_resolved(ran: Ran) -> None:
    asked = 'SELECT "rule", facility, state, CAST(epoch_ms(since) AS BIGINT) FROM data_quality_alerts'
    found = {(rule, facility): (state, since) for rule, facility, state, since in ran.project.query(asked).rows()}
    assert found == alerts(ran.records)
    rules = {rule for rule, _ in found}
    missing = {"missing_hour"} if ran.day.month == 3 else set()
    assert rules == {"no_count", "no_facility", "bad_time", "future_time"} | missing
    assert (("missing_hour", "Harbour") in found) == (ran.day.month == 3)
    asked = "SELECT sample, severity FROM data_quality_alerts WHERE facility = 'Tunnel'"
    assert ran.project.query(asked).rows() == [(f"31.02.{ran.day.year} 10:00 7", "critical")]


def test_trend_full_soon_and_anomaly(ran: Ran) -> None:
    columns = (
        "facility, CAST(epoch(reading_time) / 60 AS BIGINT), free_spaces, highest_30d, readings_15m, trend, jump_5m,"
        " usual_range, falling, full_soon, anomaly"
    )
    found = {row[:2]: row[2:] for row in ran.project.query(f"SELECT {columns} FROM parking_trend").rows()}
    counts = {(e.facility, e.minute): int(e.text) for e in ran.events if e.text != "Open"}
    wanted = ran.trends
    late = ran.project.late().height
    assert len(found) + late == len(counts) == len(wanted)
    assert late <= 2  # Harbour, where its time is there, tells of the night
    soon = strange = silent = 0
    for key, (free, highest, readings, slope, jump, usual, falling, full_soon, anomaly) in found.items():
        trend = wanted[key]
        assert (free, highest, readings, jump) == (counts[key], trend.highest, trend.readings, trend.jump)
        assert slope == (None if trend.slope is None else pytest.approx(trend.slope, abs=1e-9))
        assert usual == (None if trend.usual is None else pytest.approx(trend.usual, abs=1e-9))
        assert falling == trend.falling
        assert full_soon == (free < 10 and trend.falling)
        assert anomaly == (None if trend.usual is None else trend.jump > 0.4 * trend.usual)
        soon, strange, silent = soon + full_soon, strange + bool(anomaly), silent + (anomaly is None)
    assert min(soon, strange, silent) > 0


def test_the_days_of_oslo(ran: Ran) -> None:
    columns = "facility, day, readings, expected_readings, minimum, hour_of_minimum, minutes_under_10"
    found = {row[:2]: row[2:] for row in ran.project.query(f"SELECT {columns} FROM parking_daily").rows()}
    assert found == days(ran.events)
    assert found["Forum", ran.day][1] == (1380 if ran.day.month == 3 else 1500)


def test_each_facility_as_it_is_now(ran: Ran) -> None:
    newest = {}
    for event in sorted(ran.events, key=lambda e: e.minute):
        newest[event.facility] = (event.minute, None if event.text == "Open" else int(event.text))
    asked = "SELECT facility, CAST(epoch(reading_time) / 60 AS BIGINT), free_spaces FROM parking_now"
    assert {facility: tuple(rest) for facility, *rest in ran.project.query(asked).rows()} == newest


def test_occupancy_is_of_the_capacity_or_of_the_highest_count(ran: Ran) -> None:
    found = {row["facility"]: row for row in ran.project.ask_saved("occupancy", {}).dicts()}
    free = dict(ran.project.query("SELECT facility, free_spaces FROM parking_now").rows())
    spaces = {f.name: f.spaces for f in FACILITIES}
    highest: dict[str, int] = {}
    for event in ran.events:
        if event.text != "Open":
            highest[event.facility] = max(highest.get(event.facility, 0), int(event.text))
    assert found.keys() == free.keys() > spaces.keys()
    for facility, row in found.items():
        assert row["estimated"] == (facility not in spaces)
        assert row["capacity"] == spaces.get(facility, highest[facility])
        if free[facility] is not None:
            assert row["occupancy"] == pytest.approx(1 - free[facility] / row["capacity"])
    assert ran.project.ask_saved("quality", {}).frame.height == len(alerts(ran.records))


def test_no_row_is_lost(ran: Ran) -> None:
    ledger = ran.project.ledger()
    fates = ("passed", "filtered", "superseded", "expired", "late", "rejected", "held")
    assert ledger.filter(pl.sum_horizontal(fates) != pl.col("carried") + pl.col("taken")).rows() == []
    assert ran.project.rejects().height == 0


FIVE, YEAR = 300_000, 365 * 86_400_000
RULES = {"full_soon": (FIVE, FIVE), "anomaly": (FIVE, FIVE), "no_count": (YEAR, 0), "bad_record": (YEAR, 0)}
"""After which silence of a key its condition no longer holds, and how long it must be over: in ms."""


def holding(ran: Ran, rule: str) -> Points:
    """When the condition of a rule held, from the records alone."""
    if rule == "no_count":
        return turns(ran.records, rule)
    if rule == "bad_record":
        return turns(ran.records, "no_facility", "bad_time", "missing_hour", "future_time")
    counts = {(e.facility, e.minute): int(e.text) for e in ran.events if e.text != "Open"}
    points: Points = {}
    for (facility, minute), trend in sorted(ran.trends.items(), key=lambda one: one[0][1]):
        strange = trend.usual is not None and trend.jump > 0.4 * trend.usual
        soon = trend.falling and counts[facility, minute] < 10
        points.setdefault((facility,), []).append((minute * 60_000, strange if rule == "anomaly" else soon))
    return points


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_fires_where_its_condition_begins_and_ends_with_it(ran: Ran, rule: str) -> None:
    """What the newest answer says counts when the next one comes: nothing is known to be complete before."""
    newest = ran.records[-1].polled - 1
    if rule in ("full_soon", "anomaly"):
        newest = max(e.minute for e in ran.events if e.text != "Open") * 60_000
    wanted = fired(holding(ran, rule), *RULES[rule], newest)
    assert wanted
    live = [i for i in incidents_of(ran.project.log) if i.rule == rule and i.kind != "rule"]
    assert sorted((tuple(i.key.values()), i.start, i.end) for i in live) == wanted
    tested = backtest(ran.project, ran.project.alerts.get(rule)).select("key", pl.col("start", "end").dt.epoch("ms"))
    assert sorted((tuple(json.loads(key).values()), *times) for key, *times in tested.rows()) == wanted
