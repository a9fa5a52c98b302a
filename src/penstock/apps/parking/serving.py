"""The simulated city over HTTP on 127.0.0.1: its answers with their versions, its outages as 503."""

from __future__ import annotations

from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from penstock.apps.local_server import LocalServer
from penstock.apps.parking.city import MINUTE_MS

if TYPE_CHECKING:
    from penstock.apps.parking.city import City
    from penstock.core.clock import Clock

__all__ = ["PATH", "PORT", "CityServer"]

PATH = "/parking.json"
PORT = 8765
"""That of the project's `url`."""


class CityServer(LocalServer):
    """Answers GET /parking.json with what `city` publishes in the minute of `clock`, from threads, inside its block.

    Of its `questions` so many were `outages`. Raises ConfigError where the port is taken.
    """

    def __init__(self, city: City, clock: Clock, port: int = PORT) -> None:
        self.city = city
        self._clock = clock
        self.questions = 0
        self.outages = 0
        hint = "end what listens there, or give --port and the same port in 'url' of parking_feed"
        super().__init__(self._handler(), port, "city", hint)

    @property
    def url(self) -> str:
        return f"{super().url}{PATH}"

    def _answer(self) -> bytes | None:
        body = self.city.answer(self._clock.now_ms() // MINUTE_MS)
        self.questions += 1
        self.outages += body is None
        return body

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        city = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != PATH:
                    self.send_error(404)
                    return
                body = city._answer()
                if body is None:
                    self.send_error(503)
                    return
                tag = f'"{sha256(body).hexdigest()[:16]}"'
                known = self.headers.get("If-None-Match") == tag
                self.send_response(304 if known else 200)
                self.send_header("ETag", tag)
                if not known:
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not known:
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing is written: the city counts its answers."""

        return Handler
