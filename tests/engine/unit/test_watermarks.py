"""The watermark of a source, against a model that goes row by row, for any cut into batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.batch import NO_TIME
from penstock.engine import watermarks as module
from penstock.engine.watermarks import Watermarks

if TYPE_CHECKING:
    from penstock.core.batch import Watermark

TICK = -1


@dataclass(frozen=True)
class Event:
    """A row of `partition` that makes `made`, or a TICK; seen at `time`."""

    partition: int
    made: int
    time: int


@dataclass
class Model:
    partitions: int
    idle_timeout: int
    value: int = NO_TIME
    idle: bool = False
    now: int = NO_TIME
    top: dict[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        self.now = max(self.now, event.time)
        for partition in range(self.partitions):
            self.seen.setdefault(partition, self.now)
        if event.partition != TICK:
            self.top[event.partition] = max(self.top.get(event.partition, NO_TIME), event.made)
            self.seen[event.partition] = self.now
        silent = [
            self.idle_timeout > 0 and self.now - self.seen[p] >= self.idle_timeout for p in range(self.partitions)
        ]
        awake = [self.top.get(p, NO_TIME) for p in range(self.partitions) if not silent[p]]
        self.idle = not awake
        self.value = max(self.value, min(awake) if awake else max(self.top.values(), default=NO_TIME))


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, int, list[Event], list[int]]:
    """Partitions, idle timeout, events in order of their time, and where they are cut."""
    partitions = draw(st.integers(1, 4))
    timeout = draw(st.sampled_from([0, 5, 20]))
    made = st.integers(0, 100) | st.just(NO_TIME)
    lowest = TICK if timeout else 0
    event = st.builds(Event, st.integers(lowest, partitions - 1), made, st.integers(0, 60))
    events = sorted(draw(st.lists(event, max_size=25)), key=lambda e: e.time)
    return partitions, timeout, events, sorted(draw(st.sets(st.integers(0, len(events)), max_size=5)))


def _advance(watermarks: Watermarks, events: list[Event], first: int) -> Watermark:
    rows = [(first + i, e) for i, e in enumerate(events) if e.partition != TICK]
    ticks = tuple((first + i, e.time) for i, e in enumerate(events) if e.partition == TICK)
    return watermarks.advance(
        np.array([place for place, _ in rows], np.int64),
        np.array([e.made for _, e in rows], np.int64),
        first + len(events) - 1,
        np.array([e.partition for _, e in rows], np.int32),
        np.array([e.time for _, e in rows], np.int64),
        ticks,
    )


def _idle_before(watermark: Watermark, place: int) -> bool:
    return watermark.idle != bool(np.count_nonzero(watermark.idle_at < place) % 2)


@given(runs(), st.sampled_from([1, 7, 2_000_000]))
def test_it_gives_what_going_row_by_row_gives(run: tuple[int, int, list[Event], list[int]], block: int) -> None:
    """Whatever the batches, the blocks within them, and restarts between them."""
    partitions, timeout, events, cuts = run
    watermarks, model = Watermarks(partitions, timeout), Model(partitions, timeout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True):
            watermark = _advance(watermarks, events[a:b], a)
            for place in range(a, b):
                assert watermark.before(np.array([place])).tolist() == [model.value]
                assert _idle_before(watermark, place) == model.idle
                model.take(events[place])
            assert (watermark.last, watermarks.value, watermarks.idle) == (model.value, model.value, model.idle)
            restored = Watermarks(partitions, timeout)
            restored.restore(watermarks.snapshot())
            watermarks = restored


@given(runs(), st.integers(0, 100))
def test_it_waits_for_time_to_pass_where_that_makes_a_partition_idle(
    run: tuple[int, int, list[Event], list[int]], later: int
) -> None:
    partitions, timeout, events, _ = run
    watermarks = Watermarks(partitions, timeout)
    _advance(watermarks, events, 0)
    now = max([e.time for e in events], default=0) + later
    before = [view.idle for view in watermarks.view()]
    waits = watermarks.waits(now)
    _advance(watermarks, [Event(TICK, NO_TIME, now)] if timeout else [], len(events))
    if events:
        assert waits == ([view.idle for view in watermarks.view()] != before)
    else:  # from here on silence counts
        assert waits == bool(timeout)
        assert watermarks.waits(now + timeout) == waits
        assert not watermarks.waits(now + timeout - 1)


@given(runs(), st.integers(1, 3))
def test_new_partitions_hold_the_watermark(run: tuple[int, int, list[Event], list[int]], more: int) -> None:
    partitions, _, events, _ = run
    watermarks = Watermarks(partitions)
    _advance(watermarks, events, 0)
    before = watermarks.value
    watermarks.grow(partitions + more)
    rows = [Event(partition, 1_000, 60) for partition in range(partitions + more)]
    _advance(watermarks, rows[:-1], len(events))
    assert watermarks.value == before
    _advance(watermarks, rows[-1:], len(events) + len(rows))
    assert watermarks.value == 1_000


MARK = "mark"


@given(
    st.lists(st.tuples(st.sampled_from(["row", MARK, "other"]), st.integers(0, 50), st.booleans()), max_size=20),
    st.sets(st.integers(0, 20), max_size=5),
)
def test_marks_of_the_input_move_time_beside_its_rows(events: list[tuple[str, int, bool]], cuts: set[int]) -> None:
    """A row or a watermark wakes the table, a mark of None puts it to sleep; `other` places are not its own."""
    watermarks = Watermarks(1)
    value, idle = NO_TIME, False
    borders = sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    for a, b in pairwise(borders):
        rows = [(i, events[i][1]) for i in range(a, b) if events[i][0] == "row"]
        marks = tuple((i, None if events[i][2] else events[i][1]) for i in range(a, b) if events[i][0] == MARK)
        seq, made = np.array([i for i, _ in rows], np.int64), np.array([time for _, time in rows], np.int64)
        watermark = (
            watermarks.advance_marked(seq, made, b - 1, marks) if marks else watermarks.advance(seq, made, b - 1)
        )
        for place in range(a, b):
            assert watermark.before(np.array([place])).tolist() == [value]
            assert _idle_before(watermark, place) == idle
            kind, time, sleeps = events[place]
            if kind == MARK and sleeps:
                idle = True
            elif kind != "other":
                value, idle = max(value, time), False
        assert (watermarks.value, watermarks.idle) == (value, idle)
