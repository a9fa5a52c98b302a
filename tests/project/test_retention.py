"""What the system writes itself is kept for a time, and no more than so much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.log import Log
from penstock.log.tables import Kept
from tests.cli.shell import make_project
from tests.engine.project import EVENTS, NOW, RESULTS, append_raw, opened, write_project

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000
SQL = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e;"


def maintained(log: Log) -> None:
    while not log.maintain(1.0):
        continue


def test_rejected_rows_go_by_time_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    write_project(tmp_path, SQL)
    with (tmp_path / "penstock.toml").open("a") as file:
        file.write('[system]\nrejects-retention = "30 d"\n')
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as project:
        for day in range(4):
            append_raw(project, [f"no JSON on day {day}".encode()] * 10)
            project.run(bounded=True)
            clock.advance(10 * DAY)
        maintained(project.log)
        left = project.rejects()
        assert left["id"].to_list() == [*range(11, 41)]
        assert left["raw"][0] == b"no JSON on day 1"
        assert project.set_aside("rejected", 2)["id"].to_list() == [40, 39]
        assert project.query("SELECT count(*), min(id) FROM penstock.rejects").rows() == [(30, 11)]
        clock.advance(1000 * DAY)
        maintained(project.log)
        append_raw(project, [b"no JSON either"])
        project.run(bounded=True)
        assert project.rejects()["id"].to_list() == [*range(31, 42)]  # the newest append had stayed
        assert project.ledger().filter(pl.col("kind") == "source")["rejected"].to_list() == [41]


def test_rows_go_by_size_from_the_oldest_on() -> None:
    with Log.open(None) as log:
        for n in range(5):
            log.tables.append("t", pl.DataFrame({"n": [n], "text": [str(n) * 5_000]}))
        sizes = [size for (size,) in log._writer._file.writer.rows("SELECT length(frame) FROM chunk ORDER BY id")]
        log.tables.kept = {"t": Kept("n", 0, sum(sizes[2:]))}
        maintained(log)
        assert log.tables.rows("t")[1]["n"].to_list() == [2, 3, 4]


@pytest.mark.parametrize(("said", "expected"), [("", 1095 * DAY), ('[system]\naudit-retention = "0"\n', -1)])
def test_the_topics_of_the_system_have_limits_from_a_start_on(tmp_path: Path, said: str, expected: int) -> None:
    import penstock
    from penstock.project.audit import audited

    with penstock.open(make_project(tmp_path / "shop", toml=said)) as project:
        audited(project.log, "test", "nothing")
        project.run(bounded=True)
        topic = project.log.topic("__audit")
        assert (topic.retention_ms, topic.retention_bytes) == (expected, 1 << 30)


def test_a_topic_of_the_system_has_its_limits_from_when_it_is_made(tmp_path: Path) -> None:
    import penstock
    from penstock.incidents import INCIDENTS, ensure_incidents
    from penstock.project.audit import audited

    said = '[system]\naudit-retention = "2 d"\naudit-size = "1 MB"\nincidents-retention = "3 d"\n'
    with penstock.open(make_project(tmp_path / "shop", toml=said)) as project:
        project.run(bounded=True)
        audited(project.log, "test", "nothing")
        ensure_incidents(project.log)
        audit, incidents = project.log.topic("__audit"), project.log.topic(INCIDENTS)
    assert (audit.retention_ms, audit.retention_bytes) == (2 * DAY, 1 << 20)
    assert (incidents.retention_ms, incidents.retention_bytes) == (3 * DAY, 256 << 20)
