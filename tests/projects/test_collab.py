"""The project `collab`: simulated meetings in, metrics out, computed again by DuckDB from the raw events."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from penstock.apps import START_MS
from penstock.project.system import facts
from tests.projects.folders import laid_out
from tests.projects.killing import kill
from tests.projects.meetings import TABLES, Reference, assert_same, fed, opened, result_rows, spells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.project.penstock import Penstock


@dataclass(frozen=True, slots=True)
class Case:
    """How many events at what rate; a run is cut at `cut` rows, one at `batch` rows is killed `kills` times.

    That has a checkpoint every `interval_ms`, and is killed after `most_checkpoints` of them at most.
    """

    events: int
    rate: float
    cut: int
    batch: int
    interval_ms: int
    kills: int
    most_checkpoints: int


SMALL = Case(6_000, 40, cut=777, batch=500, interval_ms=200, kills=0, most_checkpoints=4)
LARGE = Case(300_000, 600, cut=20_011, batch=2_500, interval_ms=400, kills=10, most_checkpoints=4)


def _outcome(project: Penstock) -> dict[str, Any]:
    """What a run leaves behind."""
    place = 'topic, "partition", "offset"'
    fates = ["operator", "taken", "given", "passed", "filtered", "superseded", "late", "rejected", "held"]
    return {
        **{table: project.query(f"SELECT * FROM {table} ORDER BY ALL").rows() for table in TABLES},
        "rejects": sorted(project.query(f"SELECT operator, {place}, raw, code FROM penstock.rejects").rows()),
        "late": sorted(project.query(f"SELECT operator, {place}, windows, lost FROM penstock.late").rows()),
        "ledger": _unfolded(project).select(fates).rows(),
    }


def _unfolded(project: Penstock) -> pl.DataFrame:
    """The ledger but for the changes of rows by key: within a batch they are folded, so their number is the cut's."""
    changing: set[str] = set()
    for entry in facts(project.log, "ledger/")["metrics"]:
        if entry["kind"] in ("aggregate", "top n") or changing & set(entry["inputs"]):
            changing.add(entry["operator"])
    return project.ledger().filter(~pl.col("operator").is_in(changing))


def _as_before(project: Penstock, wanted: dict[str, Any]) -> None:
    for part, found in _outcome(project).items():
        assert found == wanted[part], part


def _is_what_duckdb_says(project: Penstock, reference: Reference) -> None:
    for table in TABLES:
        wanted = reference.rows(table)
        assert wanted.height, table
        assert_same(result_rows(project, table, wanted.columns), wanted)
    ledger = project.ledger()
    assert ledger["late"].sum() == reference.late > 0
    once = ledger.filter(pl.col("filtered") > 0)
    assert once["filtered"].to_list()[0] == reference.repeated > 0
    rejected = project.query('SELECT topic, "partition", "offset" FROM penstock.rejects').rows()
    assert sorted(rejected) == sorted(reference.invalid.rows())


def _balances(project: Penstock, events: int) -> None:
    ledger = project.ledger()
    fates = ("passed", "filtered", "superseded", "expired", "late", "rejected", "held")
    assert ledger.filter(pl.sum_horizontal(fates) != pl.col("carried") + pl.col("taken")).rows() == []
    assert ledger.filter(pl.col("kind") == "source")["taken"].sum() == events
    held = ledger.filter(pl.col("held") > 0).select("kind", "held").rows()
    assert held == [("top n", _meetings(project))], "the newest row of each meeting may be superseded yet"


def _meetings(project: Penstock) -> int:
    ((count,),) = project.query("SELECT count(*) FROM meetings").rows()
    return int(count)


def _files_are_as_promised(folder: Path) -> None:
    """Snappy, a folder a day, named by when they were finished, 1,000 rows at most."""
    files = sorted(path.relative_to(folder).as_posix() for path in (folder / "metrics").rglob("*.parquet"))
    assert files
    assert all(re.fullmatch(r"metrics/date=2025-01-01/metrics_\d{8}_\d{6}(_\d+)?\.parquet", name) for name in files)
    asked = f"SELECT DISTINCT compression, num_values <= 1000 FROM parquet_metadata('{folder}/metrics/*/*.parquet')"
    assert duckdb.sql(asked).fetchall() == [("SNAPPY", True)]
    days = (
        f"SELECT DISTINCT date_partition FROM read_parquet('{folder}/metrics/*/*.parquet', hive_partitioning = false)"
    )
    assert duckdb.sql(days).fetchall() == [("2025-01-01",)]


def _same_for_every_cut_and_kill(case: Case, tmp_path: Path, tell: Callable[[str], None]) -> None:
    records = fed(tmp_path / "fed", case.events, case.rate)
    for name in ("whole", "cut", "killed"):
        shutil.copytree(tmp_path / "fed", tmp_path / name)
    with opened(tmp_path / "whole") as project:
        project.run(bounded=True)
        _is_what_duckdb_says(project, Reference(records))
        _balances(project, case.events)
        _files_are_as_promised(tmp_path / "whole")
        wanted = _outcome(project)
        assert all(wanted.values())
    with opened(tmp_path / "cut") as project:
        project.start(bounded=True, batch_rows=case.cut).wait()
        assert project.stop() == {}
        _as_before(project, wanted)
    if not case.kills:
        return
    settings = tmp_path / "killed" / "penstock.toml"
    often = f'[engine]\ncheckpoint-interval = "{case.interval_ms} ms"\n'
    settings.write_text(settings.read_text("utf-8").replace("[engine]\n", often), "utf-8")
    kills = kill(tmp_path / "killed", case.kills, case.batch, case.interval_ms, case.most_checkpoints)
    tell(f"{case.events:,} events, a checkpoint every {case.interval_ms} ms: {kills}")
    assert len(kills.again) == case.kills
    assert min(kills.checkpoints) >= 1
    assert min(kills.again) >= 0
    assert max(kills.again) <= kills.largest + case.batch
    with opened(tmp_path / "killed") as project:
        _as_before(project, wanted)


def test_metrics_of_simulated_meetings(tmp_path: Path, tell: Callable[[str], None]) -> None:
    _same_for_every_cut_and_kill(SMALL, tmp_path, tell)


@pytest.mark.real
@pytest.mark.long
def test_metrics_of_many_events_after_many_kills(tmp_path: Path, tell: Callable[[str], None]) -> None:
    _same_for_every_cut_and_kill(LARGE, tmp_path, tell)


@pytest.mark.real
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_anomalies_that_were_put_in_are_found(seed: int, tmp_path: Path, tell: Callable[[str], None]) -> None:
    made = spells(fed(tmp_path / "fed", 500_000, 1_000, seed))
    with opened(tmp_path / "fed") as project:
        project.run(bounded=True)
        found = result_rows(project, "meeting_anomalies", ["meeting_id", "timestamp"])
    both = found.join(made, on="meeting_id", how="left")
    hits = both.filter((pl.col("timestamp") > pl.col("begins")) & (pl.col("timestamp") - 10_000 <= pl.col("ends")))
    precision, recall = hits.height / found.height, hits["meeting_id"].n_unique() / made.height
    tell(
        f"seed {seed}: {made.height} spells of bad latency, {found.height} times ten seconds said to be out of"
        f" the ordinary: precision {precision:.3f}, recall {recall:.3f}"
    )
    assert min(precision, recall) > 0.9


def test_events_of_one_time_count_as_they_came(tmp_path: Path) -> None:
    """Somebody who leaves and is back at once is there once; so are two who come together after a long silence."""
    events = [(0, "ann", "join"), (0, "ben", "join"), (1_000, "ann", "leave"), (1_000, "ann", "join")]
    events += [(700_000, "cat", "join"), (700_000, "dan", "join")]
    with opened(laid_out("collab", tmp_path / "collab")) as project:
        for n, (ms, user, kind) in enumerate(events):
            event = {"event_id": f"e{n}", "user_id": user, "meeting_id": "m", "event_type": kind}
            project.append("user_events", [event | {"timestamp": START_MS + ms}])
        project.run(bounded=True)
        asked = 'SELECT "timestamp", active_users FROM meeting_metrics WHERE window_size_seconds = 30 ORDER BY 1'
        assert project.query(asked).rows() == [(START_MS + 30_000, 2), (START_MS + 720_000, 2)]
