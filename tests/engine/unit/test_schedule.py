"""When slots are due: against a dictionary."""

from __future__ import annotations

import random

import numpy as np
import pytest

from penstock.core.batch import END_OF_TIME
from penstock.engine.schedule import Schedule


@pytest.mark.parametrize("width", [0, 1, 7, 1_000])
def test_slots_are_due_when_their_time_has_come_and_not_before(width: int) -> None:
    chance = random.Random(width)
    schedule, known, now = Schedule(width), dict[int, int](), -500
    for _ in range(400):
        slots = chance.sample(range(60), chance.randrange(8))
        times = {slot: now + chance.randrange(-5, 200) for slot in slots}
        schedule.put(np.array(slots, np.int64), np.array([*times.values()], np.int64))
        known |= times
        gone = chance.sample(range(70), 3)
        schedule.forget(np.array(gone))
        known = {slot: time for slot, time in known.items() if slot not in gone}
        assert schedule.first() == min(known.values(), default=END_OF_TIME)
        now += chance.choice([0, 0, 3, 40])
        due = [slot for slot, time in known.items() if time <= now]
        assert sorted(schedule.due(now).tolist()) == sorted(due)
        for slot in due:
            del known[slot]
    assert sorted(schedule.due(END_OF_TIME).tolist()) == sorted(known)
    assert schedule.first() == END_OF_TIME


def test_slots_that_move_on_again_and_again_are_held_once() -> None:
    schedule, slots = Schedule(10), np.arange(1_000)
    for now in range(0, 10_000, 10):
        schedule.put(slots, now + 100 + slots % 100)
        assert not len(schedule.due(now))
    assert schedule.size < 200_000
