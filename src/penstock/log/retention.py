"""Retention by time and by size: exact to the row, a start offset per partition that readers honour at once.

Both take a partition's oldest rows: those before the first that is young enough, and those that are too
many. A stored batch's bytes are freed when all its rows are dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penstock.log import topic as topics
from penstock.log.batch import Entry
from penstock.log.records import sizes
from penstock.log.rewriting import doom
from penstock.log.seek import CHUNK_ROWS, chunks, live_batches, live_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.commit import Write, Writer
    from penstock.log.file import Connection, LogFile
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["retain", "starts_due"]


def retain(file: LogFile, writer: Writer, blobs: Blobs, topic: Topic, now_ms: int) -> int:
    """Take what is too old or too much for `topic`, and say how many offsets that was."""
    with file.reading() as connection:
        now = topics.again(connection, topic)
        if now is None:
            return 0
        topic = now
        before = topics.starts(connection, topic)
    starts = starts_due(file, blobs, topic, now_ms)
    if np.array_equal(starts, before):
        return 0
    writer.run(lambda write: _advance(write, topic, starts))
    return int((starts - before).sum())


def starts_due(file: LogFile, blobs: Blobs, topic: Topic, now_ms: int) -> NDArray[np.int64]:
    """Per partition the first offset that retention leaves as `topic` is set, shape (partitions,)."""
    with file.reading() as connection:
        starts = topics.starts(connection, topic)
        end = topics.ends(connection, topic)
        if topic.deletes and topic.retention_bytes >= 0:
            starts = np.maximum(starts, _starts_by_size(connection, blobs, topic))
    if topic.deletes and topic.retention_ms >= 0:
        starts = _starts_by_time(file, blobs, topic, (starts, end), now_ms - topic.retention_ms)
    return starts


def _starts_by_time(
    file: LogFile, blobs: Blobs, topic: Topic, kept: tuple[NDArray[np.int64], NDArray[np.int64]], cut: int
) -> NDArray[np.int64]:
    """Per partition the first offset in `kept` (start, end) of a row that is not older than `cut`, or the end."""
    starts, end = kept[0].copy(), kept[1]
    searching = starts < end
    for chunk in chunks(file, blobs, topic, CHUNK_ROWS):
        for batch in chunk:
            if not searching.any():
                return starts
            _skip_old(batch, topic, cut, starts, searching)
    starts[searching] = end[searching]
    return starts


def _skip_old(
    batch: StoredBatch, topic: Topic, cut: int, starts: NDArray[np.int64], searching: NDArray[np.bool_]
) -> None:
    """Move `starts` of the partitions that are `searching` past the old rows of one batch."""
    entry = batch.entry
    here = searching & (entry.counts > 0)
    by_timestamp = topic.ages_by_timestamp
    if (entry.max_time if by_timestamp else entry.last_append) < cut:
        starts[here] = np.maximum(starts[here], entry.ends[here])
        return
    if not here.any():
        return
    rows = batch.frame("partition", "offset", "timestamp" if by_timestamp else "append_time")
    partition, offset, times = (column.to_numpy() for column in rows.get_columns())
    for one in np.flatnonzero(here).tolist():
        young = np.flatnonzero((partition == one) & (times >= cut))
        if len(young):
            starts[one] = max(starts[one], offset[young[0]])
            searching[one] = False
        else:
            starts[one] = max(starts[one], entry.ends[one])


def _starts_by_size(connection: Connection, blobs: Blobs, topic: Topic) -> NDArray[np.int64]:
    """Per partition the offset from which on the rows have at most `retention.bytes` together."""
    starts = topics.starts(connection, topic)
    left = np.full(topic.partitions, topic.retention_bytes, np.int64)
    searching = np.ones(topic.partitions, np.bool_)
    for batch in live_batches(connection, blobs, topic, backwards=True):
        if not searching.any():
            break
        _, bytes_ = live_counts(batch, topic.partitions)
        for one in np.flatnonzero(searching & (bytes_ > left)).tolist():
            starts[one] = _first_within(batch, one, int(left[one]))
            searching[one] = False
        left -= bytes_
    return starts


def _first_within(batch: StoredBatch, partition: int, left: int) -> int:
    """The offset from which on the batch's rows of `partition` have at most `left` bytes."""
    columns = [name for name in ("key", "value", "headers") if batch.entry.has(name)]
    rows = np.flatnonzero(batch.partition.to_numpy() == partition)
    each = sizes(batch.frame(*columns))[rows]
    fitting = int(np.searchsorted(np.cumsum(each[::-1]), left, side="right"))
    if fitting == 0:
        return int(batch.entry.ends[partition])
    return int(batch.offset[int(rows[len(rows) - fitting])])


def _advance(write: Write, topic: Topic, starts: NDArray[np.int64]) -> None:
    """Move the start offsets, and take the batches of which nothing is left."""
    connection = write.connection
    if topics.again(connection, topic) != topic:
        return  # altered meanwhile: the next round sees it as it is now
    found = connection.execute("SELECT starts, dead_through FROM topic WHERE id = ?", (topic.id,)).get
    starts = np.maximum(starts, topics.unpack(found[0], topic.partitions))
    dead, partly, last = [], 0, 0
    while entries := Entry.read(connection, topic, "AND id > ? ORDER BY id LIMIT 64", last):
        last = entries[-1].id
        for entry in entries:
            if entry.dead(starts):
                dead.append(entry)
            elif entry.touches(starts):
                partly = entry.id
        if np.all(entries[-1].ends >= starts):
            break  # later ones begin where this ends
    connection.execute(
        "UPDATE topic SET starts = ?, dead_through = ? WHERE id = ?",
        (topics.pack(starts), max(partly, int(found[1]), *(entry.id for entry in dead)), topic.id),
    )
    doom(write, topic, dead)
