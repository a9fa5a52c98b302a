"""Figures of machine and process as rows of a table."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError
from penstock.project.measures import Measures
from penstock.project.opening import open_project
from tests.parts import until
from tests.projects.parking import project

if TYPE_CHECKING:
    from pathlib import Path


def test_they_are_a_stream_like_any_other(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    settings = folder / "penstock.toml"
    settings.write_text(settings.read_text().replace('interval = "10 s"', 'interval = "200 ms"'))
    with open_project(folder) as p:
        p.start()
        asked = "SELECT count(DISTINCT \"time\") FROM system_metrics WHERE component = 'pipeline.live'"
        until(lambda: p.query(asked).rows()[0][0] >= 3, "nothing is measured")
        p.stop()
        rows = p.query(
            'SELECT component, metric, unit, min("value"), max("value") FROM system_metrics GROUP BY ALL'
        ).rows()
        found = {(component, metric): (unit, low, high) for component, metric, unit, low, high in rows}
        cores = os.cpu_count() or 1
        assert found["host", "cpu"][0] == found["process", "cpu"][0] == "cores"
        assert 0 <= found["process", "cpu"][1] <= found["process", "cpu"][2] <= cores * 1.5
        assert 0 < found["host", "memory"][2] < 1
        assert found["disk", "free"][2] == pytest.approx(shutil.disk_usage(folder).free, rel=0.1)
        assert found["process", "memory"][1] > 10_000_000
        assert found["log", "records"][2] > 0  # the figures themselves
        assert found["pipeline.streams", "lag"] == ("records", 0, 0)
        assert found["source.parking_feed", "outage"][2] == 1
        assert {("network", "received"), ("network", "sent"), ("log", "size"), ("disk", "used")} <= found.keys()
        keys = {key for frame in p.log.read("system_metrics") for key in frame["key"]}
        assert keys == {component.encode() for component, _ in found}
        p.run(bounded=True)  # measures nothing


def test_what_grows_is_told_by_the_second(tmp_path: Path) -> None:
    with open_project(project(tmp_path / "p")) as p:
        measures = Measures(p)
        p.append("parking_feed", [{"Sted": "a"}] * 50)
        first = {(component, metric): value for component, metric, value, _ in measures.read()}
        assert first["log", "records"] > 0
        again = {(component, metric): value for component, metric, value, _ in measures.read()}
        assert again["log", "records"] == 0


def test_a_table_that_cannot_take_them_is_told_at_the_start(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    settings = folder / "penstock.toml"
    settings.write_text(settings.read_text().replace('table = "system_metrics"', 'table = "parking_feed"'))
    with open_project(folder) as p, pytest.raises(ConfigError) as raised:
        p.start()
    assert raised.value.message == (
        "there is no table 'parking_feed' over a topic with the columns component, metric, value, unit, time"
    )
