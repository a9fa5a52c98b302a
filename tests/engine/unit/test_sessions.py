"""Sessions of a whole step against Flink's way, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from penstock.core.batch import NO_TIME
from penstock.engine.sessions import LATE, Blocks, assigned

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _closes(end: NDArray[np.int64]) -> NDArray[np.int64]:
    return end - 1


class _RowByRow:
    """Sessions as [first, last, members]; what has closed is kept apart."""

    def __init__(self, gap: int) -> None:
        self.gap = gap
        self.open: dict[int, list[tuple[int, int, frozenset[int]]]] = {}
        self.closed: list[tuple[int, int, int, frozenset[int]]] = []

    def take(self, number: int, key: int, time: int, before: int) -> None:
        here = self.open.setdefault(key, [])
        gone = [s for s in here if s[1] + self.gap - 1 <= before]
        self.closed += [(key, *s) for s in gone]
        here = [s for s in here if s not in gone]
        touching = [s for s in here if s[0] <= time + self.gap and time <= s[1] + self.gap]
        first = min([time, *(s[0] for s in touching)])
        last = max([time, *(s[1] for s in touching)])
        members = frozenset([number]).union(*(s[2] for s in touching))
        if last + self.gap - 1 > before:
            here = [s for s in here if s not in touching] + [(first, last, members)]
        self.open[key] = here

    def all(self) -> set[tuple[int, int, int, frozenset[int]]]:
        return {*self.closed, *((key, *s) for key, here in self.open.items() for s in here)}


@pytest.mark.parametrize("seed", range(30))
def test_a_step_gives_what_rows_give_one_by_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    gap = int(random.integers(1, 12))
    for _ in range(15):
        one_by_one = _RowByRow(gap)
        blocks: list[tuple[int, int, int, frozenset[int]]] = []
        done: set[tuple[int, int, int, frozenset[int]]] = set()
        number, watermark, now = 0, NO_TIME, 0
        for _ in range(int(random.integers(1, 4))):
            n = int(random.integers(0, 30))
            keys = random.integers(0, 2, n)
            times, before = np.zeros(n, np.int64), np.zeros(n, np.int64)
            for i in range(n):
                now += int(random.choice([0, 1, 1, 3, gap]))
                times[i] = now - int(random.choice([0, 0, 1, gap, 2 * gap, 30]))
                before[i] = watermark
                watermark = max(watermark, int(times[i]) - int(random.choice([0, 2])))
                one_by_one.take(number + i, int(keys[i]), int(times[i]), int(before[i]))
            open_ = Blocks(*(np.array([b[i] for b in blocks], np.int64) for i in range(3)))
            found = assigned(keys, times, before, open_, gap, _closes)
            members: list[frozenset[int]] = [frozenset() for _ in found.key]
            for i, session in enumerate(found.row):
                if session != LATE:
                    members[session] |= {number + i}
            for block, session in zip(blocks, found.block, strict=True):
                members[session] |= block[3]
            sessions = [
                (int(k), int(a), int(b), m)
                for k, a, b, m in zip(found.key, found.first, found.last, members, strict=True)
            ]
            done |= {s for s in sessions if s[2] + gap - 1 <= watermark}
            blocks = [s for s in sessions if s[2] + gap - 1 > watermark]
            number += n
        assert done | set(blocks) == one_by_one.all()
