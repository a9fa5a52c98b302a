"""How many questions are being answered, how long they took, and which were refused."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError
from penstock.core.measure import Durations

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Questions"]


class Questions:
    """Counted since this process began; threads may share it.

    `refused` counts, by the error's code, those that were not allowed, wrong, too large or too slow.
    """

    def __init__(self) -> None:
        self.running = 0
        self.seconds = Durations()
        self.refused: dict[str, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """A question is answered inside."""
        began = time.perf_counter()
        with self._lock:
            self.running += 1
        try:
            yield
        except PenstockError as error:
            with self._lock:
                self.refused[error.code] = self.refused.get(error.code, 0) + 1
            raise
        finally:
            with self._lock:
                self.running -= 1
            self.seconds.add(time.perf_counter() - began)
