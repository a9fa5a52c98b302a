"""Durations as they are counted where they happen, to be read from another thread at any time."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Durations", "Histogram"]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many took at most so many seconds, for each bound (the last is infinite), and the sum of all."""

    buckets: tuple[tuple[float, int], ...]
    seconds: float

    @property
    def count(self) -> int:
        """How many there were."""
        return self.buckets[-1][1]


class Durations:
    """How long something took, each time; threads may share it."""

    __slots__ = ("_counts", "_lock", "_seconds")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """It took so long once more."""
        at = bisect_left(BOUNDS, seconds)
        with self._lock:
            self._counts[at] += 1
            self._seconds += seconds

    def read(self) -> Histogram:
        """All of them so far."""
        with self._lock:
            counts, seconds = list(self._counts), self._seconds
        return Histogram(tuple(zip((*BOUNDS, float("inf")), accumulate(counts), strict=True)), seconds)
