"""The inlet: small deliveries of many requests go into the log together, a commit for all of the same moment."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from penstock.core.errors import SqlError
from penstock.project.ingest import deliver, way_into

if TYPE_CHECKING:
    from penstock.project.ingest import Delivery, Way
    from penstock.project.penstock import Penstock

__all__ = ["Inlet"]

_PAUSE_SECONDS = 0.002
"""At least so long from one commit's beginning to the next one's: what comes meanwhile shares it."""
_WAYS = 1_000
"""So many are kept."""

_Asked = tuple[str, str | None, int | None]
"""A topic's or table's name, the field of the key, the partition."""


class Inlet:
    """All methods are called from the event loop of the app whose inlet it is."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._ways: dict[_Asked, tuple[Way, object]] = {}
        self._waiting: list[tuple[Delivery, asyncio.Future[None]]] = []
        self._thread = ThreadPoolExecutor(1, "inlet")
        self._next = 0.0
        self._busy = False

    async def way(self, asked: _Asked) -> Way:
        """The way into a topic, looked up where tables have changed since it was last asked for."""
        tables = self._tables()
        kept = self._ways.get(asked)
        if kept is not None and kept[1] == tables:
            return kept[0]
        found = await anyio.to_thread.run_sync(way_into, self._penstock, *asked)
        if len(self._ways) >= _WAYS:
            self._ways.clear()
        self._ways[asked] = found, tables
        return found

    async def take(self, delivery: Delivery) -> None:
        """Return when it is delivered, together with what others bring now."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._waiting.append((delivery, done))
        if not self._busy:
            self._busy = True
            loop.call_at(self._next, self._begin)
        await done

    def forget(self, way: Way) -> None:
        """Look this way up when it is asked for again."""
        self._ways = {asked: kept for asked, kept in self._ways.items() if kept[0] is not way}

    def close(self) -> None:
        """When nothing is asked any more."""
        self._thread.shutdown()

    def _tables(self) -> object:
        """What the ways depend on."""
        try:
            return tuple(self._penstock.catalog.objects.values())
        except SqlError:
            return ()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        taken, self._waiting = self._waiting, []
        self._next = loop.time() + _PAUSE_SECONDS
        work = loop.run_in_executor(self._thread, deliver, self._penstock.log, *(delivery for delivery, _ in taken))
        work.add_done_callback(partial(self._end, taken))

    def _end(self, taken: list[tuple[Delivery, asyncio.Future[None]]], work: asyncio.Future[None]) -> None:
        error = work.exception()
        for _, done in taken:
            if not done.done():  # whoever waits may have gone
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
        self._busy = bool(self._waiting)
        if self._busy:
            asyncio.get_running_loop().call_at(self._next, self._begin)
