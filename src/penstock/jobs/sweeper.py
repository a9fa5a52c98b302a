"""`Sweeper`: does in a thread of its own what follows elsewhere from the ends of runs: that may be slow, or away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Sweeper"]


class Sweeper:
    """Calls `sweep` whenever it is asked to; asked meanwhile, once more. Threads may share it."""

    def __init__(self, sweep: Callable[[], None]) -> None:
        self._sweep = sweep
        self._lock = threading.Lock()
        self._is_asked = False
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have it called, from a moment on that is not before this one."""
        with self._lock:
            self._is_asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._go, name="sweep", daemon=True)
                self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        """Wait until what was asked for is done, at most so long."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _go(self) -> None:
        while True:
            with self._lock:
                if not self._is_asked:
                    self._thread = None
                    return
                self._is_asked = False
            try:
                self._sweep()
            except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again the next time
                tell("error", "sweep", "what follows from the ends of runs could not be done", error=error)
