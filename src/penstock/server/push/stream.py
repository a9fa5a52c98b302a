"""`/api/stream`: the protocol of push as server-sent events."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from penstock.server.access import entry_of
from penstock.server.push.request import read_object, read_subscribe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from penstock.server.push.feed import Feed
    from penstock.server.push.hub import Hub
    from penstock.server.push.message import Message
    from penstock.server.push.viewer import Viewer

__all__ = ["router"]

router = APIRouter(prefix="/api/stream", tags=["push"])

_READY_BYTES = 64 << 10
"""More than this is not put before the connection."""
_RETRY = b"retry: 1000\n\n"


class _Outlet:
    """A stream of events as a viewer's way out: what is put here goes when the connection takes it."""

    def __init__(self) -> None:
        self._feeds: list[Feed] = []
        """Those of the subscriptions, in their order."""
        self._positions: dict[Feed, str] = {}
        self._task: asyncio.Task[None] | None = None
        self.viewer: Viewer | None = None
        self._waiting: list[bytes] = [_RETRY]
        self._bytes = 0
        self._some = asyncio.Event()
        self._over = False

    @property
    def ready(self) -> bool:
        return self._bytes < _READY_BYTES

    def expect(self, feed: Feed, position: str) -> None:
        """The next subscription, and where it goes on: its place in an id stands until something new comes."""
        self._feeds.append(feed)
        self._positions[feed] = position

    def put(self, message: Message, feed: Feed | None) -> None:
        if feed is not None and message.position:
            self._positions[feed] = message.position
            ids = ",".join(self._positions.get(one, "") for one in self._feeds)
            event = b"id: %b\ndata: %b\n\n" % (ids.encode(), message.payload)
        else:
            event = b"data: %b\n\n" % message.payload
        self._waiting.append(event)
        self._bytes += len(event)
        self._some.set()

    def close(self, code: int, reason: str) -> None:
        self._over = True
        self._some.set()
        if not self.ready:
            self.abort()

    def abort(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def events(self) -> AsyncIterator[bytes]:
        self._task = asyncio.current_task()
        while not self._over:
            events, self._waiting = self._waiting, []
            if events:
                yield b"".join(events)
            self._bytes -= sum(map(len, events))
            if self.viewer is not None:
                self.viewer.drained()
            if not self._waiting:
                await self._some.wait()
            self._some.clear()


class _Stream(StreamingResponse):
    """The events of a viewer, who is gone when this ends: a client may hang up before it has begun."""

    def __init__(self, hub: Hub, viewer: Viewer, outlet: _Outlet) -> None:
        super().__init__(outlet.events(), media_type="text/event-stream", headers={"cache-control": "no-store"})
        self._hub = hub
        self._viewer = viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._viewer)


@router.get(
    "",
    operation_id="stream",
    responses={200: {"description": "Events, as docs/push.md says", "content": {"text/event-stream": {}}}},
    response_class=StreamingResponse,
)
async def stream(
    request: Request,
    subscribe: Annotated[list[str], Query(examples=[['{"table": "meeting_metrics"}']], min_length=1)],
    last_event_id: Annotated[str, Header(max_length=16_384)] = "",
) -> Response:
    """What changes in tables, open windows, answers and figures, as server-sent events: for those behind proxies.

    Each `subscribe` is a subscription of the WebSocket's protocol, as JSON.
    """
    hub: Hub = request.app.state.hub
    asked = [read_object(text) for text in subscribe]
    known = dict(enumerate(last_event_id.split(","))) if last_event_id else {}
    outlet = _Outlet()
    viewer = hub.enter(outlet, entry_of(request.scope))
    outlet.viewer = viewer
    try:
        requests = [read_subscribe(found, str(found.get("id", number))) for number, found in enumerate(asked)]
        requests = [replace(one, position=known.get(n) or one.position) for n, one in enumerate(requests)]
        for one in requests:
            outlet.expect(await hub.feed(one.watched, viewer.entry.caller.filters), one.position)
        for one in requests:
            await hub.subscribe(viewer, one)
    except BaseException:
        hub.leave(viewer)
        raise

    return _Stream(hub, viewer, outlet)
