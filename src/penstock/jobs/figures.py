"""`Figures`: what the runs were that ended in this process, for those who watch it."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.jobs.run import Run

__all__ = ["Figures"]


class Figures:
    """Sums since the process began; threads may share it."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        """By job and how they ended."""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """By job, how long they took from their beginning, retries and the waiting for them included."""
        self.rows: Counter[str] = Counter()
        """By job, how many they read."""
        self._lock = Lock()

    def add(self, run: Run) -> None:
        """One that has ended."""
        assert run.ended is not None
        with self._lock:
            self.runs[run.job, run.state] += 1
            self.seconds[run.job] += 0 if run.began is None else (run.ended - run.began) / 1000
            self.rows[run.job] += run.rows
