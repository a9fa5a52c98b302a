"""When jobs are due: over both changes of the clock, by hand-computed moments."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from penstock.jobs import Schedule
from tests.jobs.worlds import ms


def times(cron: str, since: str, until: str, zone: str = "Europe/Zurich") -> list[str]:
    found = Schedule(cron, zone).times(ms(since), ms(until))
    return [dt.datetime.fromtimestamp(t / 1000, dt.UTC).strftime("%m-%d %H:%M") for t in found]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # the clock goes from 02:00 to 03:00 (01:00 UTC) on 2026-03-29
        ("0 2 * * *", ["03-28 01:00", "03-29 01:00", "03-30 00:00"]),
        ("30 2 * * *", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("15,45 2 * * *", ["03-28 01:15", "03-28 01:45", "03-29 01:00", "03-30 00:15", "03-30 00:45"]),
        ("0 3 * * *", ["03-28 02:00", "03-29 01:00", "03-30 01:00"]),
        ("30 1 * * 0", ["03-29 00:30"]),
    ],
)
def test_a_time_that_does_not_exist_is_due_once_the_clock_has_gone_on(cron: str, expected: list[str]) -> None:
    assert times(cron, "2026-03-28T00:00+01:00", "2026-03-30T12:00+02:00") == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # the clock goes from 03:00 back to 02:00 (01:00 UTC) on 2026-10-25
        ("0 2 * * *", ["10-24 00:00", "10-25 00:00", "10-26 01:00"]),
        ("30 2 * * *", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("0 3 * * *", ["10-24 01:00", "10-25 02:00", "10-26 02:00"]),
    ],
)
def test_a_time_that_comes_twice_is_due_the_first_time(cron: str, expected: list[str]) -> None:
    assert times(cron, "2026-10-24T00:00+02:00", "2026-10-26T12:00+01:00") == expected


@pytest.mark.parametrize(
    ("day", "offsets", "hours"),
    [("2026-03-29", ("+01:00", "+02:00"), 23), ("2026-10-25", ("+02:00", "+01:00"), 25)],
)
def test_what_is_due_each_hour_goes_on_so(day: str, offsets: tuple[str, str], hours: int) -> None:
    begin, end = ms(f"{day}T00:00{offsets[0]}"), ms(f"{day}T23:59{offsets[1]}")
    for cron, count in (("0 * * * *", hours), ("*/15 * * * *", hours * 4), ("30 * * * *", hours)):
        found = [*Schedule(cron, "Europe/Zurich").times(begin - 1, end)]
        assert len(found) == count
        assert {b - a for a, b in itertools.pairwise(found)} == {86_400_000 // 24 * hours // count}


@pytest.mark.parametrize("cron", ["15 2 * * *", "45 1-3 * * *", "*/30 * * * *", "0 12 1 * *"])
def test_the_last_moments_are_those_that_all_of_them_end_with(cron: str) -> None:
    found = Schedule(cron, "Europe/Zurich")
    for day in ("2026-03-29T00:00Z", "2026-10-25T00:00Z", "2026-10-26T00:00Z"):
        since = ms(day) - 3 * 86_400_000
        for until in range(ms(day), ms(day) + 3 * 3_600_000, 900_000):
            assert found.last(since, until, 3) == list(found.times(since, until))[-3:]


def test_a_clock_that_leaps_over_decades_passes_over_all_but_the_last_moments() -> None:
    far = ms("2990-01-01T00:00Z")
    assert Schedule("* * * * *").last(0, far, 3) == [far - 120_000, far - 60_000, far]
    assert Schedule("0 0 1 1 *").last(far - 1, far, 3) == [far]
    assert Schedule("0 0 1 1 *").last(ms("2988-06-01T00:00Z"), far, 3) == [ms("2989-01-01T00:00Z"), far]


def test_there_is_no_moment_after_the_last_date() -> None:
    last = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
    found = Schedule("0 0 31 12 *", "Europe/Zurich")
    assert list(found.times(last - 1, last)) == []
    assert len(list(found.times(last - 86_400_000 * 370, last))) == 2


def test_moments_are_after_and_up_to() -> None:
    at = "2026-01-01T00:00Z"
    assert times("0 0 * * *", at, at, "UTC") == []
    assert times("0 0 * * *", "2025-12-31T23:59:59.999Z", at, "UTC") == ["01-01 00:00"]
    assert Schedule("0 0 29 2 *").after(ms("2026-01-01T00:00Z")) == ms("2028-02-29T00:00Z")
