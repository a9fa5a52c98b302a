"""What came into a topic since a moment, by the time of its appends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penstock.log.records import sizes
from penstock.log.seek import live_batches, live_counts
from penstock.log.topic import ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.file import Connection
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["Recent", "recent"]

_LEEWAY_MS = 60_000
"""Appends of several threads are committed a little out of the order of their times."""


@dataclass(frozen=True, slots=True)
class Recent:
    """Records that are kept, and the bytes of their keys, values and headers; by partition, shapes (partitions,).

    `first` is the offset of the first of them, the next one of all where there is none.
    """

    records: NDArray[np.int64]
    bytes: NDArray[np.int64]
    first: NDArray[np.int64]


def recent(connection: Connection, blobs: Blobs, topic: Topic, since_ms: int) -> Recent:
    """What was appended to `topic` at or after `since_ms`. Most of it is counted from the index alone."""
    records, size = np.zeros(topic.partitions, np.int64), np.zeros(topic.partitions, np.int64)
    first = ends(connection, topic).copy()
    for batch in live_batches(connection, blobs, topic, backwards=True):
        entry = batch.entry
        if entry.last_append < since_ms - _LEEWAY_MS:
            break
        if entry.last_append < since_ms:
            continue
        if entry.first_append >= since_ms and batch.whole and not entry.has("offset"):  # it has where there are holes
            counts, held = live_counts(batch, topic.partitions)
            begins = entry.ends - entry.counts
        else:
            counts, held, begins = _of_some(batch, topic.partitions, since_ms)
        records += counts
        size += held
        first = np.where(counts > 0, np.minimum(first, begins), first)
    return Recent(records, size, first)


def _of_some(
    batch: StoredBatch, partitions: int, since_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(records, bytes, first offset) by partition of the rows that came late enough."""
    columns = [name for name in ("key", "value", "headers") if batch.entry.has(name)]
    frame = batch.frame("partition", "offset", "append_time", *columns)
    frame = frame.filter(frame["append_time"] >= since_ms)
    partition = frame["partition"].to_numpy()
    counts = np.bincount(partition, minlength=partitions)
    held = np.bincount(partition, sizes(frame.select(columns)), minlength=partitions).astype(np.int64)
    begins = np.full(partitions, np.iinfo(np.int64).max)
    np.minimum.at(begins, partition, frame["offset"].to_numpy())
    return counts, held, begins
