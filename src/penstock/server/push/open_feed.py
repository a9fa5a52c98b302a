"""The windows not yet closed that will go into a table: the whole set, again whenever it has changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from penstock.core.errors import QueryError
from penstock.core.render import fields_of
from penstock.core.types import Field
from penstock.server.push.cells import chosen, columns_of, fitting, rows_of
from penstock.server.push.feed import Feed
from penstock.server.push.message import Message, message

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub
    from penstock.server.push.opens import SharedOpen
    from penstock.server.push.request import OpenWindows
    from penstock.sql.catalog import Table

__all__ = ["OpenFeed"]


class OpenFeed(Feed):
    """There is no position: each message has all."""

    gap = 0.05
    backlog_gap = 1.0
    share = 0.05

    def __init__(self, hub: Hub, channel: int, table: Table, opens: SharedOpen, asked: OpenWindows) -> None:
        super().__init__(hub, channel)
        self._table = table
        self._opens = opens
        self._asked = asked
        self._last: Message | None = None
        self._rows: object = None

    async def begin(self) -> None:
        if all(
            sink.table.path != self._table.path for d in self.hub.penstock.definition.pipelines for sink in d.plan.parts
        ):
            raise QueryError(
                f"no pipeline writes into '{self._table.name}'",
                code="query-open",
                hint=f"watch table {self._table.name}",
            )
        await self.look()

    @property
    def opened(self) -> frozenset[tuple[str, ...]]:
        return frozenset((self._table.path,))

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        return self._table.path in tables

    async def look(self) -> list[Message]:
        found = await self.hub.work(self._timed)
        if found is None:
            return []
        self._last = found
        return [found]

    def _timed(self) -> Message | None:
        began = time.thread_time()
        try:
            return self._look()
        finally:
            self.spent = time.thread_time() - began

    def _look(self) -> Message | None:
        opened = self._opens.now()
        frame = opened.frame
        known = {c.name: Field(c.name, c.type) for c in self._table.columns}
        fields = tuple(known.get(f.name, f) for f in fields_of(frame))
        wanted = chosen(
            fields, (*self._asked.columns, "window_end") if self._asked.columns else (), (), self._table.name
        )
        where = fitting(self._asked.where, fields, self._table.name)
        frame = frame if where is None else frame.filter(where)
        rows = rows_of(frame.tail(self._asked.limit), wanted)
        if (rows, opened.watermark) == self._rows:
            return None
        self._rows = (rows, opened.watermark)
        return message(
            "open",
            channel=self.channel,
            final=False,
            time=self.hub.now_ms(),
            watermark=opened.watermark,
            columns=columns_of(wanted),
            complete=frame.height <= self._asked.limit,
            rows=rows,
        )

    async def opening(self, reset: str) -> list[Message]:
        return [] if self._last is None else [self._last]
