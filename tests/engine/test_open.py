"""Open windows are what the end of the input would give now: also over rows that another operator still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.project import EVENTS, RESULTS, append, event, fates, opened, restored, write_project

if TYPE_CHECKING:
    from pathlib import Path

HOLDING = (
    EVENTS
    + RESULTS
    + """
CREATE VIEW d AS SELECT k, v, ts, id FROM (
  SELECT *, FIRST_VALUE(v) OVER (
    PARTITION BY id ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS first_v FROM e)
WHERE v = first_v;
"""
)
"""The view holds each row, of an id that is new to it, until the next watermark, however late it is."""

OVER = "INSERT INTO r SELECT k, ts, v, COUNT(*) OVER (PARTITION BY k ORDER BY ts {}) FROM d;"
WINDOW = "INSERT INTO r SELECT k, window_end, COUNT(*), SUM(v) FROM TABLE({}) GROUP BY k, window_start, window_end;"
SESSION = "SESSION(TABLE d PARTITION BY k, DESCRIPTOR(ts), INTERVAL '4' SECOND)"
RANKED = (
    "INSERT INTO r SELECT k, {}, v, id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {}) AS n FROM {})"
)
QUERIES = {
    "tumble": WINDOW.format("TUMBLE(TABLE d, DESCRIPTOR(ts), INTERVAL '10' SECOND)"),
    "hop": WINDOW.format("HOP(TABLE d, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)"),
    "session": WINDOW.format(SESSION),
    "session-rows": f"INSERT INTO r SELECT k, window_end, v, id FROM TABLE({SESSION});",
    "over-all": OVER.format("ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"),
    "over-rows": OVER.format("ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"),
    "over-range": OVER.format("RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW"),
    "first-row": RANKED.format("ts", "k", "ts", "d") + " WHERE n = 1;",
    "window-first-row": RANKED.format(
        "window_end",
        "k, window_start, window_end",
        "ts",
        "TABLE(TUMBLE(TABLE d, DESCRIPTOR(ts), INTERVAL '10' SECOND))",
    )
    + " WHERE n = 1;",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_row_held_above_that_will_be_late_is_in_no_open_window(tmp_path: Path, query: str) -> None:
    in_order = [event(n, n, value=n) for n in range(0, 36, 3)]
    with opened(write_project(tmp_path, HOLDING + query)) as penstock, restored(penstock) as pipeline:
        append(penstock, [*in_order, event(100, 8, value=50), event(101, 30, value=51), event(102, 9, "b", 52)])
        while pipeline.step(1000):
            continue
        pipeline.commit()
        names = "k, window_end, n, s"
        before = penstock.query(f"SELECT {names} FROM r").rows()
        shown = penstock.query(f'SELECT {names} FROM "r$open"').rows()
        pipeline.finish()
        assert sorted(before + shown) == sorted(penstock.query(f"SELECT {names} FROM r").rows())
        assert sum(one.get("late", 0) for one in fates(penstock).values()) > 0
