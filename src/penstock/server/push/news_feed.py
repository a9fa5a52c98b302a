"""That incidents, or runs of jobs, are others than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.errors import RequestError, did_you_mean
from penstock.incidents.incident import INCIDENTS
from penstock.incidents.notification import NOTIFICATIONS
from penstock.jobs.runs import RUNS
from penstock.server.push.feed import Feed
from penstock.server.push.message import Message, message

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub
    from penstock.server.push.request import News

__all__ = ["NewsFeed"]

_TOPICS = {"incidents": (INCIDENTS, NOTIFICATIONS), "runs": (RUNS,)}
"""The topics that have a record for each change."""


class NewsFeed(Feed):
    """It says that there is something new, and not what: the API has answers for that."""

    gap = 0.5

    def __init__(self, hub: Hub, channel: int, asked: News) -> None:
        """Raises RequestError for what there is no news of."""
        super().__init__(hub, channel)
        if asked.name not in _TOPICS:
            hint = did_you_mean(asked.name, _TOPICS) or "there are " + ", ".join(_TOPICS)
            raise RequestError(f"there is no news of '{asked.name}'", code="push-news-unknown", hint=hint)
        self._name = asked.name
        self._ends: Any = None

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(_TOPICS[self._name])

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        return bool(topics & self.topics)

    async def look(self) -> list[Message]:
        before, self._ends = self._ends, await self.hub.work(self._look)
        return [] if before == self._ends else [self._told()]

    def _look(self) -> list[object]:
        log = self.hub.penstock.log
        there = self.topics & {topic.name for topic in log.topics()}
        return [log.ends(topic) for topic in sorted(there)]

    def _told(self) -> Message:
        return message("news", channel=self.channel, time=self.hub.now_ms(), news=self._name)

    async def opening(self, reset: str) -> list[Message]:
        return [self._told()]
