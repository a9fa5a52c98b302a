"""Waits for the log to grow, and tells which topics have."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penstock.core.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock

__all__ = ["Watcher"]

_WAIT_SECONDS = 0.1
"""After so long it looks whether it is still wanted."""
_GAP_SECONDS = 0.02
"""Between two looks at what has come, also from other processes: with many appends, one look is for all of them."""


class Watcher:
    """Calls ``appended(topics)`` from its thread, when anybody, in any process, has appended to topics it watches."""

    def __init__(self, penstock: Penstock, appended: Callable[[frozenset[str]], None]) -> None:
        self._log = penstock.log
        self._appended = appended
        self._topics: frozenset[str] = frozenset()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push-watcher", daemon=True)
        self._thread.start()

    def watch(self, topics: frozenset[str]) -> None:
        """Watch these; with none, nothing is looked at."""
        self._topics = topics
        if topics:
            self._wanted.set()
        else:
            self._wanted.clear()

    def stop(self) -> None:
        self._stop.set()
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        ends: dict[str, object] = {}
        seen = -1
        while self._wanted.wait() and not self._stop.is_set():
            if not self._log.wait(seen, _WAIT_SECONDS, _GAP_SECONDS):
                continue
            seen = self._log.end_seq()
            before, ends = ends, {topic: self._ends(topic) for topic in self._topics}
            if grown := frozenset(topic for topic, now in ends.items() if before.get(topic) != now):
                self._appended(grown)
            self._stop.wait(_GAP_SECONDS)

    def _ends(self, topic: str) -> object:
        try:
            return self._log.ends(topic)
        except LogError:  # it was deleted, and may come again
            return None
