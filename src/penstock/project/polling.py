"""Tables that ask a URL: who asks while pipelines run, and what is told where there is no answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.http import HTTP
from penstock.connectors.http.poller import Poller, polled
from penstock.connectors.spec import TableOptions
from penstock.core.errors import PenstockError
from penstock.core.logs import tell
from penstock.engine.why import outage
from penstock.project.topics import read_topics
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.engine.why import Reason
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Polling", "outages", "pollers_of"]

_AGAIN_SECONDS = 10.0


class Polling:
    """Each poller asks from a thread of its own, until this is closed."""

    def __init__(self, pollers: Sequence[Poller] = ()) -> None:
        self._pollers = pollers
        self._stop = threading.Event()
        for poller in pollers:
            threading.Thread(target=self._ask, args=(poller,), name=f"poll {poller.table}", daemon=True).start()

    def close(self) -> None:
        """Nothing is written any more; a question that is under way ends by itself."""
        self._stop.set()
        for poller in self._pollers:
            poller.close()

    def _ask(self, poller: Poller) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                wait = poller.poll()
            except PenstockError as error:  # the log takes nothing: asked again when it may
                tell("error", "poll-unwritten", f"{poller.table}: an answer could not be kept", error=error)
                wait = _AGAIN_SECONDS


def pollers_of(penstock: Penstock) -> list[Poller]:
    """One for each table that pipelines read and that asks a URL. Raises ConfigError for an address not allowed."""
    tables: dict[tuple[str, ...], Table] = {}
    for definition in penstock.definition.pipelines:
        for node in p.nodes(definition.plan):
            if isinstance(node, p.Scan) and node.table.connector == HTTP.name:
                tables[node.table.path] = node.table
    pollers = [Poller(TableOptions(t, connector_named(t)), penstock.world) for t in tables.values()]
    for poller in pollers:
        poller.check()
    return pollers


def outages(penstock: Penstock) -> list[Reason]:
    """A reason for each pipeline that reads what a URL should have answered, and has not."""
    now = penstock.clock.now_ms()
    return [
        outage(d.name, state.table, state.url, state.since, state.tries, state.error, state.next, now)
        for state in polled(penstock.log)
        if state.since is not None
        for d in penstock.definition.pipelines
        if state.topic in read_topics(d.plan)
    ]
