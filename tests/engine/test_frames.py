"""Frames of calls whose states are as large as their groups: looked at some rows at a time, the answer is the same."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest

import penstock
from penstock.engine import recent

SQL = """
CREATE TABLE e (k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
CREATE TABLE r (k STRING, v BIGINT, middle DOUBLE, different BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
INSERT INTO r SELECT k, v, PERCENTILE(v, 0.5) OVER w, COUNT(DISTINCT v) OVER w FROM e
WINDOW w AS (PARTITION BY k ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW);
"""
VALUES = [(n * 7) % 11 for n in range(40)]


@pytest.mark.parametrize("at_once", [1, 6, 1_000_000])
def test_a_backlog_is_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(recent, "_AT_ONCE", at_once)
    with penstock.memory() as project:
        project.sql(SQL)
        project.append(
            "e", [{"k": "ab"[n % 2], "v": v, "ts": f"2026-01-01 00:00:{n:02}"} for n, v in enumerate(VALUES)]
        )
        project.run(bounded=True)
        found = project.query("SELECT middle, different FROM r").rows()
    frames = [VALUES[n % 2 : n + 1 : 2][-5:] for n in range(len(VALUES))]
    assert found == [(float(median(frame)), len(set(frame))) for frame in frames]


WEIGHTED = """
CREATE TABLE e (k STRING, v DOUBLE, often BIGINT, good BOOLEAN, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
CREATE TABLE r (n BIGINT, several ARRAY<DOUBLE>, single DOUBLE, weighted DOUBLE)
WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
INSERT INTO r SELECT {}, PERCENTILE(v, ARRAY[0.05, 0.5, 0.95, 1]) OVER w,
PERCENTILE(CASE WHEN good THEN v END, 0.3) OVER w, PERCENTILE(v, 0.7, often) OVER w FROM e
WINDOW w AS (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '9' SECOND PRECEDING AND CURRENT ROW);
"""


def test_a_percentile_of_spans_is_that_of_their_rows() -> None:
    random = Random(7)
    rows: list[dict[str, object]] = [
        {
            "k": random.choice("ab"),
            "v": random.choice([None, -0.0, 0.0, 1e300, -2.5, random.random()]),
            "often": random.choice([None, -1, 0, 1, 3]),
            "good": random.choice([True, False]),
            "ts": f"2026-01-01 00:{n // 180:02}:{n // 3 % 60:02}",
        }
        for n in range(300)
    ]
    answers = []
    for other in ("COUNT(v) OVER w", "COUNT(DISTINCT v) OVER w"):  # with DISTINCT, each row of a frame is looked at
        with penstock.memory() as project:
            project.sql(WEIGHTED.format(other))
            project.append("e", rows)
            project.run(bounded=True)
            answers.append([repr(row) for row in project.query("SELECT several, single, weighted FROM r").rows()])
    assert answers[0] == answers[1]
    assert len(set(answers[0])) >= 100
