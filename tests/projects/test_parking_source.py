"""The source of `parking`: a city over HTTP that is away for an hour."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from penstock.apps.parking.city import FACILITIES, MINUTE_MS, ZONE, City
from penstock.apps.parking.serving import CityServer
from penstock.connectors import connector_named
from penstock.connectors.http.poller import Poller, polled
from penstock.connectors.spec import TableOptions
from penstock.core.clock import ManualClock
from penstock.incidents import incidents_of
from penstock.project.definition import read_definition
from penstock.project.home import HOME
from penstock.project.measures import Measures
from penstock.project.opening import open_project
from penstock.project.penstock import Penstock
from penstock.sql.catalog import Table
from tests.parts import until
from tests.projects.meetings import Afterwards
from tests.projects.parking import project

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

NOON = 29_300_000
"""A minute since 1970, 2025-09-16 05:20 UTC."""


class Away(City):
    """Away from the 20th minute to the 80th."""

    def out(self, minute: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (minute >= NOON + 20) & (minute < NOON + 80)


class Leaping(Afterwards):
    """A clock that goes on by itself, and that can be set forward."""

    def leap(self, ms: int) -> int:
        """Partitions without rows are idle before long, and a rule without them has no data."""
        self._now += ms
        return self._now


def answer(p: Penstock, minute: int, **free: int | str) -> None:
    """What the city says in a minute after NOON of the free spaces of car parks."""
    polled = (NOON + minute) * MINUTE_MS + 7_000
    local = dt.datetime.fromtimestamp(polled / 1000, ZoneInfo(ZONE))
    said = {"Dato": local.strftime("%d.%m.%Y"), "Klokkeslett": local.strftime("%H:%M")}
    values = [json.dumps({**said, "Sted": k, "Antall_ledige_plasser": str(v)}).encode() for k, v in free.items()]
    p.append("parking_feed", pl.DataFrame({"value": values, "timestamp": [polled] * len(values)}))


def open_incidents(p: Penstock) -> set[tuple[str, str]]:
    """(rule, car park or component) of what fires."""
    return {(i.rule, [*i.key.values()][-1]) for i in incidents_of(p.log) if i.kind != "rule" and i.state == "firing"}


def test_what_fires_when_the_source_goes_away_is_neither_ok_nor_over_until_it_is_back(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")  # nobody answers: what the city says is appended here
    settings = folder / "penstock.toml"
    settings.write_text(settings.read_text().replace('interval = "10 s"', 'interval = "1 d"'))
    clock = Leaping((NOON + 9) * MINUTE_MS + 8_000)
    with Penstock(read_definition(folder), folder / HOME, clock) as p:
        for hour in range(25, 0, -1):
            answer(p, -60 * hour, Jump=100 + hour % 10, Ramp=50, Tunnel=7)
        for minute in range(10):
            odd = minute >= 7
            answer(p, minute, Jump=40 if odd else 100, Ramp=max(14 - 2 * minute, 0), Tunnel="?" if odd else 7)
        p.start()
        fires = {("full_soon", "Ramp"), ("anomaly", "Jump"), ("no_count", "Tunnel")}
        until(lambda: clock.leap(1_000) and open_incidents(p) == fires, "what holds does not fire")
        clock.leap(60 * MINUTE_MS)
        measured = Measures(p)
        for _ in range(36):
            clock.leap(10_000)
            measured.write()
        until(lambda: ("source_away", "source.parking_feed") in open_incidents(p), "the outage does not fire")
        states = {state.name: state.state for state in p.alert_states()}
        told = {"source_away": "firing", "processing_lag": "ok"}
        assert states == told | dict.fromkeys(("full_soon", "anomaly", "no_count", "bad_record"), "no data")
        assert fires < open_incidents(p)
        for minute in range(70, 74):
            answer(p, minute, Jump=100, Ramp=50, Tunnel=7)
            clock.leap(MINUTE_MS)
        until(lambda: not fires & open_incidents(p), "what was is not over")
        ended = {i.rule: i.end for i in incidents_of(p.log) if i.kind != "rule"}
        assert ended["full_soon"] == ended["anomaly"] == (NOON + 9 + 5) * MINUTE_MS
        assert ended["no_count"] == (NOON + 70) * MINUTE_MS + 7_000


def test_an_hour_without_an_answer(tmp_path: Path) -> None:
    clock = ManualClock(NOON * MINUTE_MS)
    with CityServer(Away(), clock, port=0) as server:
        port = int(server.url.rsplit(":", 1)[1].partition("/")[0])
        with open_project(project(tmp_path / "p", port)) as p:
            p.clock = clock
            table = p.catalog.find(("parking_feed",))
            assert isinstance(table, Table)
            poller = Poller(TableOptions(table, connector_named(table)), p.world, chance=lambda: 0.0)
            while clock.now_ms() < (NOON + 50) * MINUTE_MS:
                clock.sleep(poller.poll())
            outage = [r for r in p.why() if r.code == "outage"]
            assert [(r.pipeline, r.operator) for r in outage] == [("streams", "source parking_feed")]
            assert f"{server.url} has not answered since 2025-09-16 05:40:" in outage[0].sentence
            assert "HTTP 503 Service Unavailable" in outage[0].sentence
            while clock.now_ms() < (NOON + 110) * MINUTE_MS:
                clock.sleep(poller.poll())
            (state,) = polled(p.log)
            assert (state.since, state.error) == (None, "")
            assert state.failures == server.outages > 20
            p.run(bounded=True)

            assert [r for r in p.why() if r.code == "outage"] == []
            asked = (
                "SELECT CAST(epoch(reading_time) / 60 AS BIGINT) AS minute, count(*), count(trend), min(readings_15m)"
                " FROM parking_trend GROUP BY minute ORDER BY minute"
            )
            rows = {minute - NOON: tuple(rest) for minute, *rest in p.query(asked).rows()}
            back = min(minute for minute in rows if minute >= 80)
            assert back <= 83  # the rest after a failure is half of five minutes at most
            assert set(rows) >= {*range(20), *range(back, 110)}
            assert not {*range(20, 80)} & set(rows)
            every = len(FACILITIES)
            assert rows[0] == rows[back] == (every, 0, 1)
            assert rows[back + 2] == (every, every, 3)  # a trend from three readings on, those from before are too old
            days = p.query("SELECT DISTINCT readings, expected_readings FROM parking_daily").rows()
            assert days == [(len(rows), 1440)]
