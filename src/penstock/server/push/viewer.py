"""A viewer: one connection, what it watches, and what waits for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.server.access import Entry
    from penstock.server.push.feed import Feed
    from penstock.server.push.message import Message
    from penstock.server.push.request import Subscribe

__all__ = ["Outlet", "Viewer"]


class Outlet(Protocol):
    """The way to a client. It calls its viewer's `drained` when it takes more after it did not."""

    @property
    def ready(self) -> bool:
        """Whether it takes more now without holding it back."""
        ...

    def put(self, message: Message, feed: Feed | None) -> None:
        """Send; never blocks. `feed` is where the message comes from, None for one to this client alone."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection, saying why if the client still listens."""
        ...

    def abort(self) -> None:
        """End the connection at once."""
        ...


class Viewer:
    """Sends what feeds give, in order. What the client does not take waits here, up to `queue_bytes`.

    Beyond that everything from feeds is dropped, and when the client has taken the rest its feeds begin anew
    (`again`), one after the other: all at once they might not fit either. It belongs to the event loop.
    """

    __slots__ = (
        "_again",
        "_beginning",
        "_queue",
        "_stuck_since",
        "asking",
        "entry",
        "feeds",
        "missed",
        "outlet",
        "queue_bytes",
        "waiting",
    )

    def __init__(self, outlet: Outlet, queue_bytes: int, again: Callable[[Viewer, Feed], None], entry: Entry) -> None:
        self.outlet = outlet
        self.entry = entry
        """How it has come in, and what it may see."""
        self.queue_bytes = queue_bytes
        self.feeds: dict[str, Feed] = {}
        self.missed: set[Feed] = set()
        """Those of which something was dropped, and that have not begun anew."""
        self.waiting = 0
        """Bytes in the queue."""
        self.asking: dict[str, Subscribe] = {}
        """The subscriptions whose feeds are being made, by their ids."""
        self._stuck_since: float | None = None
        self._again = again
        self._beginning = False
        """Whether one of its feeds begins anew."""
        self._queue: deque[tuple[Message, Feed | None]] = deque()

    def take(self, message: Message, feed: Feed | None = None) -> None:
        """Send a message, or queue it, or drop it."""
        if self.missed and feed in self.missed:
            return
        if not self._queue and self.outlet.ready:
            self.outlet.put(message, feed)
            return
        self._queue.append((message, feed))
        self.waiting += len(message)
        if self.waiting > self.queue_bytes:
            self._drop()

    def stuck_for(self, now: float) -> float:
        """Seconds since it was first seen (by this) not to take what is sent; 0 while it does."""
        if self.outlet.ready:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        return 0.0 if self._stuck_since is None else now - self._stuck_since

    def _drop(self) -> None:
        """Forget what waits, but for answers to the client itself."""
        self.missed.update(self.feeds.values())
        kept = [one for one in self._queue if one[1] is None]
        self._queue = deque(kept)
        self.waiting = sum(len(m) for m, _ in kept)
        if self.waiting > self.queue_bytes:
            self.outlet.abort()

    def drained(self) -> None:
        """The client has taken what was sent: go on."""
        self._stuck_since = None
        while self._queue and self.outlet.ready:
            message, feed = self._queue.popleft()
            self.waiting -= len(message)
            self.outlet.put(message, feed)
        if self.missed and not self._beginning and not self._queue and self.outlet.ready:
            self._beginning = True
            self._again(self, next(iter(self.missed)))

    def begun(self) -> None:
        """A feed has begun anew: go on with the next one."""
        self._beginning = False
        self.drained()
