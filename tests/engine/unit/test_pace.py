"""When a pipeline commits, and when it rests."""

from __future__ import annotations

from penstock.core.clock import ManualClock
from penstock.engine.pace import Pace


def gaps(interval: int | None, *, behind: bool, count: int) -> list[int]:
    """The ms between commits of a pipeline that looks every 50 ms."""
    clock = ManualClock()
    pace = Pace(clock, interval, None)
    found: list[int] = []
    waited = 0
    while len(found) < count:
        clock.sleep(0.051)  # a little more, for what floats lose
        waited += 50
        if pace.commit_due(behind=behind):
            found.append(waited)
            waited = 0
            pace.committed()
    return found


def test_behind_a_backlog_the_first_commits_come_soon() -> None:
    assert gaps(None, behind=True, count=5) == [200, 400, 800, 1_000, 1_000]


def test_caught_up_they_come_soon_always() -> None:
    assert gaps(None, behind=False, count=4) == [200, 200, 200, 200]


def test_a_set_interval_holds_for_both() -> None:
    assert gaps(500, behind=True, count=3) == gaps(500, behind=False, count=3) == [500, 500, 500]


def test_a_step_that_has_caught_up_is_followed_by_a_rest_of_ten_times_its_length_up_to_80_ms() -> None:
    clock = ManualClock()
    pace = Pace(clock, None, None)
    assert pace.caught_up(100, 65_536)
    assert not pace.caught_up(50_000, 65_536)
    assert not pace.caught_up(100, 100)
    rested = []
    for seconds in (0.002, 0.005, 1.0):
        began = clock.now_ms()
        pace.rest(seconds)
        rested.append(clock.now_ms() - began)
    assert rested == [20, 50, 80]


def test_long_steps_behind_a_backlog_take_more_rows_at_once_until_it_is_gone() -> None:
    pace = Pace(ManualClock(), None, None)
    asked = []
    for seconds, behind in ((0.1, True), (0.3, True), (0.5, True), (0.9, True), (0.1, False), (0.3, False)):
        asked.append(pace.rows(1_000, 3_000))
        pace.stepped(asked[-1], seconds, behind=behind)
    assert asked == [1_000, 1_000, 2_000, 3_000, 3_000, 1_000]
    pace.stepped(1_000, 0.3, behind=True)
    assert pace.rows(1_000, 1_000) == 1_000


def test_a_pipeline_is_behind_when_its_backlog_has_lasted_for_a_second() -> None:
    clock = ManualClock()
    pace = Pace(clock, None, None)
    told = []
    for step_ms, behind in ((0, True), (900, True), (50, False), (0, True), (1_001, True), (5_000, True), (0, False)):
        clock.advance(step_ms)
        pace.stepped(1_000, 0.1, behind=behind)
        told.append(pace.behind)
    assert told == [False, False, False, False, True, True, False]
