"""Frames of calls whose states are as large as their groups: looked at some rows at a time, the answer is the same."""

from __future__ import annotations

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
