"""Each change by a call of the API is written down before it is answered: who, what, from where, and what with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi.routing import APIRoute

from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.project.audit import audit_record, open_audit
from penstock.server.access import entry_of
from penstock.server.rights import right_to

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from penstock.project.penstock import Penstock

__all__ = ["Audited", "changed"]

_STATE = "penstock.changed"


def changed(request: Request, on: str, **more: Any) -> None:
    """What a call has changed, and how: JSON data beside it such as `before` and `after`, without secrets.

    A call that says nothing is written down with what stands in its address.
    """
    request.scope[_STATE].update(on=on, more=more)


class Audited:
    """Stands before an ASGI app. What needs the right to operate is written down here, accounts by themselves."""

    def __init__(self, app: ASGIApp, penstock: Penstock) -> None:
        self.app = app
        self._penstock = penstock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self.app(scope, receive, send)
            return
        scope[_STATE] = {}

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await self._write_down(scope)
            await send(message)

        await self.app(scope, receive, sent)

    async def _write_down(self, scope: Scope) -> None:
        route = scope.get("route")
        operation = (route.operation_id if isinstance(route, APIRoute) else None) or ""
        if right_to(operation) != "operate":
            return
        entry, told = entry_of(scope), scope[_STATE]
        on = told.get("on") or "/".join(map(str, scope.get("path_params", {}).values()))
        act, more = operation.replace("_", "-"), told.get("more", {})
        record = audit_record(entry.caller, entry.address, act, on, **more)

        def write() -> None:
            self._penstock.log.append(open_audit(self._penstock.log), record)

        try:
            await anyio.to_thread.run_sync(write)
        except PenstockError as error:  # what was done is done
            tell("error", "audit-failed", f"{act} of {on} by {entry.caller.name} is not in the audit log", error=error)
