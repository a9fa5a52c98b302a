"""The committed rows of a table over a topic: its last rows or present ones, then each change with its place."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from penstock.core.batch import KIND, SEQ
from penstock.server.push.cells import chosen, columns_of, fitting, rows_of
from penstock.server.push.feed import Feed, History
from penstock.server.push.message import Message, Opening, message, spliced

if TYPE_CHECKING:
    from penstock.project.tail import Stretch
    from penstock.server.push.hub import Hub
    from penstock.server.push.request import Rows
    from penstock.server.push.tails import SharedTail

__all__ = ["RowsFeed"]

_KINDS = ("+I", "-U", "+U", "-D")
_ENDED = 3
_CHANGES = 5_000
"""A message has about so many changes at most."""
_FAR = 100_000
"""More records than these are not told to one who comes back: a snapshot is."""
_GAPS, _GAP_BYTES = 64, 256 << 10
"""So many gaps are kept for others who come back, each of so many bytes at most."""


class RowsFeed(Feed):
    """A position is the place of the last record seen, and the version of the table it is a place in."""

    def __init__(self, hub: Hub, channel: int, tail: SharedTail, asked: Rows) -> None:
        """Raises QueryError where the table has not the columns that are asked for."""
        super().__init__(hub, channel)
        self._tail = tail.tail
        self._shared = tail
        self._limit = asked.limit
        self._fields = chosen(self._tail.fields, asked.columns, self._tail.key, asked.table)
        self._where = fitting(asked.where, self._tail.fields, asked.table)
        self._path = self._tail.table.path
        self._asked = zlib.crc32(repr(asked).encode())
        self._version = ""
        self._at = 0
        """The place that the last message has led to."""
        self._seen = 0
        """The place up to which the log was read: from `_at` to there nothing concerned this subscription."""
        self._history = History("")
        self._opening: Opening | None = None
        self._gaps: dict[int, list[Message]] = {}
        """What follows on places at which no message ended, up to the last look."""

    async def begin(self) -> None:
        await self.hub.work(self._start)

    def _start(self) -> None:
        self._version = self._tail.version
        self._at = self._seen = self._tail.end()
        self._history = History(self._position(self._at))
        self._opening = None
        self._gaps.clear()

    def _position(self, place: int) -> str:
        return f"{place}.{self._version}.{self._asked:08x}"

    @property
    def topics(self) -> frozenset[str]:
        return frozenset((self._tail.topic,))

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        return self._tail.topic in topics or (committed and self._path in tables)

    # -- what is new -------------------------------------------------------------------------------

    async def look(self) -> list[Message]:
        messages, changed = await self.hub.work(self._look)
        if changed:
            return await self.opening("changed")
        for one in messages:
            self._history.add(one)
        if messages:
            self._gaps.clear()
        return messages

    def _look(self) -> tuple[list[Message], bool]:
        if self._tail.version != self._version:
            self._start()
            return [], True
        messages = []
        while True:
            stretch = self._shared.changes(self._seen)
            self._seen = stretch.through
            if told := self._told(stretch, self._at):
                messages += told
                self._at = stretch.through
            if stretch.complete:
                return messages, False

    def _told(self, stretch: Stretch, after: int) -> list[Message]:
        """Changes after one place, as messages of which the last ends where the stretch does."""
        frame = self._wanted(stretch.frame)
        seq = frame[SEQ].to_numpy()
        kinds = frame[KIND].to_list()
        rows = rows_of(frame, self._fields)
        messages, start = [], 0
        while start < len(seq):
            stop = min(start + _CHANGES, len(seq))
            if stop < len(seq):  # one record may have made several rows
                stop = int(np.searchsorted(seq, seq[stop - 1], side="right"))
            through = stretch.through if stop == len(seq) else int(seq[stop - 1])
            places = seq[start:stop].tolist()
            changes = zip(kinds[start:stop], places, rows[start:stop], strict=True)
            messages.append(
                spliced(
                    "changes",
                    self._position(through),
                    [orjson.dumps((_KINDS[kind], place, row)) for kind, place, row in changes],
                    "changes",
                    channel=self.channel,
                    after=self._position(after),
                    time=self.hub.now_ms(),
                )
            )
            start, after = stop, through
        return messages

    def _wanted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The changes that concern this subscription: a row of a keyed table that no longer fits ends."""
        if self._where is None:
            return frame
        if not self._tail.key:
            return frame.filter(self._where)
        fits = pl.when(pl.col(KIND) == _ENDED).then(False).otherwise(self._where)
        marked = frame.with_columns(fits.alias("$fits"))
        others = [f.name for f in self._tail.fields if f.name not in self._tail.key]
        return marked.with_columns(
            *(pl.when("$fits").then(pl.col(name)).alias(name) for name in others),
            pl.when("$fits").then(pl.col(KIND)).otherwise(pl.lit(_ENDED, pl.UInt8)).alias(KIND),
        )

    # -- beginnings --------------------------------------------------------------------------------

    async def opening(self, reset: str) -> list[Message]:
        if self._opening is not None:
            since = self._history.after(self._opening.position)
            if since is not None and sum(map(len, since)) <= len(self._opening):
                return [self._opening.because(reset), *since]
        self._opening = await self.hub.work(self._open)
        return [self._opening.because(reset)]

    def _open(self) -> Opening:
        stretch = self._tail.last(self._limit, self._where, self._seen)
        return Opening(
            self._position(self._at),
            channel=self.channel,
            time=self.hub.now_ms(),
            columns=columns_of(self._fields),
            key=list(self._tail.key),
            complete=stretch.complete,
            rows=rows_of(stretch.frame, self._fields),
        )

    async def missed(self, position: str) -> list[Message] | str:
        if (known := self._history.after(position)) is not None:
            return known
        place, _, version = position.partition(".")
        if not place.isdecimal() or not version:
            return "unknown"
        if version != self._position(0).partition(".")[2]:
            return "changed"
        after = int(place)
        if after > self._at:
            return "unknown"
        if after not in self._gaps:
            found = await self.hub.work(lambda: self._gap(after))
            if isinstance(found, str):
                return found
            if len(self._gaps) >= _GAPS or sum(map(len, found)) > _GAP_BYTES:
                return found
            self._gaps[after] = found
        return self._gaps[after]

    def _gap(self, after: int) -> list[Message] | str:
        if not self._tail.all_kept(after):
            return "trimmed"
        stretch = self._tail.changes(after, _FAR, self._at)
        if not stretch.complete:
            return "far"
        return self._told(stretch, after) or [self._bridge(after)]

    def _bridge(self, after: int) -> Message:
        """From a place to the feed's where nothing of this subscription came in between: the chain has no hole."""
        return message(
            "changes",
            self._position(self._at),
            channel=self.channel,
            after=self._position(after),
            time=self.hub.now_ms(),
            changes=[],
        )
