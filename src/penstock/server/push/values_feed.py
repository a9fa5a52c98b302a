"""The simple form: the last values of tables or columns, in one flat object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.errors import RequestError, did_you_mean
from penstock.core.render import plain_rows
from penstock.server.push.feed import Feed
from penstock.server.push.message import Message

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub
    from penstock.server.push.request import LastValues
    from penstock.server.push.tails import SharedTail

__all__ = ["ValuesFeed"]


class ValuesFeed(Feed):
    """Of a table its last row, of a column its last value; looked for in the tables that pipelines write."""

    gap = 1.0

    def __init__(self, hub: Hub, channel: int, tails: list[SharedTail], asked: LastValues) -> None:
        """`tails` are those of the tables. Raises RequestError for a name that none of them has."""
        super().__init__(hub, channel)
        self._wanted: list[tuple[str, str | None, SharedTail]] = []
        tables = {t.tail.table.name: t for t in tails}
        columns = {f.name: t for t in reversed(tails) for f in t.tail.fields}
        for name in asked.names:
            if name in tables:
                self._wanted.append((name, None, tables[name]))
            elif name in columns:
                self._wanted.append((name, name, columns[name]))
            else:
                known = [*tables, *columns]
                hint = did_you_mean(name, known) or "there are " + ", ".join(known)
                raise RequestError(
                    f"no pipeline writes a table or column '{name}'", code="push-metric-unknown", hint=hint
                )
        self._values: dict[str, Any] = {}
        self._last: Message | None = None

    async def begin(self) -> None:
        await self.look()

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(tail.tail.topic for _, _, tail in self._wanted)

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        watched = [tail.tail for _, _, tail in self._wanted]
        return any(t.topic in topics or (committed and t.table.path in tables) for t in watched)

    async def look(self) -> list[Message]:
        values = await self.hub.work(self._look)
        if values == self._values and self._last is not None:
            return []
        self._values = values
        self._last = Message(orjson.dumps(values | {"timestamp": self.hub.now_ms()}))
        return [self._last]

    def _look(self) -> dict[str, Any]:
        rows: dict[str, dict[str, Any] | None] = {}
        for _, _, shared in self._wanted:
            tail = shared.tail
            if tail.table.name not in rows:
                rows[tail.table.name] = next(plain_rows(tail.last(1).frame, tail.fields), None)
        found: dict[str, Any] = {}
        for name, column, shared in self._wanted:
            row = rows[shared.tail.table.name]
            found[name] = row if column is None or row is None else row[column]
        return found

    async def opening(self, reset: str) -> list[Message]:
        return [] if self._last is None else [self._last]
