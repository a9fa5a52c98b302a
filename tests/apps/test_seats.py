from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.apps.seats import Lives, Seats

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


class _Made:
    """Lives of one to five slots, numbered, that remember their seat."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, seats: NDArray[np.intp], rng: Generator) -> Lives:
        number = self.count + np.arange(len(seats))
        self.count += len(seats)
        return {
            "length": rng.integers(1, 6, len(seats)),
            "number": number,
            "seat": seats.astype(np.int64),
            "slots": np.zeros(len(seats), np.int64),
        }


@given(blocks=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=30), max_size=6), seed=st.integers(0, 100))
def test_each_seat_is_filled_by_one_life_after_another(blocks: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    seats = Seats(4, _Made(), rng)
    current: dict[int, tuple[int, int, int]] = {}  # by seat: life, its length, slots taken
    ended: set[int] = set()
    for block in blocks:
        row, position, lives = seats.take(np.array(block, np.intp), rng)
        for seat, r, place in zip(block, row, position, strict=True):
            life, length = int(lives["number"][r]), int(lives["length"][r])
            assert lives["seat"][r] == seat
            before = current.get(seat)
            if before is None or before[2] == before[1]:
                assert place == 0
                assert life not in ended
            else:
                assert (life, place) == (before[0], before[2])
                assert lives["slots"][r] == place  # what was written goes on with the life
            lives["slots"][r] += 1
            current[seat] = (life, length, place + 1)
            if place + 1 == length:
                ended.add(life)
