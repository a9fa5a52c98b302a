"""Events that come in one by one or by the thousand: appended as they are, each with an answer of its own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from penstock.core.errors import LogError, PenstockError, RequestError, SqlError
from penstock.project.append import topic_named
from penstock.project.record_key import declared_key, field_key
from penstock.project.topics import require_not_system, written_topics
from penstock.project.tracing import sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from penstock.core.trace import Tracer
    from penstock.log import Log
    from penstock.log.append import Append
    from penstock.log.topic import Topic
    from penstock.log.transaction import Transaction
    from penstock.project.penstock import Penstock

__all__ = ["Delivery", "Once", "Way", "deliver", "require_no_results", "way_into"]

_PLACE = b'{"partition":%d,"offset":%d}'
_OF_ONE_RECORD = frozenset({"record-too-large", "record-key"})


@dataclass(frozen=True, slots=True)
class Way:
    """The way into a topic: how the key of a record is read out of its value, if it is, and the one partition.

    What goes this way leaves spans with the `tracer`.
    """

    topic: str
    key: Callable[[bytes], bytes | None] | None
    partition: int | None
    tracer: Tracer | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is done once for all who ask for it: its key, and a digest of all that it says."""

    key: str
    digest: bytes


@dataclass(slots=True, eq=False)
class Delivery:
    """Events on their `way`, perhaps `once` only; and, when they are delivered, what became of them.

    `places` are the partition and offset of each, shape (n, 2); those in `refused`, by their number, have none.
    `error` has prevented all of it. `before` is the body of the answer where the same was done before.
    """

    way: Way
    values: Sequence[bytes]
    once: Once | None = None
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    refused: dict[int, LogError] = field(default_factory=dict)
    error: PenstockError | None = None
    before: bytes | None = None

    @property
    def answer(self) -> bytes:
        """The body of the answer. Raises what has prevented all of it."""
        if self.error is not None:
            raise self.error
        return self.body() if self.before is None else self.before

    def body(self) -> bytes:
        """What became of all events, as JSON."""
        count, refused = len(self.places), len(self.refused)
        return b'{"accepted":%d,"refused":%d,"events":[%b]}' % (count - refused, refused, self.told())

    def told(self) -> bytes:
        """What became of each event, as JSON, with commas between them."""
        if not self.refused:
            return b",".join([_PLACE] * len(self.places)) % tuple(self.places.ravel().tolist())
        each = [_PLACE % (partition, offset) for partition, offset in self.places.tolist()]
        for number, error in self.refused.items():
            said = {"code": error.code, "detail": error.message, "hint": error.hint}
            each[number] = orjson.dumps({"error": said})
        return b",".join(each)


def way_into(penstock: Penstock, name: str, field_name: str | None = None, partition: int | None = None) -> Way:
    """The way into the topic `name`, or that of the table called so; made if a table says how.

    The key is the field that is named, or as the table over the topic declares it. Raises LogError where there is
    no such topic, it is the system's, or a pipeline of the project writes it: results are not to be mixed with
    anything.
    """
    topic = topic_named(penstock, name)
    require_not_system(topic)
    require_no_results(penstock, topic)
    penstock.log.topic(topic)
    key = field_key(field_name) if field_name else declared_key(penstock, name)
    return Way(topic, key, partition, penstock.tracer)


def require_no_results(penstock: Penstock, topic: str) -> None:
    """Raises LogError where a pipeline of the project writes the topic."""
    try:
        pipelines = penstock.definition.pipelines
    except SqlError:  # then no pipeline runs, and events are taken all the same
        return
    for one in pipelines:
        if topic in written_topics(one.plan):
            raise LogError(
                f"topic '{topic}' holds the results of pipeline {one.name}: events are not taken there",
                code="topic-written",
                hint="events go into a topic that pipelines only read",
            )


def deliver(log: Log, *deliveries: Delivery) -> None:
    """Append what all of them bring, in one commit; each has then its own answer, or its own error.

    An event that its topic does not take is refused alone. What is traced is committed by itself.
    """
    loads = [_Load(together) for together in _grouped(deliveries)]
    requests = [load.request for load in loads if load.prepare(log) and load.request is not None]
    with suppress(PenstockError):  # each has its own
        log.submit(*requests)
    again = [delivery for load in loads for delivery in load.settle(log)]
    if again:
        deliver(log, *again)


def _grouped(deliveries: Iterable[Delivery]) -> Iterable[list[Delivery]]:
    """Those that go one way are one append; each that is traced, or done once, is one by itself."""
    groups: dict[object, list[Delivery]] = {}
    for delivery in deliveries:
        alone = delivery.once is not None or delivery.way.tracer is not None
        groups.setdefault(delivery if alone else delivery.way, []).append(delivery)
    return groups.values()


class _Load:
    """What is appended as one: the events of deliveries that go one way."""

    def __init__(self, deliveries: list[Delivery]) -> None:
        self.request: Append | Transaction | None = None
        self._deliveries = deliveries
        self._way = deliveries[0].way
        self._once = deliveries[0].once
        self._values = [value for delivery in deliveries for value in delivery.values]
        self._topic: Topic | None = None
        self._append: Append | None = None
        self._refused: dict[int, LogError] = {}
        self._kept: NDArray[np.bool_] = np.zeros(len(self._values), np.bool_)
        self._done = False

    def prepare(self, log: Log) -> bool:
        """Whether its `request` is to be submitted."""
        try:
            if self._once is not None and self._done_before(log, self._once):
                return False
            log.admit(self._way.topic)
            records = self._records(log)
            if not records.height and self._once is None:
                self._place()
                return False
            with sent(self._way.tracer, self._way.topic, records) as marked:
                self.request = self._made(log, marked)
                if self._way.tracer is None:
                    return True
                log.submit(self.request)
        except PenstockError as error:
            if self.request is None or self.request.error is None:
                self._fail(error)
        return False

    def settle(self, log: Log) -> Sequence[Delivery]:
        """Tell all deliveries what became of them; those that are to be tried again are left."""
        if self._done:
            return ()
        assert self.request is not None
        error = self.request.error
        if error is None:
            self._place()
        elif not isinstance(error, LogError):
            self._fail(error)
        elif error.code in _OF_ONE_RECORD and self._topic != log.latest(self._way.topic):
            return self._deliveries  # the topic was altered since they were looked at
        elif error.code == "claim-exists" and self._once is not None:
            try:
                self._done_before(log, self._once)
            except PenstockError as other:
                self._fail(other)
        else:
            self._fail(error)
        return ()

    def _done_before(self, log: Log, once: Once) -> bool:
        """Whether the same was done under its key. Raises RequestError where something else was."""
        claim = log.claims.find(self._scope, once.key)
        if claim is None:
            return False
        if claim.digest != once.digest:
            raise RequestError(
                f"another request was made under the key '{once.key}'",
                code="request-key",
                hint="a key stands for one request, and for the same one when it is repeated",
            )
        self._deliveries[0].before = claim.answer
        self._done = True
        return True

    @property
    def _scope(self) -> str:
        return f"topic/{self._way.topic}"

    def _records(self, log: Log) -> pl.DataFrame:
        """The records that the topic takes."""
        key = self._way.key
        keys = None if key is None else [key(value) for value in self._values]
        self._topic = log.latest(self._way.topic)
        self._refused = _refused(self._topic, self._values, keys)
        if self._refused:  # it may have been altered, by another process too
            self._topic = log.topic(self._way.topic)
            self._refused = _refused(self._topic, self._values, keys)
        self._kept[:] = True
        self._kept[list(self._refused)] = False
        columns = [pl.Series("value", self._values, pl.Binary)]
        if keys is not None:
            columns.insert(0, pl.Series("key", keys, pl.Binary))
        if self._way.partition is not None:
            columns.append(pl.Series("partition", np.full(len(self._values), self._way.partition, np.int32)))
        records = pl.DataFrame(columns)
        return records.filter(pl.Series(self._kept)) if self._refused else records

    def _made(self, log: Log, records: pl.DataFrame) -> Append | Transaction:
        if self._once is None:
            self._append = log.checked(self._way.topic, records)
            return self._append
        transaction = log.transaction()
        transaction.claim(self._scope, self._once.key, self._once.digest, self._claimed)
        if records.height:
            self._append = transaction.append(self._way.topic, records)
        return transaction

    def _claimed(self) -> bytes:
        self._place()
        return self._deliveries[0].body()

    def _place(self) -> None:
        """Give each delivery its part of the places."""
        places = np.full((len(self._values), 2), -1, np.int64)
        if self._append is not None:
            found = self._append.result
            places[self._kept] = np.column_stack((found.partitions.to_numpy(), found.offsets.to_numpy()))
        start = 0
        for delivery in self._deliveries:
            stop = start + len(delivery.values)
            delivery.places = places[start:stop]
            delivery.refused = {n - start: error for n, error in self._refused.items() if start <= n < stop}
            start = stop
        self._done = True

    def _fail(self, error: BaseException) -> None:
        """None of the deliveries is done. What is no error of ours is raised."""
        if not isinstance(error, PenstockError):
            raise error
        for delivery in self._deliveries:
            delivery.error = error
        self._done = True


def _refused(topic: Topic, values: Sequence[bytes], keys: Sequence[bytes | None] | None) -> dict[int, LogError]:
    """Why `topic` does not take some of the events, by their number."""
    sizes = np.fromiter(map(len, values), np.int64, len(values))
    if keys is not None:
        sizes += np.fromiter((0 if key is None else len(key) for key in keys), np.int64, len(values))
    refused = {
        int(n): LogError(
            f"the event has {sizes[n]:,} bytes; topic '{topic.name}' allows {topic.max_message_bytes:,}",
            code="record-too-large",
            hint="raise max.message.bytes of the topic",
        )
        for n in np.flatnonzero(sizes > topic.max_message_bytes)
    }
    if topic.requires_keys:
        for n, key in enumerate(keys or [None] * len(values)):
            if key is None and n not in refused:
                refused[n] = LogError(
                    f"the event has no key, and topic '{topic.name}' is compacted by key",
                    code="record-key",
                    hint="give the field of the key: ?key=FIELD",
                )
    return refused
