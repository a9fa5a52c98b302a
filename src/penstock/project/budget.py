"""The one number of memory that the process of a project may take: what of it is for whom, and what its end does."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.core.errors import QueryError, StorageError
from penstock.core.logs import tell
from penstock.project.memory import own_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.core.clock import Clock

__all__ = ["LEAST", "Budget"]

LEAST = 1 << 30
"""Interpreter and libraries alone take a quarter of it."""
_QUESTIONS, _STATES = 0.25, 0.5
_QUESTION = 16 << 20
"""With less a question is not begun; half of what is left it gets at most, so that one leaves room for others."""
_AGAIN = 0.95
"""There is room again below so much of it: what goes on then is not to stop at once."""
_LOOKS_SECONDS = 0.2


class Budget:
    """`limit` bytes for all that the process allocates; 0: nothing is refused. Threads may share it.

    Questions have a share of their own: they get less as it goes, and are refused at its end. States cannot be given
    up: that they have outgrown their share is said. With the whole of it taken no event comes in and no question is
    begun, after `spare` has let go of what can be had again; pipelines go on with what the log has.
    """

    def __init__(self, limit: int, clock: Clock, spare: Callable[[], None]) -> None:
        self.limit = limit
        self.lent = 0
        """Bytes that questions may take now."""
        self._clock = clock
        self._spare = spare
        self._lock = threading.Lock()
        self._looked = -_LOOKS_SECONDS
        self._full = False
        self._outgrown = False

    @property
    def for_questions(self) -> int:
        return int(self.limit * _QUESTIONS)

    @property
    def for_states(self) -> int:
        return int(self.limit * _STATES)

    @property
    def full(self) -> bool:
        """Whether all of it is taken; told once when it begins and when it ends."""
        if not self.limit:
            return False
        with self._lock:
            now = self._clock.monotonic()
            if now - self._looked >= _LOOKS_SECONDS:
                self._looked = now
                self._look()
            return self._full

    def require(self) -> None:
        """Raises StorageError where all of it is taken."""
        if self.full:
            raise StorageError(
                self.words,
                code="memory-full",
                hint="nothing of this was kept: repeat it in a while, or raise limit in [memory]",
            )

    @contextmanager
    def lending(self, wanted: int) -> Iterator[int]:
        """What a question may take inside, of the bytes that it wants. Raises QueryError where there is too little."""
        if not self.limit:
            yield wanted
            return
        if self.full:
            raise QueryError(self.words, code="memory-full", hint="ask again in a while, or raise limit in [memory]")
        with self._lock:
            left, size = self.for_questions - self.lent, self.for_questions
            while size > max(left // 2, _QUESTION):
                size //= 2  # few sizes: an instance of DuckDB has one for good, and waits for a question of the same
            size = min(size, wanted)
            if size > left:
                raise QueryError(
                    f"questions take the {self.for_questions >> 20:,} MB that they may have together",
                    code="query-busy",
                    hint="ask again in a moment, or raise limit in [memory]",
                )
            self.lent += size
        try:
            yield size
        finally:
            with self._lock:
                self.lent -= size

    def outgrown(self, states: int) -> bool:
        """Whether states of so many bytes have more than their share; told once when it begins and when it ends."""
        outgrown = bool(self.limit) and states > self.for_states
        if outgrown != self._outgrown:
            self._outgrown = outgrown
            words = f"states of operators take {states >> 20:,} MB, and {self.for_states >> 20:,} MB are meant for them"
            tell("warning", "states-large" if outgrown else "states-fit", words, states=states)
        return outgrown

    @property
    def words(self) -> str:
        """That it is taken, in a sentence."""
        return f"the process has taken the {self.limit >> 20:,} MB of memory that it may have"

    def _look(self) -> None:
        own = own_memory() or 0
        full = own >= self.limit * (_AGAIN if self._full else 1.0)
        if full and not self._full:
            self._spare()
            full = (own := own_memory() or 0) >= self.limit
        if full != self._full:
            self._full = full
            now = "events and questions are refused until there is room" if full else "all goes on"
            words = f"the process has {own >> 20:,} MB of the {self.limit >> 20:,} MB of memory that it may have"
            tell("warning", "memory-full" if full else "memory-room", f"{words}: {now}", own=own)
