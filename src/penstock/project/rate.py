"""How fast counts grow, by those who look at them now and then."""

from __future__ import annotations

__all__ = ["Rates"]


class Rates:
    """The growth of each count, a second, over the last second or since it was last looked at."""

    def __init__(self, began: float = 0.0) -> None:
        """All counts were 0 at `began`, seconds from whatever start."""
        self._began = began
        self._seen: dict[str, tuple[float, int, float]] = {}

    def of(self, name: str, count: int, now: float) -> float:
        """The rate of the count `name`, which is `count` at `now`, in seconds from the same start."""
        since, before, rate = self._seen.get(name, (self._began, 0, 0.0))
        if now - since >= 1 or not rate:
            rate = max(0.0, (count - before) / max(now - since, 1e-3))
            self._seen[name] = (now, count, rate)
        return rate
