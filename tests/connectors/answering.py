"""A real HTTP server on 127.0.0.1 that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Said", "Server", "serving"]


@dataclass
class Said:
    """One answer; `before` is called before it is given."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None


@dataclass
class Server:
    """`answers` by the number of the question; the last one stays. `asked` are the headers of the questions."""

    url: str
    answers: list[Said]
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(*answers: Said, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answers in this order; with a `context` over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = server.answers[min(len(server.asked), len(server.answers) - 1)]
            server.asked.append({name.lower(): value for name, value in self.headers.items()})
            said.before()
            try:
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)
            except OSError:
                self.close_connection = True  # who asked has gone

        do_POST = do_GET  # noqa: N815  # as the library calls it

        def log_message(self, *_: Any) -> None:
            """Its questions are in `asked`."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    server = Server(f"http://127.0.0.1:{httpd.server_address[1]}/free.json?key=secret", list(answers))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
