"""When a pipeline commits and looks for silence, how much it takes at once, and how fast a replay may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.batch import NO_TIME

if TYPE_CHECKING:
    import threading

    from penstock.core.clock import Clock

__all__ = ["Pace"]

CAUGHT_UP_MS = 200
BEHIND_MS = 1_000
_LONGEST_WAIT = 0.05
_LOOK_SECONDS = 1.0
_FEW_ROWS = 2_000
"""A step that finds fewer rows has caught up; it costs about as much as one over a single row."""
_REST = 10
"""It is followed by a rest of so many times its length, but never one of more than _LONGEST_REST."""
_LONGEST_REST = 0.08
_REPLAY_ROWS = 1_000
_LONG = 0.25
"""Behind a backlog a step of more seconds is followed by one over twice the rows: what is long is a plan of many
operators, of which each costs some ms a step however many rows there are."""


class Pace:
    """`interval` (ms) between commits; None = short when caught up, longer behind a backlog.

    Behind a backlog too the first commits come soon: each interval is twice the one before, until it is the
    longer one. With a `speed`, event time passes that many times faster than the clock, at most.
    """

    def __init__(self, clock: Clock, interval: int | None, speed: float | None) -> None:
        self.clock = clock
        self.interval = interval
        self.speed = speed
        self._last_commit = self._last_look = clock.monotonic()
        self._behind = CAUGHT_UP_MS
        self._began: tuple[float, int] | None = None
        self._backlog: float | None = None
        """Since when each step has found a backlog."""
        self._rows = 0
        """So many rows are to be taken at once, where that is more than usual."""

    def rows(self, usual: int, most: int | None = None) -> int:
        """How many rows to take at once: `usual`, and up to `most` where a backlog asks for it."""
        return min(usual, _REPLAY_ROWS) if self.speed else max(usual, min(self._rows, most or usual))

    def stepped(self, rows: int, seconds: float, *, behind: bool) -> None:
        """A step for which `rows` were asked has taken so long."""
        if not behind:
            self._backlog, self._rows = None, 0
            return
        if self._backlog is None:
            self._backlog = self.clock.monotonic()
        if seconds > _LONG:
            self._rows = 2 * rows

    @property
    def behind(self) -> bool:
        """Whether steps have found nothing but a backlog for longer than commits are apart then."""
        return self._backlog is not None and (self.clock.monotonic() - self._backlog) * 1000 > BEHIND_MS

    def commit_due(self, *, behind: bool) -> bool:
        """Whether the interval since the last commit has passed."""
        interval = self.interval if self.interval is not None else self._behind if behind else CAUGHT_UP_MS
        return (self.clock.monotonic() - self._last_commit) * 1000 >= interval

    def committed(self) -> None:
        """A commit has just been done."""
        self._behind = min(2 * self._behind, BEHIND_MS)
        self._last_commit = self.clock.monotonic()

    def look_due(self) -> bool:
        """Whether it is time to look for silent partitions while rows flow; the next time comes a second after that."""
        now = self.clock.monotonic()
        due = now - self._last_look >= _LOOK_SECONDS
        if due:
            self._last_look = now
        return due

    def idle_seconds(self, *, dirty: bool) -> float:
        """How long to wait for new rows before looking whether a commit is due."""
        if not dirty:
            return _LONGEST_WAIT
        interval = self.interval if self.interval is not None else CAUGHT_UP_MS
        left = interval / 1000 - (self.clock.monotonic() - self._last_commit)
        return min(_LONGEST_WAIT, max(0.0, left))

    @staticmethod
    def caught_up(rows: int, asked: int) -> bool:
        """Whether a step that found so many rows, of those `asked` for, has found no backlog."""
        return rows < min(asked, _FEW_ROWS)

    def rest(self, seconds: float) -> None:
        """After a step of `seconds` that has caught up, wait: what comes meanwhile costs no step of its own."""
        self.clock.sleep(min(_REST * seconds, _LONGEST_REST))

    def hold(self, event_time: int, stop: threading.Event) -> None:
        """In a replay, wait until the clock has come as far as event time (ms)."""
        if self.speed is None or event_time == NO_TIME:
            return
        now = self.clock.monotonic()
        if self._began is None:
            self._began = (now, event_time)
        began, first = self._began
        ahead = (event_time - first) / 1000 / self.speed - (now - began)
        while ahead > 0 and not stop.is_set():
            self.clock.sleep(min(ahead, _LONGEST_WAIT))
            ahead = (event_time - first) / 1000 / self.speed - (self.clock.monotonic() - began)
