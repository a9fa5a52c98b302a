"""Looking into the audit log: its records, the newest first, by who, what, to what and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.project.audit import TOPIC

if TYPE_CHECKING:
    from penstock.log import Log

__all__ = ["Asked", "Change", "changes", "changes_since", "next_offset"]

_ROWS = 4_096
_NAMED = ("act", "on", "by", "way", "from", "token", "before", "after")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which changes: each that is given holds of them. `since` and `until` (not with it) are ms since 1970.

    `act` may be the beginning of one, such as topic: all that is done to topics.
    """

    by: str | None = None
    act: str | None = None
    on: str | None = None
    since: int | None = None
    until: int | None = None

    def among(self, records: pl.DataFrame) -> pl.DataFrame:
        """Of records as Log.read gives them those that are asked for."""
        told = pl.col("value").cast(pl.String)
        found = pl.lit(True)
        if self.act is not None:
            act = told.str.json_path_match("$.act")
            found &= (act == self.act) | act.str.starts_with(f"{self.act}-")
        for name, value in (("by", self.by), ("on", self.on)):
            if value is not None:
                found &= told.str.json_path_match(f"$.{name}") == value
        if self.since is not None:
            found &= pl.col("timestamp") >= self.since
        if self.until is not None:
            found &= pl.col("timestamp") < self.until
        return records.filter(found)


@dataclass(frozen=True, slots=True)
class Change:
    """One record: at `time` (ms since 1970) somebody did `act` to `on`; `more` is what else tells it."""

    offset: int
    time: int
    act: str
    on: str
    by: str
    way: str
    address: str
    token: str
    before: Any = None
    after: Any = None
    more: dict[str, Any] = field(default_factory=dict)


def changes(log: Log, asked: Asked, rows: int, below: int | None = None) -> list[Change]:
    """The newest `rows` of those that are `asked` for, newest first, of offsets `below` one."""
    start, at = _span(log)
    at = at if below is None else min(below, at)
    found: list[Change] = []
    while at > start and len(found) < rows:
        first = max(start, at - _ROWS)
        found += _read(log, asked, first, at)[::-1]
        at = first
    return found[:rows]


def changes_since(log: Log, asked: Asked, offset: int) -> tuple[list[Change], int]:
    """Those from `offset` on, oldest first, and the offset to go on from."""
    start, end = _span(log)
    return _read(log, asked, max(offset, start), end), end


def next_offset(log: Log) -> int:
    """The offset that the next change gets."""
    return _span(log)[1]


def _span(log: Log) -> tuple[int, int]:
    """The first offset that is kept, and the next one; nobody has changed anything yet where there is no topic."""
    if not log.has(TOPIC):
        return 0, 0
    return log.starts(TOPIC)[0], log.ends(TOPIC)[0]


def _read(log: Log, asked: Asked, start: int, end: int) -> list[Change]:
    if start >= end:
        return []
    frames = log.read(TOPIC, {0: start}, {0: end}, columns=("offset", "timestamp", "value"))
    return [_change(*row) for frame in frames for row in asked.among(frame).iter_rows()]


def _change(offset: int, time: int, value: bytes) -> Change:
    told = orjson.loads(value)
    more = {name: said for name, said in told.items() if name not in _NAMED}
    return Change(
        offset,
        time,
        told["act"],
        told["on"],
        told["by"],
        told["way"],
        told["from"],
        told.get("token", ""),
        told.get("before"),
        told.get("after"),
        more,
    )
