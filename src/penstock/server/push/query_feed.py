"""The answer to a question, and how it changes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.render import fields_of
from penstock.history import Limits
from penstock.server.push.cells import columns_of, rows_of
from penstock.server.push.edits import edits
from penstock.server.push.feed import Feed, History
from penstock.server.push.message import Message, Opening, message

if TYPE_CHECKING:
    from penstock.history import Result
    from penstock.project.access.filters import Filter
    from penstock.server.push.dependencies import Dependencies
    from penstock.server.push.hub import Hub
    from penstock.server.push.request import Asked

__all__ = ["QueryFeed"]

_SECONDS = 30.0
_MEMORY = 512 << 20


class QueryFeed(Feed):
    """A position is a digest of the answer: where it is the same again, nothing was missed."""

    gap = 0.5
    backlog_gap = 1.0
    share = 0.1

    def __init__(
        self, hub: Hub, channel: int, asked: Asked, dependencies: Dependencies, filters: tuple[Filter, ...]
    ) -> None:
        super().__init__(hub, channel)
        self._asked = asked
        self._filters = filters
        self._limits = Limits(asked.limit, _SECONDS, _MEMORY, cut=True)
        self._dependencies = dependencies
        self._stand: Any = None
        self._columns: list[dict[str, str]] = []
        self._rows: list[bytes] = []
        self._complete = True
        self._position = ""
        self._history = History("")
        self._opening: Opening | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether it may be of what changes while no topic grows: the end of a load in its warehouse."""
        return self._dependencies.everything

    async def begin(self) -> None:
        await self.look()

    @property
    def topics(self) -> frozenset[str]:
        return self._dependencies.watched

    @property
    def opened(self) -> frozenset[tuple[str, ...]]:
        return self._dependencies.opened

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        return self._dependencies.concerns(topics, tables, committed=committed)

    async def look(self) -> list[Message]:
        stand = await self.hub.work(self._dependencies.stand)
        if stand == self._stand:
            return []
        result = await self.hub.ask(self._asked, self._limits, self._filters)
        messages = await self.hub.work(lambda: self._compared(result))
        self._stand = stand
        return messages

    def _compared(self, result: Result) -> list[Message]:
        fields = fields_of(result.frame)
        columns = columns_of(fields)
        rows = [orjson.dumps(row) for row in rows_of(result.frame, fields)]
        position = f"q.{zlib.crc32(b','.join(rows), zlib.crc32(orjson.dumps(columns))):08x}.{len(rows)}"
        if position == self._position:
            return []
        before, self._position = self._position, position
        changes = edits(self._rows, rows) if columns == self._columns and before else None
        self._columns, self._rows, self._complete = columns, rows, result.complete
        self._opening = None
        if changes is None:
            self._history = History(position)
            return [self._opened().because("replaced")]
        told = message("changes", position, channel=self.channel, after=before, time=self.hub.now_ms(), changes=changes)
        self._history.add(told)
        return [told]

    def _opened(self) -> Opening:
        if self._opening is None:
            self._opening = Opening(
                self._position,
                channel=self.channel,
                time=self.hub.now_ms(),
                columns=self._columns,
                key=[],
                complete=self._complete,
                rows=[orjson.Fragment(row) for row in self._rows],
            )
        return self._opening

    async def opening(self, reset: str) -> list[Message]:
        return [self._opened().because(reset)]

    async def missed(self, position: str) -> list[Message] | str:
        known = self._history.after(position)
        if known is not None:
            return known
        return "changed" if position.startswith("q.") else "unknown"
