"""Slices and windows against going window by window; civil time against Python's own zones."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.slices import Slicing
from penstock.sql.plan import Window

HOUR = 3_600_000
MOMENTS = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=10)


@st.composite
def windows(draw: st.DrawFn, kinds: tuple[str, ...] = ("TUMBLE", "HOP", "CUMULATE"), *, whole: bool = False) -> Window:
    """`whole`: as an aggregate needs it, the size a multiple of the slide."""
    kind = draw(st.sampled_from(kinds))
    slide = draw(st.integers(1, 500))
    many = draw(st.integers(1, 8))
    size = slide if kind == "TUMBLE" else slide * many
    if kind == "HOP" and not whole:
        size = draw(st.integers(1, 2_000))
    return Window(kind, size, slide, draw(st.integers(1 - slide, slide - 1)), zoned=False)  # type: ignore[arg-type]


def _windows_of(window: Window, time: int) -> list[tuple[int, int]]:
    """(start, end) of each window that `time` is in, by ends."""
    step, offset = window.slide, window.offset
    if window.kind == "CUMULATE":
        start = (time - offset) // window.size * window.size + offset
        ends = [start + step * n for n in range(1, window.size // step + 1)]
        return [(start, end) for end in ends if end > time]
    first = (time - offset) // step * step + offset
    starts = [first - step * n for n in range(window.size // step + 2)]
    return sorted((start, start + window.size) for start in starts if start <= time < start + window.size)


@given(windows(), MOMENTS)
def test_each_moment_is_in_the_windows_around_it(window: Window, moments: list[int]) -> None:
    slicing = Slicing(window, attached=False, zone="UTC")
    rows, ends = slicing.windows_at(np.array(moments))
    found: list[list[tuple[int, int]]] = [[] for _ in moments]
    for row, start, end in zip(rows, slicing.start_of(ends), ends, strict=True):
        found[row].append((int(start), int(end)))
    assert found == [_windows_of(window, time) for time in moments]


@given(windows(whole=True), MOMENTS)
def test_a_slice_is_part_of_the_windows_of_its_moments(window: Window, moments: list[int]) -> None:
    slicing = Slicing(window, attached=False, zone="UTC")
    slices = slicing.end_of(np.array(moments))
    last = slicing.last_window(slices)
    for time, end, final in zip(moments, slices.tolist(), last.tolist(), strict=True):
        around = _windows_of(window, time)
        assert end - window.slide <= time < end
        assert _windows_of(window, end - 1) == around
        assert _windows_of(window, end - window.slide) == around
        assert final == around[-1][1]


def test_rows_that_carry_their_window_are_their_own_slice() -> None:
    slicing = Slicing(Window("HOP", 10, 5, 0, zoned=False), attached=True, zone="UTC")
    ends = np.array([10, 15])
    assert not slicing.shared
    assert slicing.end_of(ends).tolist() == slicing.last_window(ends).tolist() == [10, 15]


# -- civil time --------------------------------------------------------------------------------------

HALF_HOURS = [
    ("Europe/Berlin", "2024-03-31"),
    ("Europe/Berlin", "2024-10-27"),
    ("America/New_York", "2024-03-10"),
    ("Asia/Kolkata", "2024-03-31"),
    ("Australia/Lord_Howe", "2024-04-07"),  # half an hour of summer time
    ("Australia/Lord_Howe", "2024-10-06"),
    ("Antarctica/Troll", "2024-03-31"),  # two hours of it
    ("Antarctica/Troll", "2024-10-27"),
    ("America/Sao_Paulo", "2017-10-15"),  # at midnight
    ("Pacific/Apia", "2011-12-30"),  # left out a whole day
]
EPOCH = dt.datetime.fromisoformat("1970-01-01")


def _ms(text: str) -> int:
    return round((dt.datetime.fromisoformat(text) - EPOCH) / dt.timedelta(milliseconds=1))


def _around(day: str) -> list[int]:
    return [_ms(day) + n * HOUR // 2 for n in range(-52, 100)]


def _utc(local: int, zone: str) -> int:
    """The earlier of two moments; in a gap by the offset from before it: as java.time."""
    wall = (EPOCH + dt.timedelta(milliseconds=local)).replace(tzinfo=ZoneInfo(zone))
    return round(wall.timestamp() * 1000)


@pytest.mark.parametrize(("zone", "day"), HALF_HOURS)
def test_window_time_is_the_last_moment_by_the_civil_clock(zone: str, day: str) -> None:
    slicing = Slicing(Window("TUMBLE", HOUR, HOUR, 0, zoned=True), attached=False, zone=zone)
    ends = _around(day)
    assert slicing.time_of(np.array(ends)).tolist() == [_utc(end - 1, zone) for end in ends]


@pytest.mark.parametrize(("zone", "day"), HALF_HOURS)
def test_rows_are_cut_by_the_civil_clock(zone: str, day: str) -> None:
    slicing = Slicing(Window("TUMBLE", HOUR, HOUR, 0, zoned=True), attached=False, zone=zone)
    moments = _around(day)
    column = pl.Series("t", moments).cast(pl.Datetime("ms", "UTC"))
    walls = [dt.datetime.fromtimestamp(m / 1000, ZoneInfo(zone)).replace(tzinfo=None) for m in moments]
    expected = [round((wall - EPOCH) / dt.timedelta(milliseconds=1)) for wall in walls]
    assert pl.DataFrame(column).select(slicing.local(pl.col("t")))["t"].to_list() == expected


@pytest.mark.parametrize(
    ("zone", "day"), [*HALF_HOURS, ("Europe/Istanbul", "2015-11-08"), ("America/Sao_Paulo", "2018-02-18")]
)
@pytest.mark.parametrize("size", [HOUR // 2, HOUR, 3 * HOUR, 24 * HOUR])
def test_no_row_that_comes_in_its_order_finds_its_window_closed(zone: str, day: str, size: int) -> None:
    """Whatever the clocks do: a window fires when no later moment is in it."""
    slicing = Slicing(Window("TUMBLE", size, size, 0, zoned=True), attached=False, zone=zone)
    moments = pl.Series("t", _around(day)).cast(pl.Datetime("ms", "UTC"))
    local = pl.DataFrame(moments).select(slicing.local(pl.col("t")))["t"].to_numpy()
    assert (slicing.epoch_of(slicing.end_of(local)) >= moments.dt.epoch("ms").to_numpy()).all()


@pytest.mark.parametrize(
    ("border", "fires"),
    [
        # Berlin, 2024-10-27: the hour from 2 comes twice, and its window fires after the second
        ("2024-10-27 02:00", "2024-10-26 23:59:59.999"),
        ("2024-10-27 03:00", "2024-10-27 01:59:59.999"),
        ("2024-10-28 00:00", "2024-10-27 22:59:59.999"),
        # 2024-03-31: the hour from 2 is left out, the day has 23
        ("2024-03-31 02:00", "2024-03-31 00:59:59.999"),
        ("2024-03-31 03:00", "2024-03-31 01:00"),
        ("2024-04-01 00:00", "2024-03-31 21:59:59.999"),
    ],
)
def test_a_window_fires_when_its_border_has_passed_for_good(border: str, fires: str) -> None:
    slicing = Slicing(Window("TUMBLE", HOUR, HOUR, 0, zoned=True), attached=False, zone="Europe/Berlin")
    assert slicing.epoch_of(np.array([_ms(border)])).tolist() == [_ms(fires)]
