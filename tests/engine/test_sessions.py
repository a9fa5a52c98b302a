"""Session windows over several runs: rows that are late, sessions that are open, and what they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.project.definition import read_definition
from penstock.project.explain import explain
from penstock.project.home import HOME
from tests.engine.project import EVENTS, RESULTS, append, event, fates, late, opened, restored, rows, write_project

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = (
    EVENTS
    + RESULTS
    + """
CREATE VIEW s AS SELECT k, window_end, window_time, COUNT(*) AS n, COUNT(DISTINCT v) AS s
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY k, window_start, window_end, window_time;
INSERT INTO r SELECT k, window_end, n, s FROM s;
"""
)
AGAIN = SESSIONS.replace(
    "INSERT INTO r SELECT k, window_end, n, s FROM s;",
    "CREATE VIEW ends AS SELECT k, n, window_time AS rt FROM s;"
    "INSERT INTO r SELECT k, window_end, SUM(n), COUNT(*) FROM"
    " TABLE(SESSION(TABLE ends PARTITION BY k, DESCRIPTOR(rt), INTERVAL '20' SECOND))"
    " GROUP BY k, window_start, window_end;",
)
ALONE = (
    EVENTS
    + RESULTS
    + """
INSERT INTO r SELECT k, window_end, id, v
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND));
"""
)
OPEN = 'SELECT k, window_end, n, s FROM "r$open" ORDER BY window_end, n'


def _open(folder: Path) -> list[tuple[object, ...]]:
    with opened(folder) as penstock:
        return [(r[0], r[1].second, *r[2:]) for r in penstock.query(OPEN).rows()]


def _commit(folder: Path) -> None:
    with opened(folder) as penstock, restored(penstock) as pipeline:
        while pipeline.step(1000):
            continue
        pipeline.commit()


@pytest.mark.parametrize("sql", [SESSIONS, ALONE], ids=["aggregate", "table"])
def test_a_row_that_touches_no_open_session_is_late_with_its_own_window(tmp_path: Path, sql: str) -> None:
    with opened(write_project(tmp_path, sql)) as penstock:
        append(penstock, [event(0, 20), event(1, 36), event(2, 25), event(3, 12), event(4, 19), event(5, 60)])
        penstock.run(bounded=True)
        assert late(penstock) == [(3, 22.0, 1, 31.0, "watermark-passed", True)]
        operator = "session aggregate" if sql is SESSIONS else "session table"
        assert fates(penstock)[operator] == {"taken": 6, "passed": 5, "late": 1, "given": 4 if sql is SESSIONS else 5}


def test_a_row_too_late_for_itself_joins_a_session_that_is_open(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, SESSIONS)) as penstock:
        append(penstock, [event(n, s, "a", n) for n, s in enumerate([20, 29, 30, 38, 45, 19, 8, 60])])
        penstock.run(bounded=True)
        # at 40 the window of 19 has closed, and so would a session of its own; the one from 20 on is open
        assert rows(penstock) == [("a", 55.0, 6, 6), ("a", 70.0, 1, 1)]
        assert late(penstock) == [(6, 18.0, 1, 40.0, "watermark-passed", True)]


def test_what_the_end_of_input_closed_stays_closed(tmp_path: Path) -> None:
    folder = write_project(tmp_path, SESSIONS)
    with opened(folder) as penstock:
        append(penstock, [event(0, 1), event(1, 8)])
        penstock.run(bounded=True)
    with opened(folder) as penstock:
        append(penstock, [event(2, 7), event(3, 9)])
        penstock.run(bounded=True)
        assert rows(penstock) == [("a", 18.0, 2, 1), ("a", 19.0, 1, 1)]
        assert late(penstock) == [(2, 17.0, 1, 18.0 - 0.001, "closed-by-end-of-input", True)]


def test_open_sessions_are_seen_before_they_close_and_two_that_a_row_joins_are_one(tmp_path: Path) -> None:
    folder = write_project(tmp_path, SESSIONS)
    with opened(folder) as penstock:
        append(penstock, [event(0, 20, "a", 1), event(1, 33, "a", 1), event(2, 30, "b", 5)])
    _commit(folder)
    assert _open(folder) == [("a", 30, 1, 1), ("b", 40, 1, 1), ("a", 43, 1, 1)]
    with opened(folder) as penstock:
        append(penstock, [event(3, 27, "a", 1)])
    _commit(folder)
    assert _open(folder) == [("b", 40, 1, 1), ("a", 43, 3, 1)]


def test_the_rows_of_open_sessions_are_seen_where_nothing_is_aggregated(tmp_path: Path) -> None:
    folder = write_project(tmp_path, ALONE)
    with opened(folder) as penstock:
        append(penstock, [event(0, 20), event(1, 33), event(2, 25)])
    _commit(folder)
    assert _open(folder) == [("a", 43, 0, 1), ("a", 43, 1, 1), ("a", 43, 2, 1)]


def test_open_sessions_of_open_sessions_are_seen(tmp_path: Path) -> None:
    folder = write_project(tmp_path, AGAIN)
    with opened(folder) as penstock:
        append(penstock, [event(0, 1), event(1, 2), event(2, 20), event(3, 40)])
    _commit(folder)
    # closed: 1 to 12 and 20 to 30, open: 40 to 50; their ends lie 20 s apart at most
    assert _open(folder) == [("a", 9, 4, 3)]


def test_why_names_the_watermark_that_closes_the_next_session(tmp_path: Path) -> None:
    folder = write_project(tmp_path, SESSIONS)
    with opened(folder) as penstock:
        append(penstock, [event(0, 1), event(1, 4), event(2, 8, "b")])
    _commit(folder)
    with opened(folder) as penstock:
        (reason,) = penstock.why()
    assert reason.sentence == (
        "r waits: session aggregate holds 3 rows; its next window closes when the watermark reaches"
        " 2024-01-01 00:00:13.999."
        " source e is at 2024-01-01 00:00:03.000: a row with a later event time closes it, or the end of bounded input."
    )


def test_explain_says_what_ends_a_session(tmp_path: Path) -> None:
    folder = write_project(tmp_path, ALONE)
    lines = [line.strip() for line in explain(read_definition(folder), folder / HOME)]
    assert lines[lines.index("session table") + 1 :][:3] == [
        "sessions that end 10 s after their last row on ts",
        "by k",
        "state in the project's log",
    ]
