"""Listening: the port that people and programs use, and the socket in the project's folder that commands use."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from penstock.core.errors import ConfigError, StorageError
from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

__all__ = ["SOCKET", "Serving", "reachable"]

SOCKET = "penstock.sock"
"""The socket of the process that owns a project, in its folder .penstock; mode 0600."""

_BACKLOG = 2048
_FILES = 65_536
_GOODBYE_SECONDS = 5
"""How long requests that have begun may take to end."""
_DEAD_MS = 60_000
"""A connection on which so long nothing was taken is dropped by the system, whoever waits to write to it."""
_TURN_SECONDS = 0.0005
"""A thread that runs Python leaves it to another that waits after so long; Python itself says 5 ms.

Engine, event loop and questions call into libraries all the time, and to come back from each call waits for a turn.
"""
_LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes."""


class Serving:
    """Serves a project from a thread of its own; a context manager.

    The port is taken when it is made, so that a taken one is known before anything has begun. Where this process
    runs the project when it starts, it answers on the project's own socket too. Raises ConfigError where the address
    is none of this machine, is taken, or needs a login that nobody has.
    """

    def __init__(self, penstock: Penstock, host: str | None = None, port: int | None = None) -> None:
        from penstock.server.access import Access
        from penstock.server.certificate import certificate_of

        settings = penstock.settings
        self.penstock = penstock
        self._tcp = _bound(settings.host if host is None else host, settings.port if port is None else port)
        address, self.port = self._tcp.getsockname()[:2]
        try:
            self._access = Access.at(penstock, address, settings.hosts)
            self._certificate = certificate_of(penstock.folder, settings.certificate, settings.key)
        except BaseException:
            self._tcp.close()
            raise
        if self._access.gate is not None and self._certificate is None:
            tell("warning", "serve-plain", f"passwords and tokens come to {address} unencrypted: set a certificate")
        scheme = "http" if self._certificate is None else "https"
        shown = "127.0.0.1" if address in ("0.0.0.0", "::") else address  # noqa: S104  # compared, not listened on
        self.url = f"{scheme}://[{shown}]:{self.port}/" if ":" in shown else f"{scheme}://{shown}:{self.port}/"
        penstock.url = self.url
        self._owned: tuple[Path, socket.socket] | None = None
        self.app: Any = None
        self._servers: list[Any] = []
        self._loop: Any = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer; returns at once. Raises StorageError where the project's socket cannot be made."""
        if self.penstock.home is not None and self.penstock.current is not None:
            path = self.penstock.home / SOCKET
            self._owned = path, _owner_socket(path)
            self.penstock.show_page(self.url)
        _allow_connections()
        sys.setswitchinterval(min(_TURN_SECONDS, sys.getswitchinterval()))
        self._thread.start()

    @property
    def error(self) -> BaseException | None:
        """What has ended the serving, if it has ended by itself."""
        return self._error

    def wait(self) -> None:
        """Until requests are answered. Raises what has prevented it."""
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Take nothing new, end what has begun, and stop listening; idempotent."""
        if self._thread.ident is not None:
            self._ready.wait()
            if self.app is not None:
                self.app.state.draining = True
                if self._thread.is_alive():
                    self.app.state.hub.drain()
            with suppress(RuntimeError):  # the loop has ended by itself
                for server in self._servers:
                    self._loop.call_soon_threadsafe(server.end)
            self._thread.join()
        self._tcp.close()
        if self._owned is not None:
            path, listening = self._owned
            listening.close()
            path.unlink(missing_ok=True)
            self._owned = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            import asyncio

            import uvloop

            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        import asyncio

        import uvicorn

        from penstock.server.access import Access
        from penstock.server.app import make_app
        from penstock.server.audited import Audited
        from penstock.server.closing import Closing
        from penstock.server.heads import HeadsProtocol
        from penstock.server.intake import Intake
        from penstock.server.listener import Listener
        from penstock.server.observed import Observed
        from penstock.server.push.frames import FramesProtocol
        from penstock.server.push.limits import Limits
        from penstock.server.security import Security

        app = self.app = make_app(self.penstock)
        self._loop = asyncio.get_running_loop()
        listening = [(self._tcp, self._access)]
        if self._owned is not None:
            listening.append((self._owned[1], Access.of_owner()))
        waiting = len(listening)

        def started() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                self._ready.set()

        for number, (_, access) in enumerate(listening):
            certificate, key = self._certificate if number == 0 and self._certificate else (None, None)
            config = uvicorn.Config(
                Observed(
                    Closing(Security(Audited(Intake(app), self.penstock), access)),
                    app.state.requests,
                    self.penstock.tracer,
                ),
                lifespan="on" if number == 0 else "off",
                http=HeadsProtocol,
                ws=FramesProtocol,
                ws_max_size=Limits().message_bytes,
                ws_per_message_deflate=False,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GOODBYE_SECONDS,
                backlog=_BACKLOG,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
            self._servers.append(Listener(config, started))
        pairs = zip(self._servers, listening, strict=True)
        await asyncio.gather(*(server.serve(sockets=[bound]) for server, (bound, _) in pairs))


def _allow_connections() -> None:
    """Raise the process's limit of open files, one a connection: a shell's 1,024 is not meant for servers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # where the system allows fewer, so be it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"cannot listen on '{host}': {error.strerror}", code="serve-address") from None
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by what is accepted
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_MS)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            from penstock.server.holder import holder_of

            raise ConfigError(
                f"port {port} of {host} is taken by {holder_of(port)}",
                code="serve-port",
                hint="--port 0 takes any free one, --no-serve none",
            ) from None
        raise ConfigError(f"cannot listen on port {port} of {host}: {error.strerror}", code="serve-address") from None
    made.setblocking(False)
    return made


def _owner_socket(path: Path) -> socket.socket:
    """The socket at `path`, for this user alone; one that a dead process has left is replaced."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with reachable(path) as address:
            made.bind(address)
        path.chmod(0o600)  # nobody can connect before it listens
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise StorageError(f"cannot make {path}: {error.strerror}", code="storage-open") from None
    made.setblocking(False)
    return made


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """An address of the socket at `path` that is short enough: that of a deep folder goes by an open file."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
