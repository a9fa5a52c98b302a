"""Points to changes of state: the same as one point after the other would make them, however they are cut."""

from __future__ import annotations

import random
from itertools import pairwise

import polars as pl
import pytest

from penstock.incidents.stretches import OPEN, POINTS, Timing, followed

Change = tuple[str, str, int, int, int | None, int | None]
Points = dict[str, list[tuple[int, bool]]]


class OneByOne:
    """A key's states, point by point."""

    def __init__(self, key: str, timing: Timing) -> None:
        self.key, self.timing = key, timing
        self.changes: list[Change] = []
        self.start: int | None = None
        self.last = 0
        self.fired: int | None = None
        self.clear: int | None = None

    def take(self, time: int, *, holds: bool) -> None:
        self.pass_time(time)
        if holds:
            if self.start is None:
                self.start = time
                if self.timing.hold:
                    self._say("pending", time)
            self.last, self.clear = time, None
            if self.fired is None and time - self.start >= self.timing.hold:
                self.fired = time
                self._say("firing", time)
        elif self.start is not None and self.clear is None:
            self._end(time)
            self.pass_time(time)

    def pass_time(self, now: int) -> None:
        if self.start is not None and self.clear is None and self.last + self.timing.absent < now:
            self._end(self.last + self.timing.absent)
        if self.start is not None and self.clear is not None and self.clear + self.timing.keep <= now:
            self._say("resolved", self.clear + self.timing.keep)
            self.start = self.fired = self.clear = None

    def _end(self, time: int) -> None:
        self.clear = time
        if self.fired is None:
            self._say("resolved", time)
            self.start = self.clear = None

    def _say(self, state: str, at: int) -> None:
        assert self.start is not None
        self.changes.append((self.key, state, at, self.start, self.fired, self.clear))


def in_columns(points: Points, watermarks: list[int], timing: Timing) -> list[Change]:
    open_, changes = pl.DataFrame(schema=OPEN), []
    rows = [(key, time, holds, 0) for key, of in points.items() for time, holds in of]
    for before, watermark in pairwise([-1, *watermarks]):
        part = pl.DataFrame([r for r in rows if before < r[1] <= watermark], schema=POINTS, orient="row")
        made, open_ = followed(open_, part, watermark, timing)
        changes += made.drop("row").rows()
    return changes


@pytest.mark.parametrize("seed", range(12))
def test_in_columns_is_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    timing = Timing(chance.choice([0, 5, 20]), chance.choice([7, 15, 40]), chance.choice([0, 6, 30]))
    points = {
        key: [(t, chance.random() < 0.6) for t in sorted(chance.sample(range(200), chance.randint(0, 40)))]
        for key in "abc"
    }
    end = chance.randint(200, 260)
    expected: list[Change] = []
    for key, of in points.items():
        one = OneByOne(key, timing)
        for time, holds in of:
            one.take(time, holds=holds)
        one.pass_time(end)
        expected += one.changes
    cuts = sorted(chance.sample(range(200), 6))
    for watermarks in ([end], [*cuts, end]):
        assert sorted(in_columns(points, watermarks, timing), key=str) == sorted(expected, key=str)


def test_a_flapping_key_is_one_incident() -> None:
    points = {"k": [(t, t % 20 < 10) for t in range(0, 100, 5)]}
    said = in_columns(points, [200], Timing(hold=5, absent=10, keep=30))
    assert [(state, at, end) for _, state, at, _, _, end in said] == [
        ("pending", 0, None),
        ("firing", 5, None),
        ("resolved", 120, 90),
    ]


def test_silence_fires_nothing_and_ends_what_fires() -> None:
    timing = Timing(hold=20, absent=60, keep=0)
    assert [s[1] for s in in_columns({"k": [(0, True)]}, [59], timing)] == ["pending"]
    assert [s[1:3] for s in in_columns({"k": [(0, True), (20, True)]}, [100], timing)] == [
        ("pending", 0),
        ("firing", 20),
        ("resolved", 80),
    ]
