"""The same input gives the same answer: for any cut, any crash point, and any order of arrival within the delay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from penstock.project.fresh import drop_everything
from tests.determinism.inputs import (
    DELAY,
    PARTITIONS,
    TABLES,
    WAYS,
    WHOLE,
    WINDOWS,
    Row,
    Way,
    append,
    clock,
    insert,
    late_rows,
    outcome,
    project,
    results,
    row_strategy,
    run,
    started,
    statements,
)
from tests.determinism.model import answer
from tests.engine.project import NOW
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.project.penstock import Penstock

HERE = Path(__file__).parent

quick = examples(10, suppress_health_check=list(HealthCheck))
long = examples(60, suppress_health_check=list(HealthCheck))


def expected(rows: list[Row], kinds: Iterable[str], *, hold: int | None) -> list[dict[str, object]]:
    return sorted(answer(rows, kinds, hold=hold), key=orjson.dumps)


def alike_for_any_way(rows: list[Row], way: Way, *, silent: bool) -> None:
    """Two tables of one pipeline, rows beyond the delay, one partition silent or not."""
    partitions = PARTITIONS if silent else PARTITIONS - 1
    outcomes = []
    for one in (WHOLE, way):
        with project(statements("both_"), clock(), HERE, partitions=partitions) as penstock:
            append(penstock, rows)
            run(penstock, one)
            outcomes.append(outcome(penstock))
    (found, late, ledger), other = outcomes
    assert found == expected(rows, WINDOWS, hold=partitions)
    assert other == (found, late, ledger)
    assert ledger["sink r"]["taken"] + ledger["sink r (2)"]["taken"] + ledger["sink r (3)"]["taken"] == len(found)
    if silent:
        assert late == []


@quick
@given(row_strategy(), WAYS, st.booleans())
def test_any_cut_and_any_crash_give_the_same_rows_late_rows_and_ledger(rows: list[Row], way: Way, silent: bool) -> None:
    alike_for_any_way(rows, way, silent=silent)


@pytest.mark.real
@long
@given(row_strategy(), WAYS, st.booleans())
def test_any_cut_and_any_crash_at_length(rows: list[Row], way: Way, silent: bool) -> None:
    alike_for_any_way(rows, way, silent=silent)


# -- order of arrival --------------------------------------------------------------------------------------


def alike_for_any_arrival(rows: list[Row], delays: list[int], way: Way) -> None:
    """Rows that come up to the delay late, in one order and in another."""
    ordered = sorted(rows, key=lambda r: r.second)
    arrival = {n: r.second + delays[n % len(delays)] for n, r in enumerate(ordered)}
    shuffled = [ordered[n] for n in sorted(arrival, key=lambda n: arrival[n])]
    assert all(later.second - row.second <= DELAY for n, later in enumerate(shuffled) for row in shuffled[n:])
    found = []
    for given_rows, one in ((ordered, WHOLE), (shuffled, way)):
        with project(statements("both_"), clock(), HERE, partitions=PARTITIONS - 1) as penstock:
            append(penstock, given_rows)
            run(penstock, one)
            assert late_rows(penstock) == []
            found.append(results(penstock))
    assert found[0] == found[1] == expected(rows, WINDOWS, hold=None)


@quick
@given(row_strategy(lateness=0), st.lists(st.integers(0, DELAY), min_size=1, max_size=7), WAYS)
def test_any_order_of_arrival_within_the_delay_gives_the_same_table(
    rows: list[Row], delays: list[int], way: Way
) -> None:
    alike_for_any_arrival(rows, delays, way)


@pytest.mark.real
@long
@given(row_strategy(lateness=0), st.lists(st.integers(0, DELAY), min_size=1, max_size=7), WAYS)
def test_any_order_of_arrival_at_length(rows: list[Row], delays: list[int], way: Way) -> None:
    alike_for_any_arrival(rows, delays, way)


# -- idle partitions ---------------------------------------------------------------------------------------


def live(penstock: Penstock, rows: list[Row], cut: int) -> None:
    """As at the live edge: rows are read as they come, and silence is noted in the log when it is noticed."""
    assert penstock.definition.pipelines
    pipeline = started(penstock, bounded=False)
    for row_number, row in enumerate(rows):
        append(penstock, [row], row_number)
        if row_number % cut:
            continue
        while pipeline.step(100):
            continue
        if any(s.watermarks.waits(penstock.clock.now_ms()) for s in pipeline.executor.sources.values()):
            pipeline.input.tick()
        pipeline.commit()
    while pipeline.step(100):
        continue
    pipeline.input.bound()
    pipeline.finish()
    pipeline.close()


def alike_with_silence(rows: list[Row], cut: int, way: Way) -> None:
    sql = statements("both_", idle="1 s")
    with project(sql, clock(), HERE) as penstock:
        live(penstock, rows, cut)
        first = outcome(penstock)
        drop_everything(penstock)
        assert results(penstock) == []
        penstock.clock.sleep(10_000)  # the clock of a replay has nothing to say
        run(penstock, way)
        assert outcome(penstock) == first


@quick
@given(row_strategy(silent=False), st.integers(1, 4), WAYS)
def test_a_replay_takes_a_partition_for_idle_where_the_first_run_did(rows: list[Row], cut: int, way: Way) -> None:
    alike_with_silence(rows, cut, way)


@pytest.mark.real
@long
@given(row_strategy(silent=False), st.integers(1, 4), WAYS)
def test_idle_partitions_at_length(rows: list[Row], cut: int, way: Way) -> None:
    alike_with_silence(rows, cut, way)


def test_silence_that_is_noted_closes_windows(tmp_path: Path) -> None:
    """So that the property above is about something."""
    rows = [Row("a", 0, "x", n, 60 + n, wait=700) for n in range(20)]
    sql = statements("a", idle="1 s")
    with project(sql, clock(), tmp_path) as penstock:
        pipeline = started(penstock, bounded=False)
        append(penstock, rows)
        while pipeline.step(100):
            continue
        source = next(iter(pipeline.executor.sources.values()))
        assert [view.idle for view in source.watermarks.view()] == [False, True, True, True]
        assert source.watermarks.value == max(1000 * (r.second - DELAY) for r in rows) + NOW
        pipeline.commit()
        assert len(results(penstock)) > 3
        pipeline.close()


def test_silence_that_only_the_clock_has_seen_closes_windows(tmp_path: Path) -> None:
    with project(statements("a", idle="1 s"), clock(), tmp_path) as penstock:
        pipeline = started(penstock, bounded=False)
        append(penstock, [Row("a", p, "x", 1, 60) for p in range(PARTITIONS)])
        append(penstock, [Row("a", 0, "x", 1, 90, wait=900)], PARTITIONS)
        while pipeline.step(100):
            continue
        (source,) = pipeline.executor.sources.values()
        assert not source.watermarks.waits(penstock.clock.now_ms())
        penstock.clock.sleep(0.2)
        assert source.watermarks.waits(penstock.clock.now_ms())
        pipeline.commit()
        assert results(penstock) == []
        pipeline.close()
        again = started(penstock, bounded=False)  # a restart has not forgotten since when they are silent
        again.input.tick()
        again.input.bound()
        assert again.step(100)
        again.commit()
        assert {(r["kind"], r["n"]) for r in results(penstock)} == {("tumble", 4), ("hop", 4), ("cumulate", 4)}
        again.close()


# -- partitions that come later ----------------------------------------------------------------------------


@pytest.mark.parametrize("idle", ["", "1 s"])
def test_a_partition_that_is_added_counts_from_its_first_row_for_any_cut_and_crash(tmp_path: Path, idle: str) -> None:
    before = [Row("a", 0, "x", n, 60 + n) for n in range(20)]
    after = [Row("a", n % 3 if n > 4 else 0, "xyz"[n % 3], n, 80 + n - 3 * (n % 2), wait=300) for n in range(25)]
    outcomes = []
    for way in (WHOLE, Way([1], [1], [0]), Way([3, 7], [2], [1, 0, 2])):
        with project(statements("a", idle=idle), clock(), tmp_path, partitions=1) as penstock:
            append(penstock, before)
            pipeline = started(penstock, bounded=False)
            assert pipeline.step(5)
            pipeline.commit()
            pipeline.close()
            penstock.log.alter_topic("a", partitions=3)
            append(penstock, after, len(before))
            run(penstock, way)
            outcomes.append(outcome(penstock))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][2]["source a"]["passed"] == 45


# -- a table for each kind of window -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", WINDOWS)
def test_each_kind_of_window_alone_and_row_by_row(tmp_path: Path, kind: str) -> None:
    rows = [Row("a", n % 3, "xyz"[n % 3], n, 60 + n - (9 if n % 7 == 0 else 0)) for n in range(30)]
    with project(TABLES.format(idle="") + insert(kind, "a"), clock(), tmp_path, partitions=3) as penstock:
        append(penstock, rows)
        run(penstock, Way([1], [1], [1]))
        found = results(penstock)
        assert len(late_rows(penstock)) > 1
    with project(TABLES.format(idle="") + insert(kind, "a"), clock(), tmp_path, partitions=3) as penstock:
        append(penstock, rows)
        run(penstock, WHOLE)
        assert results(penstock) == found
