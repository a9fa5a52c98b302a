"""How fast counts grow, by those who look at them now and then."""

from __future__ import annotations

__all__ = ["Rates"]


class Rates:
    """The growth of each count, a second, over the last second or since it was last looked at."""

    def __init__(self, began: float = 0.0) -> None:
        """All counts were 0 at `began`, seconds from whatever start."""
        self._began = began
        self._seen: dict[str, tuple[float, int, float]] = {}

    def of(self, name: str, count: int, now: float, *, from_zero: bool = True) -> float:
        """The rate of the count `name`, which is `count` at `now`, in seconds from the same start.

        One that was not 0 at the start has no rate when it is looked at first: 0.
        """
        first = (self._began, 0, 0.0) if from_zero else (now, count, 0.0)
        since, before, rate = self._seen.setdefault(name, first)
        if now - since >= 1 or (since == self._began and not rate):
            rate = max(0.0, (count - before) / max(now - since, 1e-3))
            self._seen[name] = (now, count, rate)
        return rate
