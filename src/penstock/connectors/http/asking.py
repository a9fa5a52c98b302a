"""One question over HTTP: conditional, within limits, to an address that was looked up once and may be gone to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from penstock.core.errors import DataError
from penstock.core.network import outgoing

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection

    import httpx

    from penstock.core.clock import Clock

__all__ = ["Answer", "NoAnswerError", "Version", "ask", "place_of"]

_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of the version of an answer; "" where it says nothing."""

    etag: str = ""
    modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """The headers of a question that wants no answer of this version."""
        said = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None where nothing has changed since the version that was asked with."""

    body: bytes | None
    version: Version


class NoAnswerError(DataError):
    """There was none that can be used; the server asks for `retry_after` seconds of rest, 0 if it says nothing."""

    code = "http-no-answer"

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def place_of(url: str) -> str:
    """`url` without what may be secret: user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # it is none, which is told where it is asked for
        return url.partition("?")[0]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def ask(url: str, version: Version, allow: Collection[str], clock: Clock, *, seconds: float, most: int) -> Answer:
    """The answer at `url`, whole within `seconds`, of at most `most` bytes.

    Raises NoAnswerError where there is none, ConfigError where the address is not allowed or not known.
    """
    import httpx

    end = clock.monotonic() + seconds
    try:
        for _ in range(_REDIRECTS + 1):
            address = outgoing(place_of(url), allow)
            pinned, host = address.pinned(url)
            headers = {"Host": host, "Accept-Encoding": "gzip", "User-Agent": "penstock", **version.conditions}
            with (
                httpx.Client(transport=httpx.HTTPTransport(_trust()), timeout=seconds, trust_env=False) as client,
                client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": address.host}) as response,
            ):
                if response.status_code not in _MOVED or "location" not in response.headers:
                    return _answer(response, version, most, lambda: clock.monotonic() > end)
                url = urljoin(url, response.headers["location"])
    except httpx.TimeoutException:
        raise NoAnswerError(f"no answer within {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswerError(str(error) or type(error).__name__) from None
    raise NoAnswerError(f"more than {_REDIRECTS} redirects")


@cache
def _trust() -> ssl.SSLContext:
    """Whom to believe, read once: it takes longer than a question."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _answer(response: httpx.Response, version: Version, most: int, over: Callable[[], bool]) -> Answer:
    import httpx

    if response.status_code == _UNCHANGED and version.conditions:
        return Answer(None, version)
    if not response.is_success:
        said = f"HTTP {response.status_code} {response.reason_phrase}".rstrip()
        raise NoAnswerError(said, _seconds(response.headers.get("retry-after", "")))
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > most:
            raise NoAnswerError(f"the answer has more than {most:,} bytes, the most that 'max-body' allows")
        if over():
            raise httpx.ReadTimeout("the answer comes too slowly")
    found = Version(response.headers.get("etag", ""), response.headers.get("last-modified", ""))
    return Answer(bytes(body), found)


def _seconds(retry_after: str) -> float:
    """Of a Retry-After; its form with a date counts as none."""
    return float(retry_after) if retry_after.isdecimal() else 0.0
