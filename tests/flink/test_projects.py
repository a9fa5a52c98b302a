"""The shipped projects on the real Flink: the same statements give the same rows (make test-real)."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import penstock
from penstock.apps import events
from penstock.apps.parking.city import City, Faults
from tests.apps.access_log import lines
from tests.flink.oracle import Oracle
from tests.projects.folders import laid_out, statements
from tests.projects.meetings import TABLES
from tests.projects.parking import project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.golden.golden import Table

NOT_IN_FLINK = (
    ",\n  'sink.rolling-policy.rows' = '1000'",
    ",\n  'sink.file-name' = 'metrics_{yyyyMMdd}_{HHmmss}'",
)
"""The options that the README of `collab` tells to take out."""

NOT_IN_FLINKS_FEED = (
    ",\n  'poll-interval' = '60 s'",
    ",\n  'url' = 'http://127.0.0.1:8765/parking.json'",
)
"""What Flink's connector for Kafka does not know of what asks the city."""

NOT_IN_THE_ORACLE = (" PARTITIONED BY (`date`)", "EXECUTE STATEMENT SET\nBEGIN\n", "END;\n")
"""The sink that stands in for files has no folders; all results at once need more memory than one slot has."""


@pytest.fixture(scope="module")
def flink() -> Iterator[Oracle]:
    with Oracle() as oracle:
        yield oracle


def _flinks_rows(flink: Oracle, folder: Path, sql: str, messages: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """What each INSERT of `sql` writes when the tables read `messages`."""
    (folder / "e.jsonl").write_text("".join(json.dumps(message) + "\n" for message in messages), "utf-8")
    path = folder / "project.sql"
    path.write_text(f"-- @events e.jsonl\n{sql}", "utf-8")
    answer = flink.run(path)
    assert answer.error is None
    return {str(table.sink): _sorted(_standing(table)) for table in answer.tables}


def _standing(table: Table) -> list[dict[str, Any]]:
    """The rows that stand after all changes."""
    if table.append_only and not table.key:
        return [change.row for change in table.changes]
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for change in table.changes:
        key = tuple(change.row[column] for column in table.key)
        if change.op == "-D":
            del rows[key]
        elif change.op != "-U":
            rows[key] = change.row
    return list(rows.values())


def _our_rows(project: penstock.Penstock, tables: Iterable[str]) -> dict[str, list[str]]:
    return {table: _sorted(project.query(f"SELECT * FROM {table}").polars().to_dicts()) for table in tables}


def _sorted(rows: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps({k: _shown(v) for k, v in row.items()}, sort_keys=True) for row in rows)


def _shown(value: Any) -> Any:
    """DOUBLE to twelve digits: logarithms differ in the last."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}" + ("Z" if value.tzinfo else "")
    return str(value) if isinstance(value, dt.date) else value


@pytest.mark.real
def test_web_gives_the_same_rows(flink: Oracle, tmp_path: Path) -> None:
    first = lines()[:500]
    wanted = _flinks_rows(flink, tmp_path, statements("web"), ({"table": "access_log", "raw": line} for line in first))
    folder = laid_out("web", tmp_path / "w")
    (folder / "data" / "access.log.gz").unlink()
    (folder / "data" / "access.log").write_text("\n".join(first) + "\n", "utf-8")
    with penstock.open(folder) as project:
        project.run(bounded=True)
        ours = _our_rows(project, wanted)
    assert ours == wanted
    assert {table: len(rows) for table, rows in ours.items()} == {"page_views_5s": 60, "top_pages": 445}


@pytest.mark.real
@pytest.mark.long
def test_collab_gives_the_same_rows(flink: Oracle, tmp_path: Path) -> None:
    sql = statements("collab")
    for words in (*NOT_IN_FLINK, *NOT_IN_THE_ORACLE):
        assert words in sql
        sql = sql.replace(words, "")
    (batch,) = events("collab", rate=5, events=900, seed=3, duplicate=0.02, anomaly=1.0)
    messages = [
        {"table": topic, "row": json.loads(value), "timestamp": sent}
        for topic, frame in batch.topics.items()
        for value, sent in frame.select("value", "timestamp").iter_rows()
    ]
    messages.sort(key=lambda message: message["timestamp"])
    wanted = _flinks_rows(flink, tmp_path, sql, messages)
    with penstock.open(laid_out("collab", tmp_path / "c")) as project:
        for topic, frame in batch.topics.items():
            project.append(topic, frame)
        project.run(bounded=True)
        ours = _our_rows(project, wanted)
    assert ours == wanted
    assert set(TABLES) == set(ours)
    assert all(ours.values())


@pytest.mark.real
def test_parking_gives_the_same_rows_on_the_day_that_has_an_hour_twice(flink: Oracle, tmp_path: Path) -> None:
    sql = "SET 'table.local-time-zone' = 'Europe/Oslo';\n" + statements("parking")
    for words in (*NOT_IN_FLINKS_FEED, *NOT_IN_THE_ORACLE[1:]):
        assert words in sql
        sql = sql.replace(words, "")
    sql = sql.replace("'connector' = 'http'", "'connector' = 'kafka'")
    first = 29_357_250  # 2025-10-25 23:30 UTC
    found = City(5, Faults(repeat=0.05, open=0.05, garbage=0.05)).published(np.arange(first, first + 150, 4))
    records = found.select(pl.col("minute") * 60_000 + 7_000, "value").rows()
    with penstock.open(project(tmp_path / "p")) as ours:
        frame = pl.DataFrame({"value": [value.encode() for _, value in records], "timestamp": [t for t, _ in records]})
        ours.append("parking_feed", frame)
        ours.run(bounded=True)
        told = [value for frame in ours.log.read("stavanger_parking_events") for value in frame["value"]]
        messages = [{"table": "parking_feed", "raw": value, "timestamp": sent} for sent, value in records]
        messages += [{"table": "stavanger_parking_events", "row": json.loads(event)} for event in told]
        wanted = _flinks_rows(flink, tmp_path, sql, messages)
        assert _our_rows(ours, wanted) == wanted
    assert all(wanted.values())
