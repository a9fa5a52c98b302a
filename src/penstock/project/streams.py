"""Streams: names under which a project's topics are known, their figures over time, and events for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors import connector_named
from penstock.connectors.kafka import value_fields, value_format
from penstock.connectors.spec import TableOptions
from penstock.core.errors import DataError, LogError
from penstock.engine.pipeline import REJECTS_TABLE
from penstock.project.ingest import Delivery, deliver, way_into
from penstock.project.set_aside import backwards
from penstock.project.topics import read_topics, topic_of, written_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.core.errors import PenstockError
    from penstock.project.penstock import Penstock

__all__ = ["Taken", "TopicFigures", "make_streams", "pipeline_of", "take", "topic_figures", "topic_of_stream"]


def make_streams(penstock: Penstock) -> None:
    """Make the topics of the project's streams that are not there."""
    there = {topic.name for topic in penstock.log.topics()}
    for topic in sorted(set(penstock.settings.streams.values()) - there):
        try:
            penstock.create_topic(topic)
        except LogError as error:
            if error.code != "topic-exists":  # another process has made it meanwhile
                raise


def topic_of_stream(penstock: Penstock, name: str) -> str:
    """The topic of the stream called so, else `name`."""
    return penstock.settings.streams.get(name, name)


def pipeline_of(penstock: Penstock, name: str) -> str:
    """The pipeline that makes the stream called so, else `name`."""
    topic = penstock.settings.streams.get(name)
    made = [d.name for d in penstock.definition.pipelines if topic in written_topics(d.plan)]
    return made[0] if made and name not in penstock.pipeline_names() else name


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """A topic over the last `seconds`: by partition the records and the lag, and the bytes of all.

    `rejected` of the records could not be used by a pipeline. `readers` are the pipelines that read it and run now;
    the lags are those of the group that is furthest behind.
    """

    topic: str
    seconds: float
    records: list[int]
    bytes: int
    rejected: int
    readers: list[str]
    lags: list[int]


def topic_figures(penstock: Penstock, name: str, seconds: float) -> TopicFigures:
    """Raises LogError where there is no such topic."""
    topic = topic_of_stream(penstock, name)
    log = penstock.log
    since = penstock.clock.now_ms() - round(seconds * 1000)
    found = log.recent(topic, since)
    running = {one.name for one in penstock.pipelines() if one.state in ("running", "draining")}
    readers = [d.name for d in penstock.definition.pipelines if d.name in running and topic in read_topics(d.plan)]
    lags = [0] * len(found.records)
    for group in log.groups.names():
        of_group = {o.partition: o.lag for o in log.groups.describe(group) if o.topic == topic}
        if sum(of_group.values()) > sum(lags):
            lags = [of_group.get(partition, 0) for partition in range(len(lags))]
    rejected = _rejected(penstock, topic, found.first.tolist(), since) if found.records.any() else 0
    return TopicFigures(topic, seconds, found.records.tolist(), int(found.bytes.sum()), rejected, sorted(readers), lags)


def _rejected(penstock: Penstock, topic: str, first: Sequence[int], since: int) -> int:
    """How many records from the offsets `first` on, which came from `since` (ms) on, a pipeline or several rejected."""
    places = [pl.DataFrame(schema={"partition": pl.Int32, "offset": pl.Int64})]
    begins = pl.DataFrame(
        {"partition": pl.Series(range(len(first)), dtype=pl.Int32), "first": pl.Series(first, dtype=pl.Int64)}
    )
    for frame in backwards(penstock.log, REJECTS_TABLE):
        if (frame["time"].dt.epoch("ms") < since).all():  # none is rejected before it came
            break
        found = frame.filter((pl.col("topic") == topic) & ~pl.col("ignored")).join(begins, on="partition")
        places.append(found.filter(pl.col("offset") >= pl.col("first")).select("partition", "offset"))
    return pl.concat(places).unique().height


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of events: by their number (partition, offset), or the error for which one was refused."""

    topic: str
    places: dict[int, tuple[int, int]]
    refused: dict[int, PenstockError]


def take(penstock: Penstock, name: str, values: Sequence[bytes]) -> Taken:
    """Append those of the events `values` that the table over the topic or stream `name` can read.

    Raises LogError where there is no such topic, or a pipeline writes it.
    """
    way = way_into(penstock, topic_of_stream(penstock, name))
    refused: dict[int, PenstockError] = {}
    for row, code, reason in _unreadable(penstock, way.topic, values):
        refused.setdefault(row, DataError(reason, code=code))
    kept = [n for n in range(len(values)) if n not in refused]
    delivery = Delivery(way, [values[n] for n in kept])
    if kept:
        deliver(penstock.log, delivery)
        if delivery.error is not None:
            raise delivery.error
    refused |= {kept[n]: error for n, error in delivery.refused.items()}
    places = {kept[n]: (p, o) for n, (p, o) in enumerate(delivery.places.tolist()) if n not in delivery.refused}
    return Taken(way.topic, places, refused)


def _unreadable(penstock: Penstock, topic: str, values: Sequence[bytes]) -> list[tuple[int, str, str]]:
    """(number, code, reason) of each event that the first table over the topic would reject."""
    table = next((t for t in penstock.definition.tables if topic_of(t) == topic), None)
    if table is None or not values:
        return []
    options = TableOptions(table, connector_named(table))
    fields = value_fields(options, ())
    decoder = value_format(options, penstock.world).decoder(fields, tuple(f.name for f in fields))
    decoded = decoder.decode(pl.Series(values, dtype=pl.Binary))
    return [(int(row), code, reason) for row, code, reason in decoded.bad.rows()]
