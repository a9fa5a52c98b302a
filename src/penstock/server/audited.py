"""Whatever a call of the API changes is written down as done by whoever called, from where, before it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi.routing import APIRoute

from penstock.project.audit import audited, done_by
from penstock.server.access import entry_or_none
from penstock.server.rights import right_to

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from penstock.project.audit import Doer
    from penstock.project.penstock import Penstock

__all__ = ["Audited"]


class Audited:
    """Stands before an ASGI app. A call that needs the right to operate is written down by what does it, or here."""

    def __init__(self, app: ASGIApp, penstock: Penstock) -> None:
        self.app = app
        self._penstock = penstock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry = entry_or_none(scope) if scope["type"] == "http" and scope["method"] != "GET" else None
        if entry is None:
            await self.app(scope, receive, send)
            return
        with done_by(entry.caller, entry.address) as doer:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] < 400 and not doer.told:
                    await self._write_down(scope, doer)
                await send(message)

            await self.app(scope, receive, sent)

    async def _write_down(self, scope: Scope, doer: Doer) -> None:
        """Of a call that has not told what it has changed, that it was made, and what stands in its address."""
        route = scope.get("route")
        operation = (route.operation_id if isinstance(route, APIRoute) else None) or ""
        if right_to(operation) != "operate":
            return
        on = "/".join(map(str, scope.get("path_params", {}).values()))
        await anyio.to_thread.run_sync(audited, self._penstock.log, operation.replace("_", "-"), on)
