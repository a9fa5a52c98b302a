"""What the checkpoints of a pipeline took, for those who look on from outside."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.measure import Durations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.core.clock import Clock
    from penstock.engine.executor import Executor

__all__ = ["Checkpoints"]


@dataclass(slots=True)
class _Taken:
    """One checkpoint: when it began, and how many bytes of state were `written` by it."""

    clock: Clock
    began: float
    written: int = 0

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self.clock.monotonic() - self.began


class Checkpoints:
    """Counted since this process began; one thread writes, any may read.

    `written` are bytes of state, of the last one and of all; `last_ms` is when the last one was done, None before
    the first. `state` is the memory of each operator's state (bytes) as of the last one.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds = Durations()
        self.failures = 0
        self.last_ms: int | None = None
        self.last_written = 0
        self.written = 0
        self.state: dict[str, int] = {}
        self._since: float | None = None

    def wanted(self) -> None:
        """There is work that no checkpoint holds."""
        if self._since is None:
            self._since = self.clock.monotonic()

    @property
    def waiting(self) -> float:
        """Seconds since there has been work that no checkpoint holds; 0 where there is none."""
        since = self._since
        return 0.0 if since is None else self.clock.monotonic() - since

    @contextmanager
    def taken(self, executor: Executor) -> Iterator[_Taken]:
        """A checkpoint is taken inside; it counts as a failure where that raises."""
        taken = _Taken(self.clock, self.clock.monotonic())
        try:
            yield taken
        except BaseException:
            self.failures += 1
            raise
        self.seconds.add(taken.seconds)
        self.last_ms, self.last_written = self.clock.now_ms(), taken.written
        self.written += taken.written
        self.state = {v.operator.name: v.operator.state_bytes for v in executor.graph.vertices}
        self._since = None
