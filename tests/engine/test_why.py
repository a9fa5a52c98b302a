"""Why nothing comes out: the window, the watermark it waits for, who holds it back, since when, what to set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from tests.engine.project import (
    COUNT,
    EVENTS,
    NOW,
    RESULTS,
    TOTALS,
    append,
    append_raw,
    event,
    opened,
    restored,
    write_project,
)

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.engine.why import Reason
    from penstock.project.penstock import Penstock

WAITS = (
    "r waits: window aggregate holds {} rows; its next window closes when the watermark reaches"
    " 2024-01-01 00:00:09.999."
)
SETTING = (
    "Set 'scan.watermark.idle-timeout' = '10 s' on the table, or idle-timeout in penstock.toml, so that a silent"
    " partition stops counting."
)
BOTH = (
    EVENTS
    + EVENTS.replace("TABLE e ", "TABLE e2 ").replace("'e'", "'e2'")
    + RESULTS
    + "CREATE VIEW u AS SELECT * FROM e UNION ALL SELECT * FROM e2;"
    + COUNT.replace("TABLE e,", "TABLE u,")
)


def reasons(penstock: Penstock, wait_ms: int = 90_000) -> list[Reason]:
    """Of what is there now, after some time: a commit, then another process asks."""
    with restored(penstock) as pipeline:
        while pipeline.step(1000):
            continue
        pipeline.commit()
    assert isinstance(penstock.clock, ManualClock)
    penstock.clock.advance(wait_ms)
    return penstock.why()


def project(folder: Path, sql: str = TOTALS, **settings: object) -> Penstock:
    return opened(write_project(folder, sql, partitions=2, **settings), ManualClock(NOW))


def test_a_partition_that_never_had_a_row_is_named(tmp_path: Path) -> None:
    with project(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(20)], 0)
        (reason,) = reasons(penstock)
    assert (reason.pipeline, reason.operator, reason.code) == ("main", "window aggregate", "silent-partition")
    assert reason.sentence == (f"{WAITS.format(20)} Partition 1 of table e has had no row yet, for 90 s.")
    assert (reason.setting, reason.attention) == (SETTING, True)


def test_a_partition_that_has_gone_silent_is_named_with_its_time(tmp_path: Path) -> None:
    with project(tmp_path) as penstock:
        append(penstock, [event(0, 1)], 1)
        append(penstock, [event(n, n) for n in range(1, 20)], 0)
        (soon,) = reasons(penstock, 2_000)
        (reason,) = reasons(penstock, 298_000)
    assert (reason.code, reason.attention) == ("silent-partition", True)
    assert (soon.code, soon.attention) == ("silent-partition", False)  # it may speak again
    assert reason.sentence == (
        f"{WAITS.format(20)} Partition 1 of table e holds it back: it is at 2023-12-31 23:59:56.000;"
        " its last row came 5 min ago."
    )
    assert reason.setting == SETTING


def test_a_partition_that_is_only_slower_is_behind(tmp_path: Path) -> None:
    with project(tmp_path, idle_timeout="30 s") as penstock:
        append(penstock, [event(0, 1)], 1)
        append(penstock, [event(n, n) for n in range(1, 20)], 0)
        (reason,) = reasons(penstock, 500)
        (silent,) = reasons(penstock, 40_000)
    assert silent.setting == (
        "It is silent for longer than the 30 s of 'scan.watermark.idle-timeout', and stops counting as soon as the"
        " source sees that time has passed."
    )
    assert (reason.code, reason.attention) == ("behind", False)
    assert reason.setting == "It stops counting after 30 s of silence ('scan.watermark.idle-timeout')."


def test_without_any_row(tmp_path: Path) -> None:
    with project(tmp_path) as penstock:
        (reason,) = reasons(penstock)
    assert (reason.operator, reason.code) == ("source e", "no-rows")
    assert str(reason) == "source e: no row has come in yet."


def test_all_rows_rejected(tmp_path: Path) -> None:
    with project(tmp_path) as penstock:
        append_raw(penstock, [b"{"] * 1234)
        (reason,) = reasons(penstock)
    assert (reason.code, reason.attention) == ("all-rejected", True)
    assert str(reason) == (
        "source e: all 1,234 rows that have come in are rejected. penstock.rejects says why, row by row."
    )


def test_rows_without_a_time(tmp_path: Path) -> None:
    plain = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e;"
    with project(tmp_path, plain) as penstock:
        append(penstock, [event(n, None) for n in range(3)])
        (reason,) = reasons(penstock)
    assert reason.code == "no-time"
    assert str(reason) == (
        "source e: none of 3 rows that have come in has an event time."
        " The column that WATERMARK FOR names is NULL in all of them."
    )


@pytest.mark.parametrize("partition", [0, 1])
def test_a_window_that_needs_a_later_event(tmp_path: Path, partition: int) -> None:
    with project(tmp_path) as penstock:
        append(penstock, [event(0, 3)], partition)
        append(penstock, [event(1, 1)], 1 - partition)
        (reason,) = reasons(penstock)
    assert reason.code == "needs-later-event"
    assert reason.sentence == (
        f"{WAITS.format(2)} source e is at 2023-12-31 23:59:56.000: a row with a later event time"
        " closes it, or the end of bounded input."
    )
    assert reason.setting == "It lacks 13.999 s of event time."


def test_a_source_that_holds_the_other_back(tmp_path: Path) -> None:
    with project(tmp_path, BOTH) as penstock:
        for partition in (0, 1):
            append(penstock, [event(n, n) for n in range(20)], partition)
        (reason,) = reasons(penstock)
        assert reason.code == "slow-source"
        assert reason.sentence == f"{WAITS.format(40)} source e2 holds it back: it has none yet."
        penstock.append("e2", [event(0, 6)])
        (reason,) = reasons(penstock)
    assert (reason.operator, reason.code) == ("window aggregate", "slow-source")
    assert reason.sentence == (f"{WAITS.format(41)} source e2 holds it back: it is at 2024-01-01 00:00:01.000.")
    assert reason.setting == "It needs rows with a later event time."


def test_a_table_has_one_reason_that_of_the_next_row_into_it(tmp_path: Path) -> None:
    """An OVER holds rows before the windows, and one window of two closes first."""
    sql = (
        EVENTS
        + RESULTS
        + RESULTS.replace("TABLE r ", "TABLE longer ").replace("'r'", "'longer'")
        + "CREATE VIEW o AS SELECT *, LAG(v) OVER (PARTITION BY k ORDER BY ts) AS was FROM e;"
        + "EXECUTE STATEMENT SET BEGIN"
        + "".join(
            f" INSERT INTO {table} SELECT k, window_end, COUNT(*), SUM(was) FROM TABLE(TUMBLE(TABLE o, DESCRIPTOR(ts),"
            f" INTERVAL '{seconds}' SECOND)) GROUP BY k, window_start, window_end;"
            for table, seconds in (("r", 20), ("r", 10), ("longer", 30))
        )
        + " END;"
    )
    with project(tmp_path, sql) as penstock:
        for partition in (0, 1):
            append(penstock, [event(n, n) for n in range(12)], partition)
        found = reasons(penstock)
    assert [(one.table, one.sentence.split(";")[1].split("reaches")[1].split(".")[0]) for one in found] == [
        ("longer", " 2024-01-01 00:00:29"),
        ("r", " 2024-01-01 00:00:09"),
    ]


def test_nothing_waits_when_all_windows_have_closed(tmp_path: Path) -> None:
    with project(tmp_path) as penstock:
        append(penstock, [event(n, n) for n in range(20)])
        penstock.run(bounded=True)
        assert penstock.why() == []


def test_a_row_behind_the_watermark_that_is_not_late_waits_for_the_next_one(tmp_path: Path) -> None:
    sql = (
        "INSERT INTO r SELECT k, ts, COUNT(*) OVER w, SUM(v) OVER w FROM e WINDOW w AS (PARTITION BY k ORDER BY ts {});"
    )
    sql = sql.format("ROWS BETWEEN 1 PRECEDING AND CURRENT ROW")
    with opened(write_project(tmp_path, EVENTS + RESULTS + sql), ManualClock(NOW)) as penstock:
        append(penstock, [event(0, 40), event(1, 10, "b")])
        (reason,) = reasons(penstock)
    assert reason.sentence.startswith(
        "r waits: over aggregate holds 2 rows; its next row is free when the watermark reaches 2024-01-01 00:00:35.001."
    )
