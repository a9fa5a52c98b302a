"""A feed: one distinct subscription, computed once for all who watch it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.server.push.message import Message, error_body, message

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub
    from penstock.server.push.viewer import Viewer

__all__ = ["Feed", "History"]

_AT_ONCE = 1_000
"""To so many viewers a message goes before others have their turn on the loop."""
_KEPT_BYTES = 1 << 20


class History:
    """The last messages of a feed, each of which follows on the position before it."""

    def __init__(self, position: str) -> None:
        self._first = position
        self._messages: deque[Message] = deque()
        self._bytes = 0

    def add(self, one: Message) -> None:
        self._messages.append(one)
        self._bytes += len(one)
        while self._bytes > _KEPT_BYTES:
            gone = self._messages.popleft()
            self._first = gone.position
            self._bytes -= len(gone)

    def after(self, position: str) -> list[Message] | None:
        """The messages that follow on `position`; None if that is not known (any more)."""
        kept = list(self._messages)
        if position == self._first:
            return kept
        for index in range(len(kept) - 1, -1, -1):
            if kept[index].position == position:
                return kept[index + 1 :]
        return None


class Feed:
    """Looks, when it is stirred, whether there is something new, and gives it to its viewers.

    It belongs to the event loop; what takes time is done in the hub's threads. `lock` is held while it looks and
    while a viewer joins, so that each gets every message from its own beginning on, once.
    """

    gap = 0.0
    """Seconds between two looks, at least."""
    backlog_gap = 0.0
    """The same while a pipeline works through a backlog, of which nobody can see each step."""
    share = 0.0
    """The part of the time that looking may take; 0: all of it."""
    spent: float | None = None
    """What the last look has cost in CPU seconds, where these count and not how long it took."""

    def __init__(self, hub: Hub, channel: int) -> None:
        self.hub = hub
        self.channel = channel
        self.viewers: dict[Viewer, int] = {}
        """Those who watch, and by how many subscriptions."""
        self.lock = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failed = ""

    # -- what kinds of feeds differ in -------------------------------------------------------------

    @property
    def topics(self) -> frozenset[str]:
        """The topics whose growth concerns it."""
        return frozenset()

    @property
    def opened(self) -> frozenset[tuple[str, ...]]:
        """The tables of which it shows what is not committed."""
        return frozenset()

    async def begin(self) -> None:
        """Get ready for a first viewer, or for one after a time without. Raises PenstockError where it does not fit."""

    async def look(self) -> list[Message]:
        """What is new."""
        raise NotImplementedError

    async def opening(self, reset: str) -> list[Message]:
        """What a viewer gets that has nothing: all there is, up to the last look."""
        raise NotImplementedError

    async def missed(self, position: str) -> list[Message] | str:
        """What follows on a position up to the last look; or why that cannot be told, in a word."""
        return "unknown"

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        """Whether to look, after topics were appended to or pipelines that write `tables` have moved."""
        raise NotImplementedError

    # -- viewers -----------------------------------------------------------------------------------

    async def join(self, viewer: Viewer, id_: str, position: str, *, told: bool) -> None:
        """Let a viewer watch: it gets what follows on its position, or an opening, and then all that is new.

        Unless `told` is False, it is told first under which channel. Raises as `begin`.
        """
        async with self.lock:
            if not self.viewers:
                await self.begin()
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())
            found = await self.missed(position) if position and viewer not in self.viewers else "new"
            messages = await self.opening(found) if isinstance(found, str) else found
            if viewer.feeds.get(id_) is not self:
                return  # it has gone, or thought better of it
            viewer.missed.discard(self)  # it begins now, whatever was dropped before
            if told:
                resumed = not isinstance(found, str)
                viewer.take(message("subscribed", id=id_, channel=self.channel, resumed=resumed))
            self.viewers[viewer] = self.viewers.get(viewer, 0) + 1
            for one in messages:
                viewer.take(one, self)
            self.stir()  # what came since it began was told to nobody

    async def again(self, viewer: Viewer) -> None:
        """Begin anew with a viewer for which messages were dropped."""
        async with self.lock:
            messages = await self.opening("slow") if viewer in self.viewers else []
            if self in viewer.missed:
                viewer.missed.discard(self)
                for one in messages if viewer in self.viewers else ():
                    viewer.take(one, self)

    def leave(self, viewer: Viewer) -> None:
        """One subscription of a viewer has ended."""
        left = self.viewers.get(viewer, 0) - 1
        if left > 0:
            self.viewers[viewer] = left
        else:
            self.viewers.pop(viewer, None)
            viewer.missed.discard(self)

    # -- looking -----------------------------------------------------------------------------------

    def stir(self) -> None:
        """There may be something new."""
        self._stirred.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            began = loop.time()
            async with self.lock:
                for one in await self._looked():
                    await self._publish(one)
            took = loop.time() - began
            cost = took if self.spent is None else self.spent
            gap = max(self.gap, self.backlog_gap) if self.hub.behind else self.gap
            rest = max(gap, cost / self.share if self.share else 0.0) - took
            if rest > 0:
                await asyncio.sleep(rest)

    async def _looked(self) -> list[Message]:
        """What is new, or that looking has failed: an error is told once, until it goes well again."""
        try:
            messages = await self.look()
        except Exception as error:  # noqa: BLE001  # it is told to those who watch
            told = error_body(error)
            if not isinstance(error, PenstockError):
                tell("error", "push-failed", "a subscription has failed", channel=self.channel, error=error)
            if self._failed == str(told):
                return []
            self._failed = str(told)
            return [message("failed", channel=self.channel, time=self.hub.now_ms(), error=told)]
        self._failed = ""
        return messages

    async def _publish(self, one: Message) -> None:
        viewers = list(self.viewers)
        for start in range(0, len(viewers), _AT_ONCE):
            if start:
                await asyncio.sleep(0)
            for viewer in viewers[start : start + _AT_ONCE]:
                if viewer in self.viewers:
                    viewer.take(one, self)
