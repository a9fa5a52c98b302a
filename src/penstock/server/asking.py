"""Questions over HTTP: so many at once and the others in a queue, each with an id by which it can be cancelled.

Those that have waited are given the answer to an equal one, where that stands for a moment after they were asked.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import cpu_count
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from penstock.core.errors import QueryError, RequestError
from penstock.history import Stop
from penstock.server.access import entry_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request

    from penstock.history import Limits, Result
    from penstock.project.access.caller import Caller
    from penstock.project.penstock import Penstock

__all__ = ["Asked", "Asking"]

T = TypeVar("T")

_WAITING = 512
"""Questions that wait; one more is refused."""
_SHORT = 1.0
"""Seconds after which a question makes room for others."""
_PATIENCE = 30.0
"""Seconds that a question waits for its turn; then it is refused."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is being answered or waits; `since` in ms since 1970."""

    id: str
    caller: Caller
    sql: str
    since: int
    stop: Stop


@dataclass(slots=True)
class _Equal:
    """Equal questions that are being answered or wait; who has a turn asks for all that have come by then."""

    askers: int = 0
    latest: float = 0.0
    """When the last of them came, by the monotonic clock."""
    answer: tuple[float, Result] | None = None
    """The last answer, and a moment that it stands after."""


class Asking:
    """Answers the questions of an app's requests. All of its methods are called from the app's event loop."""

    def __init__(self, penstock: Penstock) -> None:
        self.penstock = penstock
        self.asked: dict[str, Asked] = {}
        self.at_once = max(2, cpu_count() or 2)
        """So many short ones are answered at the same time, and so many long ones beside them."""
        self.short = _SHORT
        """Seconds that a question is short."""
        self.patience = _PATIENCE
        """Seconds that a question waits for its turn."""
        self._turns = asyncio.Semaphore(self.at_once)
        self._long = asyncio.Semaphore(self.at_once)
        self._equal: dict[str, _Equal] = {}
        """By the text of the question and all that goes with it: 1, 1.0 and true are equal, and different."""

    async def ask(
        self,
        request: Request,
        sql: str,
        limits: Limits,
        *,
        parameters: Mapping[str, Any] | None = None,
        zone: str = "UTC",
        id_: str | None = None,
    ) -> Result:
        """The answer to `sql` as whoever asks may see it, of a moment after that. It is cancelled when that one goes.

        Raises QueryError, also where its turn does not come in time, and RequestError where its id is taken.
        """
        asked, filters = self.penstock.clock.monotonic(), entry_of(request.scope).caller.filters
        named = repr((sql, limits, zone, sorted((parameters or {}).items()), filters))
        async with self._entered(request, sql, id_) as stop, self._among(named, asked) as equal:

            def answer() -> Result:
                if equal.answer is not None and equal.answer[0] >= asked and not stop.reason:
                    return equal.answer[1]
                since = equal.latest
                result = self.penstock.query(sql, limits, zone, parameters, stop, since, filters)
                equal.answer = since, result
                return result

            return await self._in_turn(stop, answer)

    async def work(self, request: Request, what: str, answer: Callable[[Stop], T]) -> T:
        """What `answer` gives, which is a question in other words than SQL; `what` tells of it. As `ask`."""
        async with self._entered(request, what, None) as stop:
            return await self._in_turn(stop, lambda: answer(stop))

    async def _in_turn(self, stop: Stop, answer: Callable[[], T]) -> T:
        """The answer of a question, which begins as a short one.

        When it proves to be long, it goes on as such if there is room; else it is put off until there is.
        """
        turns = self._turns
        await self._take(turns)
        try:
            running = asyncio.create_task(_in_thread(answer))
            await asyncio.wait((running,), timeout=self.short)
            if not running.done() and self._long.locked():
                stop.put_off()
            elif not running.done():
                await self._long.acquire()
                turns.release()
                turns = self._long
            return await running
        except asyncio.CancelledError:
            stop.cancel()
            raise
        except QueryError:
            if not stop.renew():
                raise
        finally:
            turns.release()
        await self._take(self._long)
        try:
            return await _in_thread(answer)
        finally:
            self._long.release()

    def seen_by(self, caller: Caller) -> list[Asked]:
        """The questions that are being answered or wait: all of them for who operates, else those of the same user."""
        return [a for a in self.asked.values() if "operate" in caller.rights or a.caller.name == caller.name]

    def cancel(self, id_: str, caller: Caller) -> None:
        """End a question. Raises RequestError where `caller` sees none of that id."""
        found = self.asked.get(id_)
        if found is None or found not in self.seen_by(caller):
            raise RequestError(f"no question '{id_}' is being answered", code="query-id-unknown")
        found.stop.cancel()

    @asynccontextmanager
    async def _among(self, named: str, asked: float) -> AsyncIterator[_Equal]:
        """Those that are equal to a question; what they know goes with the last of them."""
        equal = self._equal.setdefault(named, _Equal())
        equal.askers += 1
        equal.latest = asked
        try:
            yield equal
        finally:
            equal.askers -= 1
            if not equal.askers:
                del self._equal[named]

    async def _take(self, turns: asyncio.Semaphore) -> None:
        """Wait for a turn. Raises QueryError where none comes in time."""
        try:
            async with asyncio.timeout(self.patience):
                await turns.acquire()
        except TimeoutError:
            raise QueryError(
                f"{self.at_once} questions are being answered, this one has waited for {self.patience:g} s",
                code="query-busy",
                hint="ask again in a moment; GET /api/query lists those that run, DELETE /api/query/ID ends one",
            ) from None

    @asynccontextmanager
    async def _entered(self, request: Request, sql: str, id_: str | None) -> AsyncIterator[Stop]:
        id_ = id_ or uuid.uuid4().hex
        if id_ in self.asked:
            raise RequestError(f"a question '{id_}' is being answered", code="query-id-exists")
        if len(self.asked) >= _WAITING:
            raise QueryError(
                f"{len(self.asked):,} questions wait already", code="query-busy", hint="ask again in a moment"
            )
        stop = Stop()
        self.asked[id_] = Asked(id_, entry_of(request.scope).caller, sql, self.penstock.clock.now_ms(), stop)
        watch = asyncio.create_task(_until_gone(request, stop))
        try:
            yield stop
        finally:
            watch.cancel()
            del self.asked[id_]


async def _in_thread(answer: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(answer, limiter=anyio.CapacityLimiter(1))  # it has its turn


async def _until_gone(request: Request, stop: Stop) -> None:
    """Cancel the question when its asker has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
    stop.cancel()
