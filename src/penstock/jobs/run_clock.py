"""`RunClock`: the clock of a run, on which nothing waits longer than the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.jobs.step import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

    from penstock.core.clock import Clock
    from penstock.jobs.step import Note

__all__ = ["RunClock"]


class RunClock:
    """`clock`, whose waits end with StoppedError where whoever has the `note` is to end."""

    def __init__(self, clock: Clock, note: Note) -> None:
        self._clock, self._note = clock, note

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass. Raises StoppedError as soon as the run is to end."""
        if self.wait(self._note.stop, seconds):
            raise StoppedError

    def wait(self, stop: Event, seconds: float) -> bool:
        return self._clock.wait(stop, seconds)

    def awaiting(self, give_up: Callable[[], None]) -> AbstractContextManager[None]:
        return self._note.interrupting(give_up)
