"""Who may come in. Loopback is open to any web page and any proxy on the machine, so neither is taken at its word.

Whether a token is needed is decided by the address that is listened on, never by the caller's. Each request's Host
must be a loopback name, the address it came in on, or configured: a name that an attacker rebinds to us is none of
these. A request that changes something needs a content type that no form can send, and comes from no foreign page.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import time
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, RequestError
from penstock.server.problem import send_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "TOKEN", "Access", "Security", "access_of", "is_loopback"]

TOKEN = "PENSTOCK_TOKEN"  # noqa: S105  # the variable's name
COOKIE = "penstock_token"
_LEAST_TOKEN = 16
_TRIES, _TRIES_SECONDS, _CLIENTS = 20, 60, 10_000
"""So many wrong tokens of one client within so long, and so many clients that are remembered."""

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


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts` are names that a request may give beside loopback's; with a `token` a login is needed.

    `owner` is the project's own socket: its folder's rights have decided already.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    owner: bool = False
    _failures: dict[str, list[float]] = field(default_factory=dict, compare=False)

    @classmethod
    def at(cls, address: str, hosts: Iterable[str]) -> Access:
        """For who listens on `address`, an IP. Raises ConfigError where that needs a token and none is set."""
        names = frozenset(h.lower().rstrip(".") for h in hosts)
        if is_loopback(address):
            return cls(names)
        token = os.environ.get(TOKEN, "")
        if len(token) < _LEAST_TOKEN:
            what = f"{TOKEN} is shorter than {_LEAST_TOKEN} characters" if token else f"{TOKEN} is not set"
            raise ConfigError(
                f"{address} can be reached from other machines, and {what}",
                code="serve-token",
                hint=f"export {TOKEN}=$(openssl rand -hex 24), or listen on 127.0.0.1",
            )
        return cls(names, token)

    def lets_in(self, scope: Scope, tokens: list[str]) -> bool:
        """Whether one of `tokens` is the right one. Raises RequestError after too many wrong ones."""
        if self.token is None or not tokens:
            return self.token is None
        client = scope["client"][0] if scope.get("client") else ""
        now = time.monotonic()
        failures = [at for at in self._failures.get(client, ()) if at > now - _TRIES_SECONDS]
        if len(failures) >= _TRIES:
            raise RequestError(
                f"{_TRIES} wrong tokens came from {client}", code="request-token-tries", hint="wait a minute"
            )
        if any(hmac.compare_digest(token.encode(), self.token.encode()) for token in tokens):
            return True
        if len(self._failures) >= _CLIENTS:
            self._failures.clear()
        self._failures[client] = [*failures, now]
        return False


def access_of(scope: Scope) -> Access:
    """By what right a request has come in."""
    found: Access = scope["penstock.access"]
    return found


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an IP address."""
    return ipaddress.ip_address(address.split("%", maxsplit=1)[0]).is_loopback


class Security:
    """Stands before an ASGI app: refuses what may not come in, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope["penstock.access"] = self.access

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        try:
            self._require_harmless(scope)
        except RequestError as error:
            headers = {"www-authenticate": "Bearer"} if error.code == "request-token" else None
            await _refuse(scope, receive, guarded, error, headers)
            return
        await self.app(scope, receive, guarded)

    def _require_harmless(self, scope: Scope) -> None:
        """Raises RequestError for what may not come in."""
        if self.access.owner:
            return
        given: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name, []).append(value.decode("latin-1"))
        host = _one(given, b"host", "a request names its host once")
        self._require_host(scope, host)
        if self.access.token is None:
            _require_direct(given)
        changing = scope["type"] == "http" and scope["method"] not in _READING
        _require_own_page(scope, given, host, changing=changing)
        if changing and not (scope["method"] == "DELETE" and _is_empty(given)):
            _require_type(given)
        self._require_token(scope, given)

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

    def _require_token(self, scope: Scope, given: dict[bytes, list[str]]) -> None:
        token = self.access.token
        path: str = scope["path"]
        page = scope["type"] == "http" and scope["method"] in _READING and not path.startswith(("/api/", "/metrics"))
        if token is None or path in _OPEN_PATHS or (page and path not in ("/openapi.json", "/ws")):
            return
        if not self.access.lets_in(scope, _tokens(given)):
            raise RequestError(
                "this server needs a token", code="request-token", hint="send the header Authorization: Bearer TOKEN"
            )


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


def _tokens(given: dict[bytes, list[str]]) -> list[str]:
    """The tokens that a request shows, by header and cookie."""
    found = [v[7:].strip() for v in given.get(b"authorization", []) if v[:7].lower() == "bearer "]
    for text in given.get(b"cookie", []):
        try:
            cookie = SimpleCookie(text).get(COOKIE)
        except CookieError:
            continue
        if cookie is not None:
            found.append(cookie.value)
    return found


async def _refuse(
    scope: Scope, receive: Receive, send: Send, error: RequestError, headers: dict[str, str] | None
) -> None:
    if scope["type"] == "http":
        await send_problem(send, error, headers)
        return
    await receive()  # websocket.connect

    async def answered(message: Message) -> None:
        await send({**message, "type": "websocket." + message["type"]})

    await send_problem(answered, error, headers)
