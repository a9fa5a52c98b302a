"""Watermark against a model that goes row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.batch import END_OF_TIME, NO_TIME, Watermark

THROUGH = 40
PLACES = st.integers(0, THROUGH - 1)
TIMES = st.integers(-50, 50)


@dataclass
class Model:
    """What happens after each place: the watermark rises to a value, or idleness begins or ends (None)."""

    start: int
    idle: bool
    events: list[tuple[int, int | None]]

    def after(self, place: int) -> tuple[int, bool]:
        """The watermark and whether it is idle, once everything up to `place` has happened."""
        value, idle = self.start, self.idle
        for at, event in self.events:
            if at <= place:
                value, idle = (value, not idle) if event is None else (max(value, event), idle)
        return value, idle

    def watermark(self) -> Watermark:
        rises = [(at, value) for at, value in self.events if value is not None]
        made = Watermark.rising(
            self.start,
            np.array([at for at, _ in rises], np.int64),
            np.array([value for _, value in rises], np.int64),
            THROUGH,
        )
        switches = np.array([at for at, value in self.events if value is None], np.int64)
        return Watermark(made.start, made.at, made.value, THROUGH, self.idle, switches)


@st.composite
def models(draw: st.DrawFn, *, idleness: bool = False) -> Model:
    rises: list[tuple[int, int | None]] = list(draw(st.lists(st.tuples(PLACES, TIMES), max_size=12)))
    switches = draw(st.sets(PLACES, max_size=4)) if idleness else set()
    rises += [(at, None) for at in switches]
    start = draw(TIMES | st.just(NO_TIME))
    return Model(start, draw(st.booleans()) if idleness else False, sorted(rises, key=lambda event: event[0]))


def _idle_after(watermark: Watermark, place: int) -> bool:
    return watermark.idle != bool(np.count_nonzero(watermark.idle_at <= place) % 2)


@given(models())
def test_a_row_sees_what_the_rows_before_it_have_made(model: Model) -> None:
    watermark = model.watermark()
    places = range(THROUGH + 1)
    assert watermark.before(np.array(places)).tolist() == [model.after(place - 1)[0] for place in places]
    assert watermark.last == model.after(THROUGH)[0]


@given(models())
def test_it_only_rises_and_each_step_counts(model: Model) -> None:
    watermark = model.watermark()
    for steps in ([watermark.start, *watermark.value.tolist()], watermark.at.tolist()):
        assert steps == sorted(set(steps))


@given(models(), TIMES)
def test_passed_is_the_first_place_that_reached_a_time(model: Model, time: int) -> None:
    first = next((place for place in range(THROUGH) if model.after(place)[0] >= time), None)
    if model.start < time and first is not None:
        assert model.watermark().passed(np.array([time])).tolist() == [first]


@given(models(idleness=True), PLACES)
def test_until_forgets_what_comes_from_a_place_on(model: Model, place: int) -> None:
    cut = model.watermark().until(place)
    assert cut.last == model.after(place - 1)[0]
    assert _idle_after(cut, THROUGH) == model.after(place - 1)[1]


def test_a_watermark_that_does_not_move_keeps_its_value() -> None:
    still = Watermark.still(7, THROUGH, idle=True)
    assert (still.last, still.idle, still.before(np.array([0, 5])).tolist()) == (7, True, [7, 7])


@given(st.lists(models(idleness=True), min_size=2, max_size=3), TIMES | st.just(NO_TIME))
def test_the_least_of_several_leaves_idle_ones_out_unless_all_are_and_never_falls(
    inputs: list[Model], floor: int
) -> None:
    least = Watermark.least([model.watermark() for model in inputs], floor)
    value = floor
    for place in range(-1, THROUGH):
        states = [model.after(place) for model in inputs]
        awake = [time for time, idle in states if not idle]
        value = max(value, min(awake) if awake else max(time for time, _ in states))
        assert least.before(np.array([place + 1])).tolist() == [value]
        assert _idle_after(least, place) == (not awake)


def test_the_least_of_inputs_that_have_ended_is_the_end() -> None:
    ended = Watermark(5, np.array([3]), np.array([END_OF_TIME]), 3)
    assert Watermark.least([ended, Watermark(1, ended.at, ended.value, 3)], NO_TIME).last == END_OF_TIME


def test_one_input_is_handed_on_as_it_is() -> None:
    only = Watermark.still(3, THROUGH)
    assert Watermark.least([only], 9) is only
