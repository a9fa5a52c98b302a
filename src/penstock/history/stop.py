"""Ending a question before its answer: its time is over, or somebody has asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Stop"]

_AGAIN_SECONDS = 0.02
"""DuckDB forgets an interrupt that comes between two statements, so it is said again."""


class Stop:
    """Of one question; `cancel` may be called from any thread, also before the question begins.

    `reason` says what has ended it, ``""`` while nothing has.
    """

    def __init__(self) -> None:
        self.reason: Literal["", "time", "cancelled", "put off"] = ""
        self._changed = threading.Condition()

    def cancel(self) -> None:
        """End it."""
        with self._changed:
            self.reason = "time" if self.reason == "time" else "cancelled"
            self._changed.notify_all()

    def put_off(self) -> None:
        """Break it off, to be begun anew."""
        with self._changed:
            self.reason = self.reason or "put off"
            self._changed.notify_all()

    def renew(self) -> bool:
        """Whether it was put off and nothing else has ended it: then it may begin anew."""
        with self._changed:
            if self.reason != "put off":
                return False
            self.reason = ""
            return True

    @contextmanager
    def within(self, seconds: float, interrupt: Callable[[], None]) -> Iterator[None]:
        """The question is answered inside; `interrupt` breaks off what runs."""
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(seconds, interrupt, done), name="stop", daemon=True)
        watch.start()
        try:
            yield
        finally:
            with self._changed:
                done.set()
                self._changed.notify_all()
            watch.join()

    def _watch(self, seconds: float, interrupt: Callable[[], None], done: threading.Event) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: done.is_set() or bool(self.reason), seconds):
                self.reason = "time"
        while not done.is_set():
            interrupt()
            done.wait(_AGAIN_SECONDS)
