"""Receivers of notifications that fail as they are told: HTTP and SMTP, each on a port of this machine."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.certificates import certify

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from aiosmtpd.smtp import SMTP, Envelope, LoginPassword, Session

__all__ = ["Mailbox", "Receiver", "trusted"]


def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """For a server of localhost, whose certificate this process trusts; its files are in `folder`."""
    certificate = certify(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, folder / "own.key")
    return context


@dataclass(frozen=True)
class Got:
    """A request."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Receiver:
    """Answers each POST with the next of `answers`, then with 200; 0 closes the connection without an answer."""

    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                with receiver.arrived:
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, raw))
                    receiver.arrived.notify_all()
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait(self, count: int, seconds: float = 180) -> list[Got]:
        """The requests, of which there are `count`."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, seconds), self.got
        return self.got


class _AnyPort(Controller):
    """A controller that finds out which port it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@dataclass
class Mailbox:
    """Takes mails; with a context over STARTTLS and from `user` alone. Answers with `answers` first (``451 later``)."""

    context: ssl.SSLContext | None = None
    user: tuple[str, str] | None = None
    answers: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        login = self.user

        def authenticated(_: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword) -> AuthResult:
            right = login == (given.login.decode(), given.password.decode())
            return AuthResult(success=right, handled=False)

        options: dict[str, Any] = {}
        if self.context is not None:
            options |= {"tls_context": self.context, "require_starttls": True}
        if login is not None:
            options |= {"authenticator": authenticated, "auth_required": True}
        self._controller = _AnyPort(self, hostname="127.0.0.1", port=0, **options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one."""
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(envelope.content.decode())
        return answer
