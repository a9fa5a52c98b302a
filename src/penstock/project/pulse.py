"""That pipelines of this process move, told to whoever listens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.engine.pipeline import Pipeline

__all__ = ["Pulse"]


class Pulse:
    """`beat` is called from the pipelines' threads, and calls those who listen there: they must be quick."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._heard: tuple[Callable[[Pipeline, bool], None], ...] = ()

    def listen(self, heard: Callable[[Pipeline, bool], None]) -> Callable[[], None]:
        """Call ``heard(pipeline, committed)`` after each step, and with True after each commit; what ends that."""
        with self._mutex:
            self._heard = (*self._heard, heard)

        def end() -> None:
            with self._mutex:
                self._heard = tuple(h for h in self._heard if h is not heard)

        return end

    def beat(self, pipeline: Pipeline, committed: bool) -> None:
        for heard in self._heard:
            heard(pipeline, committed)
