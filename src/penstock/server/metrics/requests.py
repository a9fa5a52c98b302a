"""What HTTP requests come, what they got and how long that took."""

from __future__ import annotations

from penstock.core.measure import Durations

__all__ = ["OTHER", "Requests"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


class Requests:
    """Counted by the event loop's thread alone. `answered` is by method, route and status."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str, int], int] = {}
        self.seconds: dict[str, Durations] = {}
        self.running = 0
        self.websockets = 0

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """One was answered."""
        key = (method if method in METHODS else OTHER, route, status)
        self.answered[key] = self.answered.get(key, 0) + 1
        self.seconds.setdefault(route, Durations()).add(seconds)
