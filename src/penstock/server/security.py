"""Who may come in. Loopback is open to any web page and any proxy on the machine, so neither is taken at its word.

Whether a token is needed is decided by the address that is listened on, never by the caller's. Each request's Host
must be a loopback name, the address it came in on, or configured: a name that an attacker rebinds to us is none of
these. A request that changes something needs a content type that no form can send, and comes from no foreign page.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError, RequestError
from penstock.server.access import TOKEN, entry_of
from penstock.server.problem import send_problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from penstock.server.access import Access

__all__ = ["Security", "refuse"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = re.compile(rb"forwarded|x-forwarded-.*|x-real-ip")
_TYPES = re.compile(r"application/(json|x-ndjson|ndjson|jsonl|octet-stream|[\w.+-]+\+json)", re.IGNORECASE)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN_PATHS = frozenset({"/livez", "/readyz", "/api/login"})
"""What answers without a token, where one is needed."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Security:
    """Stands before an ASGI app: refuses what may not come in, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        given: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name, []).append(value.decode("latin-1"))
        try:
            if not self.access.owner:
                self._require_harmless(scope, given)
            self.access.enter(scope, self.access.entry(scope, given))
            if not _is_open(scope):
                entry_of(scope)
        except PenstockError as error:
            await refuse(scope, receive, guarded, error)
            return
        await self.app(scope, receive, guarded)

    def _require_harmless(self, scope: Scope, given: dict[bytes, list[str]]) -> None:
        """Raises RequestError for what may not come in, whoever asks."""
        host = _one(given, b"host", "a request names its host once")
        self._require_host(scope, host)
        if self.access.gate is None:
            _require_direct(given)
        changing = scope["type"] == "http" and scope["method"] not in _READING
        _require_own_page(scope, given, host, changing=changing)
        if changing and not (scope["method"] == "DELETE" and _is_empty(given)):
            _require_type(given)

    def _require_host(self, scope: Scope, host: str) -> None:
        name = _name_of(host)
        came_in = scope["server"][0] if scope.get("server") else ""
        if name in _LOOPBACK or name in self.access.hosts or (name == came_in and _is_address(name)):
            return
        raise RequestError(
            f"'{host}' is no name of this server",
            code="request-host",
            hint="use http://localhost, or list the name in penstock.toml: [server] hosts",
        )


def _is_open(scope: Scope) -> bool:
    """Whether a request is answered without a login where one is needed: what it may see is decided behind."""
    path: str = scope["path"]
    page = scope["type"] == "http" and scope["method"] in _READING and not path.startswith(("/api/", "/metrics"))
    return path in _OPEN_PATHS or (page and path not in ("/openapi.json", "/ws"))


def _one(given: dict[bytes, list[str]], name: bytes, rule: str) -> str:
    values = given.get(name, [])
    if len(values) != 1:
        raise RequestError(f"{rule}; this one does {len(values)} times", code="request-host")
    return values[0]


def _name_of(host: str) -> str:
    """The name or address in a Host, without its port; empty where it is none."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(:\d{1,5})?", host)
    return found[1].strip("[]").lower().rstrip(".") if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _require_direct(given: dict[bytes, list[str]]) -> None:
    for name in given:
        if _FORWARDED.fullmatch(name):
            raise RequestError(
                f"a proxy has forwarded this request ({name.decode('latin-1')}), and there is no login",
                code="request-forwarded",
                hint=f"behind a proxy listen on an address that is not loopback, with {TOKEN} set",
            )


def _require_own_page(scope: Scope, given: dict[bytes, list[str]], host: str, *, changing: bool) -> None:
    """No page of another site may make a browser ask here, but by a link that a person follows."""
    for origin in given.get(b"origin", []):
        if origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            raise RequestError(f"a page of {origin} may not ask here", code="request-origin")
    followed = not changing and scope["type"] == "http" and given.get(b"sec-fetch-mode") == ["navigate"]
    for site in given.get(b"sec-fetch-site", []):
        if site.lower() not in ("same-origin", "none") and not followed:
            raise RequestError(f"a page of another site ({site}) may not ask here", code="request-origin")


def _require_type(given: dict[bytes, list[str]]) -> None:
    types = given.get(b"content-type", [])
    if len(types) != 1 or not _TYPES.fullmatch(types[0].split(";", maxsplit=1)[0].strip()):
        said = f"'{types[0]}'" if types else "none"
        raise RequestError(
            f"a request that changes something says its content type, this says {said}",
            code="request-type",
            hint="allowed are application/json and application/x-ndjson; of one event application/octet-stream",
        )


def _is_empty(given: dict[bytes, list[str]]) -> bool:
    """Whether a request has no body. A DELETE may: no form sends one, and a browser asks before, and is refused."""
    return b"transfer-encoding" not in given and given.get(b"content-length", ["0"]) == ["0"]


async def refuse(scope: Scope, receive: Receive, send: Send, error: PenstockError) -> None:
    """Answer a request, or one for a WebSocket, with `error`."""
    headers = {"www-authenticate": "Bearer"} if error.code == "request-token" else None
    if scope["type"] == "http":
        await send_problem(send, error, headers)
        return
    await receive()  # websocket.connect

    async def answered(message: Message) -> None:
        await send({**message, "type": "websocket." + message["type"]})

    await send_problem(answered, error, headers)
