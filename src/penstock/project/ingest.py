"""Events that come in one by one or by the thousand: appended as they are, each with an answer of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from penstock.core.errors import LogError, RequestError
from penstock.log.records import sizes
from penstock.project.append import topic_named
from penstock.project.record_key import declared_key, field_key
from penstock.project.tracing import sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from penstock.core.trace import Tracer
    from penstock.log import Log
    from penstock.log.topic import Topic
    from penstock.project.penstock import Penstock

__all__ = ["Ingested", "Once", "Way", "events_appended", "once_appended", "way_into"]


FEW = 64
"""Of so few events Python writes the answers sooner than Polars, which first makes a plan of it."""


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


@dataclass(slots=True)
class Ingested:
    """What became of events: in their order the `partition` and `offset` of each, or its place in `refused`."""

    places: pl.DataFrame
    refused: dict[int, LogError] = field(default_factory=dict)

    def answers(self) -> list[bytes]:
        """A JSON object of each event."""
        if self.places.height < FEW:
            found = [orjson.dumps(place) for place in self.places.to_dicts()]
        else:
            found = self.places.write_ndjson().encode().splitlines()
        for number, error in self.refused.items():
            said = {"code": error.code, "detail": error.message, "hint": error.hint}
            found[number] = orjson.dumps({"error": said})
        return found

    def body(self) -> bytes:
        """The answer to the whole request."""
        accepted, refused = self.places.height - len(self.refused), len(self.refused)
        events = b",".join(self.answers())
        return b'{"accepted":%d,"refused":%d,"events":[%b]}' % (accepted, refused, events)


def way_into(penstock: Penstock, name: str, field_name: str | None = None, partition: int | None = None) -> Way:
    """The way into the topic `name`, or that of the table called so; made if a table says how.

    The key is the field that is named, or as the table over the topic declares it. Raises LogError where there is
    no such topic.
    """
    topic = topic_named(penstock, name)
    penstock.log.topic(topic)
    key = field_key(field_name) if field_name else declared_key(penstock, name)
    return Way(topic, key, partition, penstock.tracer)


def events_appended(log: Log, way: Way, values: Sequence[bytes]) -> Ingested:
    """Append `values`; one that the topic does not take is refused alone."""
    records, ingested, kept = _checked(log.topic(way.topic), way, values)
    if records.height:
        with sent(way.tracer, way.topic, records) as traced:
            appended = log.append(way.topic, traced)
        ingested.places = _placed(len(values), kept, appended.partitions, appended.offsets)
    return ingested


def once_appended(log: Log, way: Way, values: Sequence[bytes], once: Once) -> bytes:
    """As `events_appended`, but for a request that has been done already: the body of the answer, the same each time.

    Raises RequestError where another request was made under its key.
    """
    scope = f"topic/{way.topic}"
    if (answer := _answered(log, scope, once)) is not None:
        return answer
    records, ingested, kept = _checked(log.topic(way.topic), way, values)
    try:
        with sent(way.tracer, way.topic, records) as traced, log.transaction() as transaction:

            def body() -> bytes:
                if appended is not None:
                    found = appended.result
                    ingested.places = _placed(len(values), kept, found.partitions, found.offsets)
                return ingested.body()

            transaction.claim(scope, once.key, once.digest, body)
            appended = transaction.append(way.topic, traced) if records.height else None
    except LogError as error:
        if error.code != "claim-exists":
            raise
        answer = _answered(log, scope, once)
        assert answer is not None
        return answer
    return ingested.body()


def _answered(log: Log, scope: str, once: Once) -> bytes | None:
    claim = log.claims.find(scope, once.key)
    if claim is not None and claim.digest != once.digest:
        raise RequestError(
            f"another request was made under the key '{once.key}'",
            code="request-key",
            hint="a key stands for one request, and for the same one when it is repeated",
        )
    return None if claim is None else claim.answer


def _checked(topic: Topic, way: Way, values: Sequence[bytes]) -> tuple[pl.DataFrame, Ingested, NDArray[np.bool_]]:
    """The records that the topic takes, the answers so far, and which of `values` they are."""
    columns = {"value": pl.Series(values, dtype=pl.Binary)}
    if way.key is not None:
        columns["key"] = pl.Series([way.key(v) for v in values], dtype=pl.Binary)
    if way.partition is not None:
        columns["partition"] = pl.Series([way.partition], dtype=pl.Int32).new_from_index(0, len(values))
    records = pl.DataFrame(columns)
    each = sizes(records)
    large = each > topic.max_message_bytes
    refused = {
        int(n): LogError(
            f"the event has {each[n]:,} bytes; topic '{topic.name}' allows {topic.max_message_bytes:,}",
            code="record-too-large",
            hint="raise max.message.bytes of the topic",
        )
        for n in np.flatnonzero(large)
    }
    keyless = np.zeros(len(values), np.bool_)
    if topic.requires_keys:
        keyless = records["key"].is_null().to_numpy() if "key" in columns else ~keyless
        refused |= {
            int(n): LogError(
                f"the event has no key, and topic '{topic.name}' is compacted by key",
                code="record-key",
                hint="give the field of the key: ?key=FIELD",
            )
            for n in np.flatnonzero(keyless & ~large)
        }
    kept = ~(large | keyless)
    kinds = {"partition": pl.Int32, "offset": pl.Int64}
    nothing = pl.DataFrame([pl.Series(c, [None] * len(values), kind) for c, kind in kinds.items()])
    return records if kept.all() else records.filter(pl.Series(kept)), Ingested(nothing, refused), kept


def _placed(count: int, kept: NDArray[np.bool_], partitions: pl.Series, offsets: pl.Series) -> pl.DataFrame:
    """Where each of `count` events is; NULL for those that were not `kept`."""
    places = pl.DataFrame([partitions, offsets])
    if places.height == count:
        return places
    at = np.where(kept, np.cumsum(kept) - 1, -1)
    return places[pl.Series(np.maximum(at, 0))].select(
        pl.when(pl.Series(kept)).then(pl.col(c)).alias(c) for c in ("partition", "offset")
    )
