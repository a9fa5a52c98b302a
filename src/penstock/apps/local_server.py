"""`LocalServer`: HTTP on 127.0.0.1, for what is simulated beside a project."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

__all__ = ["LocalServer"]

_LOOK_SECONDS = 0.02


class LocalServer:
    """Answers requests by `answering`, from threads, inside its block.

    Raises ConfigError where `port` is taken (0: any that is free): the simulated `what` cannot listen then.
    """

    def __init__(self, answering: type[BaseHTTPRequestHandler], port: int, what: str, hint: str) -> None:
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), answering)
        except OSError as error:
            raise ConfigError(
                f"the simulated {what} cannot listen on 127.0.0.1:{port}: {error.strerror}",
                code="simulate-port",
                hint=hint,
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_SECONDS,), name=f"simulated {what}", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
