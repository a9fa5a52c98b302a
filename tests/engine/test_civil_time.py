"""Windows in a zone that has given up changing its clocks, when it still did: Flink 2.3 loses rows (FLINK-38075)."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import penstock

EVENTS = Path(__file__).parents[1] / "golden" / "windows" / "istanbul.jsonl"
"""Every twenty minutes, around 2015-11-08 04:00 in Istanbul, when it became 03:00 again."""


@pytest.mark.parametrize(
    ("function", "found", "flinks"),
    [
        ("TUMBLE(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' HOUR)", {2: 3, 3: 3, 4: 6, 5: 3}, 4),
        ("HOP(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' HOUR, INTERVAL '3' HOUR)", {2: 3, 3: 6, 4: 12, 5: 12}, 10),
        ("CUMULATE(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' HOUR, INTERVAL '6' HOUR)", {2: 3, 3: 6, 4: 12, 5: 15}, 10),
    ],
)
def test_the_hour_that_came_twice_has_all_its_rows(function: str, found: dict[int, int], flinks: int) -> None:
    """By the hour of a window's end. Flink closes those that end at 4 before the second time, and has so many rows."""
    with penstock.memory() as p:
        p.sql(f"""
            SET 'table.local-time-zone' = 'Europe/Istanbul';
            CREATE TABLE r (id INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz) WITH
              ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL');
            CREATE VIEW w AS SELECT window_end, COUNT(*) AS n FROM TABLE({function}) GROUP BY window_start, window_end;
        """)
        rows = [json.dumps(json.loads(line)["row"]).encode() for line in EVENTS.read_text().splitlines()]
        p.append("r", pl.DataFrame({"value": rows}))
        closed = p.query("SELECT hour(window_end), n FROM w ORDER BY window_end").rows()
    assert dict(closed) == found
    assert found[4] == flinks + 2
