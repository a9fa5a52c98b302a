"""The source of `parking`: a city over HTTP that is away for an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.apps.parking.city import FACILITIES, MINUTE_MS, City
from penstock.apps.parking.serving import CityServer
from penstock.connectors import connector_named
from penstock.connectors.http.poller import Poller, polled
from penstock.connectors.spec import TableOptions
from penstock.core.clock import ManualClock
from penstock.project.opening import open_project
from penstock.sql.catalog import Table
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
