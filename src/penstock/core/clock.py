"""The only place that reads the wall clock; everything else is given a `Clock`."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Where time comes from."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for durations."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...

    def wait(self, stop: Event, seconds: float) -> bool:
        """Let `seconds` pass, or fewer where `stop` is set meanwhile: whether it is."""
        ...

    def awaiting(self, give_up: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, somebody waits for what no clock tells; `give_up` is called from another thread to end that."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, stop: Event, seconds: float) -> bool:
        return stop.wait(seconds)

    def awaiting(self, give_up: Callable[[], None]) -> AbstractContextManager[None]:
        """Nobody ends it."""
        return nullcontext()


class ManualClock:
    """A clock that moves only when told to: for tests and replays.

    `sleep` moves it, so code that waits runs at once.
    """

    def __init__(self, now_ms: int = 0) -> None:
        self._start = now_ms
        self._now = now_ms

    def now_ms(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start) / 1000

    def sleep(self, seconds: float) -> None:
        self._now += round(seconds * 1000)

    def wait(self, stop: Event, seconds: float) -> bool:
        if not stop.is_set():
            self.sleep(seconds)
        return stop.is_set()

    def awaiting(self, give_up: Callable[[], None]) -> AbstractContextManager[None]:
        """Nobody ends it."""
        return nullcontext()

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass."""
        self._now += ms
