"""A shop's API over HTTP on 127.0.0.1: its lists by every way of paging, who may read them, and when it fails.

GET /all/users, /page/users?page=1&size=50, /offset/users?offset=0&limit=50, /cursor/users?cursor=...&size=50 and
/link/users?page=1&size=50 list the same; `since` asks for records changed from then on. POST /token gives tokens.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np

from penstock.apps.chance import fixed
from penstock.apps.local_server import LocalServer
from penstock.apps.warehouse.users import CHANGED
from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.clock import Clock

__all__ = ["AUTH", "PORT", "SECRETS", "Api", "ApiServer", "Guard", "Manners"]

PORT = 8766
SIZE, MOST = 50, 1_000
"""Records of a page: unless asked otherwise, and at most."""

Guard: TypeAlias = Literal["none", "basic", "bearer", "oauth2", "key", "key-query"]
AUTH: tuple[Guard, ...] = ("none", "basic", "bearer", "oauth2", "key", "key-query")
SECRETS = {"user": "penstock", "password": "water-1", "token": "token-1", "key": "key-1"}
"""What lets in: the password is that of the OAuth2 client too."""


@dataclass(slots=True)
class Manners:
    """How the API behaves. `outage` is the probability that a request is refused with 503; more than `requests` in
    each `per` seconds are refused with 429, and told when to come back. `token_requests`: a token of OAuth2 is good
    for so many; 0 for any number. `told` are answers to the next requests: a status, and what Retry-After says.
    """

    auth: Guard = "none"
    outage: float = 0.0
    requests: int = 0
    per: float = 1.0
    token_requests: int = 0
    told: deque[tuple[int, str]] = field(default_factory=deque)


class _Refusal(Exception):  # noqa: N818  # an answer, not an error
    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers or {}


class Api:
    """What is answered; `asked` are the paths with their queries that were, in order."""

    def __init__(
        self,
        lists: Mapping[str, Sequence[Mapping[str, Any]]],
        manners: Manners | None = None,
        *,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.lists = {name: list(records) for name, records in lists.items()}
        self.manners = manners or Manners()
        self.asked: list[str] = []
        self.refused = 0
        self._seed = seed
        self._clock = clock or SystemClock()
        self._sent: deque[float] = deque()
        self._tokens: dict[str, int] = {}
        self._lock = threading.Lock()

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: str, at: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request to the API that stands at the URL `at`."""
        with self._lock:
            self.asked.append(target)
            try:
                said, more = self._answer(method, target, headers, body, at)
                return 200, more, json.dumps(said, ensure_ascii=False).encode()
            except _Refusal as refusal:
                self.refused += 1
                return refusal.status, dict(refusal.headers), b'{"error": "refused"}'

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: str, at: str
    ) -> tuple[Any, dict[str, str]]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self._misbehave()
        if method == "POST" and parts.path == "/token":
            return self._token(dict(parse_qsl(body))), {}
        self._require_guest(headers, query)
        _, how, name, *rest = [*parts.path.split("/"), "", ""]
        if method != "GET" or how not in _WAYS or name not in self.lists or any(rest):
            raise _Refusal(404)
        since = query.get("since", "")
        found = [record for record in self.lists[name] if str(record.get(CHANGED, "")) >= since]
        try:
            return _WAYS[how](found, query, f"{at}{parts.path}")
        except ValueError:
            raise _Refusal(400) from None

    def _misbehave(self) -> None:
        manners = self.manners
        if manners.told:
            status, rest = manners.told.popleft()
            raise _Refusal(status, {"Retry-After": rest} if rest else {})
        if manners.outage and fixed(np.array([len(self.asked)]), self._seed)[0] < manners.outage:
            raise _Refusal(503)
        if manners.requests:
            now = self._clock.monotonic()
            while self._sent and self._sent[0] <= now - manners.per:
                self._sent.popleft()
            if len(self._sent) >= manners.requests:
                raise _Refusal(429, {"Retry-After": str(int(self._sent[0] + manners.per - now) + 1)})
            self._sent.append(now)

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        said = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if said != ("client_credentials", SECRETS["user"], SECRETS["password"]):
            raise _Refusal(401)
        token = f"oauth-{len(self._tokens) + 1}"
        self._tokens[token] = 0
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _require_guest(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        said = headers.get("Authorization", "")
        basic = base64.b64encode(f"{SECRETS['user']}:{SECRETS['password']}".encode()).decode()
        token = said.removeprefix("Bearer ")
        if self.manners.auth == "oauth2" and token in self._tokens:
            self._tokens[token] += 1
            if not self.manners.token_requests or self._tokens[token] <= self.manners.token_requests:
                return
        knows = {
            "none": True,
            "basic": said == f"Basic {basic}",
            "bearer": said == f"Bearer {SECRETS['token']}",
            "oauth2": False,
            "key": headers.get("X-API-Key") == SECRETS["key"],
            "key-query": query.get("api_key") == SECRETS["key"],
        }
        if not knows[self.manners.auth]:
            raise _Refusal(401, {"WWW-Authenticate": self.manners.auth})


class ApiServer(LocalServer):
    """Answers as `api` does, from threads of its own, inside its block. Raises ConfigError where the port is taken."""

    def __init__(self, api: Api, port: int = PORT) -> None:
        self.api = api
        super().__init__(self._handler(), port, "API", hint="end what listens there, or give --port")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
                at = f"http://{self.headers.get('Host', '')}"
                status, headers, said = server.api.answer(self.command, self.path, dict(self.headers), body, at)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)
                except OSError:
                    self.close_connection = True  # who asked has gone

            do_POST = do_GET  # noqa: N815  # as the library calls it

            def log_message(self, *_: Any) -> None:
                """Nothing is written: what was asked is in `asked`."""

        return Handler


_Said: TypeAlias = "tuple[Any, dict[str, str]]"
_Records: TypeAlias = "list[Mapping[str, Any]]"


def _size(query: Mapping[str, str], name: str = "size") -> int:
    return max(1, min(int(query.get(name, SIZE)), MOST))


def _all(found: _Records, _: Mapping[str, str], __: str) -> _Said:
    return found, {}


def _page(found: _Records, query: Mapping[str, str], _: str) -> _Said:
    page, size = int(query.get("page", 1)), _size(query)
    pages = -(-len(found) // size)
    return {"data": found[(page - 1) * size : page * size], "page": page, "pages": pages, "more": page < pages}, {}


def _offset(found: _Records, query: Mapping[str, str], _: str) -> _Said:
    offset = int(query.get("offset", 0))
    return {"items": found[offset : offset + _size(query, "limit")], "total": len(found)}, {}


def _cursor(found: _Records, query: Mapping[str, str], _: str) -> _Said:
    at, size = int(query.get("cursor", "c0")[1:]), _size(query)
    following = f"c{at + size}" if at + size < len(found) else None
    return {"data": found[at : at + size], "meta": {"next": following}}, {}


def _link(found: _Records, query: Mapping[str, str], url: str) -> _Said:
    page, size = int(query.get("page", 1)), _size(query)
    following = f"{url}?{urlencode({**query, 'page': page + 1})}"
    more = {"Link": f'<{following}>; rel="next"'} if page * size < len(found) else {}
    return found[(page - 1) * size : page * size], more


_WAYS = {"all": _all, "page": _page, "offset": _offset, "cursor": _cursor, "link": _link}
