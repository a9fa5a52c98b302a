"""Facts of the shipped access log, by the standard library alone: what other tests compare their results with."""

from __future__ import annotations

import functools
import gzip
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.apps.web import ACCESS_LOG

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = re.compile(
    r'(?P<client>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<target>\S+) HTTP/\d\.\d" (?P<status>\d{3}) '
    r'(?P<bytes>\d+|-) "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"'
)
PAGE = re.compile(r"(?:[^?]*/)?(?:[^./?]*|[^/?]*\.(?:html|htm|php))(?:\?.*)?")
"""A target whose path ends in no extension, or in one of a page."""

BOT = re.compile(r"bot|crawl|spider|slurp|archiver|fetch|feed|rss", re.IGNORECASE)
"""What a user agent has in it when no person asked."""


@dataclass(frozen=True, slots=True)
class Request:
    client: str
    time: datetime
    method: str
    target: str
    status: int
    size: int | None
    referrer: str
    agent: str

    @property
    def is_page_view(self) -> bool:
        return self.method == "GET" and self.status in {200, 304} and PAGE.fullmatch(self.target) is not None

    @property
    def is_bot(self) -> bool:
        return BOT.search(self.agent) is not None


@functools.cache
def lines(path: Path = ACCESS_LOG) -> tuple[str, ...]:
    return tuple(gzip.decompress(path.read_bytes()).decode("ascii").splitlines())


@functools.cache
def requests(path: Path = ACCESS_LOG) -> tuple[Request, ...]:
    """The requests in the order of the file; lines that are none are left out."""
    return tuple(
        Request(
            client=found["client"],
            time=datetime.strptime(found["time"], "%d/%b/%Y:%H:%M:%S %z"),
            method=found["method"],
            target=found["target"],
            status=int(found["status"]),
            size=None if found["bytes"] == "-" else int(found["bytes"]),
            referrer=found["referrer"],
            agent=found["agent"],
        )
        for found in map(REQUEST.fullmatch, lines(path))
        if found is not None
    )
