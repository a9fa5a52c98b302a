"""`Poller`: brings what a URL answers into a topic, and knows how it goes."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from random import SystemRandom
from typing import TYPE_CHECKING

import orjson
import polars as pl

from penstock.connectors.http import BACKOFF, BODY_SIZE, INTERVAL, RECORDS, TIMEOUT, URL
from penstock.connectors.http.asking import NoAnswerError, Version, ask, place_of
from penstock.connectors.kafka import TOPIC, ensure_topic
from penstock.core.errors import ConfigError, PenstockError
from penstock.core.logs import tell
from penstock.core.network import outgoing
from penstock.formats.json.elements import elements

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.connectors.http.asking import Answer
    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.log import Log

__all__ = ["Polled", "Poller", "polled"]

_PREFIX = "polls/"
_CHANCE = SystemRandom().random
_FIRST_WAIT = 1.0
_LONGEST_REST = 3600.0
"""A server that asks for a longer rest is asked again after so many seconds."""


@dataclass(frozen=True, slots=True)
class Polled:
    """How it goes with one table, as of the last question; times are ms since 1970.

    `since` is when an outage began, None where the last question was answered; `error` says what is wrong, `tries` how
    often it was asked in vain. `answers`, `unchanged` and `failures` count questions, `records` what was appended.
    """

    table: str
    topic: str
    url: str
    asked: int = 0
    answered: int | None = None
    next: int = 0
    since: int | None = None
    error: str = ""
    tries: int = 0
    answers: int = 0
    unchanged: int = 0
    failures: int = 0
    records: int = 0
    etag: str = ""
    modified: str = ""

    @property
    def version(self) -> Version:
        return Version(self.etag, self.modified)


def polled(log: Log) -> list[Polled]:
    """How it goes with each table that was ever asked for."""
    return [Polled(**orjson.loads(value)) for value in log.facts.scan(_PREFIX).values()]


class Poller:
    """Of one table. What it knows is written with the records it brings, and found again by the next process.

    `chance` draws from [0, 1): how much of the half of a waiting time that varies is waited.
    """

    def __init__(self, options: TableOptions, world: World, chance: Callable[[], float] = _CHANCE) -> None:
        values = options.values
        self.table = options.table.name
        self.topic: str = values[TOPIC]
        self._url: str = values[URL]
        self._where = options.place(URL.name)
        self._values = values
        self._world = world
        self._chance = chance
        self._key = _PREFIX + ".".join(options.table.path)
        self._lock = threading.Lock()
        self._closed = False
        ensure_topic(options, world)
        stored = world.log.facts.get(self._key)
        known = Polled(**orjson.loads(stored)) if stored else None
        fresh = Polled(self.table, self.topic, place_of(self._url))
        same = known is not None and (known.topic, known.url) == (fresh.topic, fresh.url)
        self.state = known if known is not None and same else fresh

    def check(self) -> None:
        """Raises ConfigError where the address is none, or is not allowed; that it is not there now is an outage."""
        try:
            outgoing(self.state.url, self._world.allow, self._where)
        except ConfigError as error:
            if error.code != "network-host":
                raise

    def poll(self) -> float:
        """Ask once, and keep what came: the seconds to wait before the next question.

        Raises StorageError where the log takes nothing now; then nobody is asked.
        """
        self._world.log.admit(self.topic)
        begun = self._world.clock.monotonic()
        state = replace(self.state, asked=self._world.clock.now_ms())
        version = state.version if any(self._world.log.ends(self.topic).values()) else Version()
        try:
            answer = ask(
                self._url,
                version,
                self._world.allow,
                self._world.clock,
                seconds=self._values[TIMEOUT] / 1000,
                most=self._values[BODY_SIZE],
            )
            wait = max(0.0, self._values[INTERVAL] / 1000 - (self._world.clock.monotonic() - begun))
            self._keep(self._good(state, wait, answer), answer.body)
        except PenstockError as error:
            wait = self._rest(state.tries, error)
            self._keep(self._bad(state, wait, error), None)
        return wait

    def close(self) -> None:
        """Nothing is written from now on; a question that is under way is for nothing."""
        with self._lock:
            self._closed = True

    def _good(self, state: Polled, wait: float, answer: Answer) -> Polled:
        now = self._world.clock.now_ms()
        if state.since is not None:
            text = f"{self.table}: {state.url} answers again, after {(now - state.since) / 1000:.0f} s"
            tell("info", "poll-answered", text, table=self.table, tries=state.tries)
        changed = answer.body is not None
        return replace(
            state,
            answered=now,
            next=now + round(wait * 1000),
            since=None,
            error="",
            tries=0,
            answers=state.answers + changed,
            unchanged=state.unchanged + (not changed),
            etag=answer.version.etag,
            modified=answer.version.modified,
        )

    def _bad(self, state: Polled, wait: float, error: PenstockError) -> Polled:
        now = self._world.clock.now_ms()
        if state.since is None:
            text = f"{self.table}: {state.url} does not answer: {error.message}"
            tell("warning", "poll-outage", text, table=self.table)
        return replace(
            state,
            next=now + round(wait * 1000),
            since=state.since or state.asked,
            error=error.message,
            tries=state.tries + 1,
            failures=state.failures + 1,
        )

    def _rest(self, tries: int, error: PenstockError) -> float:
        """Seconds of rest after one more try in vain."""
        wait = min(_FIRST_WAIT * 2.0 ** min(tries, 30), self._values[BACKOFF] / 1000)
        wait *= 0.5 + 0.5 * self._chance()
        return max(wait, min(error.retry_after, _LONGEST_REST)) if isinstance(error, NoAnswerError) else wait

    def _keep(self, state: Polled, body: bytes | None) -> None:
        """Write the state, and what came, in one transaction."""
        values = [] if not body else self._cut(body)
        state = replace(state, records=state.records + len(values))
        with self._lock:
            if self._closed:
                return
            self.state = state
            with self._world.log.transaction() as transaction:
                if values:
                    came = pl.repeat(state.answered, len(values), dtype=pl.Int64, eager=True)
                    records = pl.DataFrame({"value": pl.Series(values, dtype=pl.Binary), "timestamp": came})
                    transaction.append(self.topic, records)
                transaction.put(self._key, orjson.dumps(asdict(state)))

    def _cut(self, body: bytes) -> list[bytes]:
        """The records of an answer; one that cannot be cut is one record, and stands among the rejects as it came."""
        if self._values[RECORDS] == "body":
            return [body]
        try:
            return elements(body)
        except ValueError:
            return [body]
