"""A session of `requests` that goes only where Penstock may go, waits as it is told, and takes no more than it is told.

dlt's REST client is given it: what it pages through has come by here.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import deque
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from penstock.connectors.http.asking import place_of
from penstock.core.errors import ConfigError
from penstock.core.network import outgoing
from penstock.warehouse.sources.away import AwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from urllib3 import HTTPConnectionPool

    from penstock.core.clock import Clock
    from penstock.core.network import Address
    from penstock.warehouse.sources.http import Limits

__all__ = ["Origin", "Pace", "session"]

_REDIRECTS = 5
_AGAIN = (408, 425, 429)
"""Answers, beside those of 500 and above, after which another try may succeed."""
_CHUNK = 1 << 16


class Origin(NamedTuple):
    """Where secrets may go: a scheme, host and port, as a URL has them."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> Origin:
        parts = urlsplit(url)
        return cls(parts.scheme, (parts.hostname or "").lower(), parts.port)


class Pace:
    """At most so many requests in a time, however often and by whatever session they are sent."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._most, self._per = limits.requests, limits.per / 1000
        self._clock = clock
        self._sent: deque[float] = deque(maxlen=limits.requests or 1)

    def keep(self) -> None:
        """Wait until another request may be sent."""
        if self._most and len(self._sent) == self._most:
            self._clock.sleep(max(0.0, self._sent[0] + self._per - self._clock.monotonic()))
        self._sent.append(self._clock.monotonic())


class Answer(requests.Response):
    """An answer that is whole; its JSON is read once."""

    def json(self, **_: Any) -> Any:
        """What it says. Raises AwayError where that is no JSON."""
        if not hasattr(self, "_read"):
            self._read = _read(self.content)
        return self._read


class _Adapter(HTTPAdapter):
    """Sends a request, and each hop of a redirect: to an address that is looked up once and may be gone to."""

    def __init__(
        self,
        limits: Limits,
        allow: Collection[str],
        clock: Clock,
        pace: Pace,
        chance: Callable[[], float],
        only: Origin | None,
        renew: Callable[[requests.PreparedRequest], bool],
        ca: Path | None,
    ) -> None:
        super().__init__()
        self._verify = True if ca is None else str(ca)
        self._limits, self._allow, self._clock, self._pace = limits, allow, clock, pace
        self._chance, self._only, self._renew = chance, only, renew
        self._address: Address | None = None
        self._socket: socket.socket | None = None
        self._is_late = False

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Answer:
        """The answer, whole. Raises AwayError where there is none that can be used, ConfigError for an address."""
        tries, renewed = 0, False
        while True:
            self._require_home(request)
            self._pace.keep()
            failure: tuple[str, float]
            try:
                answer = self._once(request)
            except _Failed as error:
                failure = (str(error), 0.0)
            else:
                if answer.status_code < 400:  # 3xx is the session's to follow
                    return answer
                if answer.status_code == 401 and not renewed and self._renew(request):
                    renewed = True
                    continue
                failure = self._refused(answer)
            if tries == self._limits.retries:
                times = f", tried {tries + 1} times" if tries else ""
                raise AwayError(f"{place_of(request.url or '')}: {failure[0]}{times}")
            self._rest(tries, *failure)
            tries += 1

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> Answer:
        answer = Answer()
        vars(answer).update(vars(super().build_response(req, resp)))
        return answer

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The address that was looked up takes the place of the host, whose name TLS goes on to ask for."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        assert self._address is not None
        if host["scheme"] == "https":
            pool = {**pool, "server_hostname": self._address.host}
        return {**host, "host": self._address.ip}, pool

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = _noted(pool.ConnectionCls, self._note)
        return pool

    def _note(self, found: socket.socket) -> None:
        self._socket = found

    def _give_up(self) -> None:
        """End the answer where it is: a read has a limit of its own, but of how many reads there are it knows none."""
        self._is_late = True
        if self._socket is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _once(self, request: requests.PreparedRequest) -> Answer:
        url = request.url or ""
        try:
            self._address = outgoing(place_of(url), self._allow)
        except ConfigError as error:
            if error.code != "network-host":
                raise
            raise _Failed(error.message) from None
        request.headers["Host"] = urlsplit(url).netloc.rpartition("@")[2]
        seconds = self._limits.timeout / 1000
        self._socket, self._is_late = None, False
        timer = threading.Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            with self._clock.awaiting(self._give_up):
                answer = super().send(request, stream=True, timeout=seconds, verify=self._verify)
                assert isinstance(answer, Answer)
                answer._content = self._body(answer)  # as requests' own reading does
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if self._is_late or isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
                raise _Failed(f"no answer within {seconds:g} s") from None
            if isinstance(inner := _innermost(error), ssl.SSLCertVerificationError):
                raise AwayError(
                    f"{self._address.host} is not who it says: {inner.verify_message}",
                    hint="ca names the file with the certificate of the authority that vouches for it",
                ) from None
            raise _Failed(_told(error)) from None
        finally:
            timer.cancel()
        return answer

    def _body(self, answer: requests.Response) -> bytes:
        try:
            body = self._whole(answer)
        except BaseException:
            answer.raw.close()
            raise
        answer.raw.release_conn()
        return body

    def _whole(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for part in answer.raw.stream(_CHUNK, decode_content=True):
            body += part
            if len(body) > self._limits.body:
                raise AwayError(
                    f"an answer has more than {self._limits.body:,} bytes, the most that 'max-body' allows",
                    hint="ask for smaller pages, or set [limits] max-body",
                )
        if self._is_late:
            raise requests.Timeout
        return bytes(body)

    def _refused(self, answer: Answer) -> tuple[str, float]:
        """What an answer of 400 and above says, and the seconds of rest that it asks for.

        Raises AwayError where it is of no use to ask again.
        """
        said = f"HTTP {answer.status_code} {answer.reason or ''}".rstrip()
        if answer.status_code < 500 and answer.status_code not in _AGAIN:
            hint = "look at [auth], and at the variables that it names" if answer.status_code in (401, 403) else ""
            raise AwayError(said, hint=hint)
        return said, self._asked_rest(answer.headers.get("Retry-After", ""))

    def _asked_rest(self, said: str) -> float:
        """The seconds of a Retry-After, which is a number or a date; 0 for anything else."""
        if said.isdecimal():
            return float(said)
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - self._clock.now_ms() / 1000)
        except (ValueError, TypeError, OverflowError):
            return 0.0

    def _rest(self, tries: int, said: str, asked: float) -> None:
        most = self._limits.wait / 1000
        if asked > most:
            raise AwayError(
                f"{said}: it asks for {asked:,.0f} s of rest, which is more than 'max-wait' allows ({most:g} s)"
            )
        wait = min(2.0 ** min(tries, 30), most) * (0.5 + 0.5 * self._chance())
        self._clock.sleep(max(wait, asked))

    def _require_home(self, request: requests.PreparedRequest) -> None:
        """Secrets go to the API that they are for, and not in the clear through a public network."""
        if self._only is None:
            return
        url = request.url or ""
        to = Origin.of(url)
        if to != self._only:
            raise AwayError(
                f"the API leads on to {place_of(url)}, and its secrets are for {self._only.host} alone",
                hint="if that is the API too, make it the source's url",
            )
        allowed = to.host in self._allow or f"{to.host}:{to.port or 80}" in self._allow
        if to.scheme == "http" and not allowed:
            raise ConfigError(
                f"{place_of(url)} would be told secrets in the clear", code="source-clear", hint="https://..."
            )


def _noted(kind: Any, note: Callable[[socket.socket], None]) -> Any:
    """A connection of `kind` that tells by which socket an answer comes."""
    if hasattr(kind, "notes"):
        return kind

    class Noted(kind):  # type: ignore[misc]
        notes = True

        def getresponse(self) -> Any:
            note(self.sock)
            return super().getresponse()

    return Noted


class _Failed(Exception):  # noqa: N818  # it may be tried again
    """There was no answer."""


def session(
    limits: Limits,
    allow: Collection[str],
    clock: Clock,
    pace: Pace,
    chance: Callable[[], float],
    *,
    headers: Mapping[str, str] | None = None,
    only: Origin | None = None,
    ca: Path | None = None,
    renew: Callable[[requests.PreparedRequest], bool] = lambda _: False,
) -> requests.Session:
    """A session within `limits`. With secrets it goes to `only` that origin; `renew` gets others where they are old.

    `ca` is a file with the authority that vouches for servers, instead of those that are known everywhere.
    What it raises is AwayError, where there is no answer that can be used, or ConfigError.
    """
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = _REDIRECTS
    made.headers.update({"User-Agent": "penstock", "Accept": "application/json", **(headers or {})})
    adapter = _Adapter(limits, allow, clock, pace, chance, only, renew, ca)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def _innermost(error: BaseException) -> BaseException:
    """What is wrong, without what the libraries wrap it in."""
    below = error.__cause__ or getattr(error, "reason", None) or error.__context__
    return _innermost(below) if isinstance(below, BaseException) else error


def _told(error: Exception) -> str:
    """What is wrong, in words."""
    inner = _innermost(error)
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror[:1].lower() + inner.strerror[1:]
    return str(inner) or type(inner).__name__


def _read(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        begins = content[:40].decode(errors="replace")
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise AwayError(f"an answer is no JSON: {why}; it begins with {begins!r}") from None


def _no_number(said: str) -> float:
    raise ValueError(f"{said} is no number of JSON")
