"""Finding places in a topic: by offset, by time, from the end; and what a topic holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from penstock.core.errors import LogError
from penstock.log import topic as topics
from penstock.log.batch import Entry
from penstock.log.records import sizes
from penstock.log.stored import StoredBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.file import Connection, LogFile
    from penstock.log.topic import Topic

__all__ = ["PartitionInfo", "check_offsets", "describe", "live_batches", "offsets_after", "offsets_at_times"]

PAGE_ENTRIES = 256
CHUNK_ROWS = 262_144


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """What a partition holds; times are timestamps of its first and last record, None where it is empty.

    `bytes` counts keys, values and headers before compression; `rows` is less than `end - start` where
    compaction took records.
    """

    partition: int
    start: int
    end: int
    rows: int
    bytes: int
    first_timestamp: int | None
    last_timestamp: int | None


def last_append(connection: Connection, topic: Topic) -> int | None:
    """When (ms) the last batch that is kept was appended to `topic`."""
    found: int | None = connection.execute(
        "SELECT last_append FROM batch WHERE topic = ? ORDER BY id DESC LIMIT 1", (topic.id,)
    ).get
    return found


def live_batches(
    connection: Connection, blobs: Blobs, topic: Topic, after: int = -1, *, backwards: bool = False
) -> Iterator[StoredBatch]:
    """The batches of `topic` whose `id` is greater than `after`, without rows that retention took.

    One snapshot holds from the first to the last: only for walks over the index.
    """
    kept = topics.starts(connection, topic)
    dead_through = connection.execute("SELECT dead_through FROM topic WHERE id = ?", (topic.id,)).get
    bound = 2**63 - 1 if backwards else after
    while True:
        if backwards:
            page = Entry.read(
                connection, topic, "AND id < ? AND id > ? ORDER BY id DESC LIMIT ?", bound, after, PAGE_ENTRIES
            )
        else:
            page = Entry.read(connection, topic, "AND id > ? ORDER BY id LIMIT ?", bound, PAGE_ENTRIES)
        for entry in page:
            yield StoredBatch(blobs, topic, entry, starts=kept if entry.id <= dead_through else None)
        if len(page) < PAGE_ENTRIES:
            return
        bound = page[-1].id


def chunks(file: LogFile, blobs: Blobs, topic: Topic, rows: int, after: int = -1) -> Iterator[list[StoredBatch]]:
    """The live batches of `topic` some at a time, about `rows` rows each, from a snapshot each."""
    while True:
        chunk: list[StoredBatch] = []
        got = 0
        with file.reading() as connection:
            now = topics.again(connection, topic)
            for batch in live_batches(connection, blobs, now, after) if now else ():
                chunk.append(batch)
                got += batch.entry.rows
                if got >= rows:
                    break
        if not chunk:
            return
        after = chunk[-1].entry.id
        yield [batch for batch in chunk if batch.rows]


def check_offsets(connection: Connection, topic: Topic, offsets: Mapping[int, int]) -> None:
    """Raises LogError naming the range that is kept, where an offset lies outside of it."""
    first, end = topics.starts(connection, topic), topics.ends(connection, topic)
    for partition, offset in offsets.items():
        if not 0 <= partition < topic.partitions:
            raise LogError(
                f"there is no partition {partition} in topic '{topic.name}'",
                code="record-partition",
                hint=f"its partitions are 0 to {topic.partitions - 1}",
            )
        if not first[partition] <= offset <= end[partition]:
            raise LogError(
                f"offset {offset} of partition {partition} of topic '{topic.name}' is out of range",
                code="offset-out-of-range",
                hint=f"kept are offsets {first[partition]} to {end[partition]} (the end)",
            )


def seq_before(connection: Connection, blobs: Blobs, topic: Topic, offsets: Mapping[int, int]) -> int:
    """The last place before the first row of `topic` that is at or after `offsets` in one of these partitions."""
    found = [_seq_before(connection, blobs, topic, partition, offset) for partition, offset in offsets.items()]
    return min(found, default=0)


def offsets_after(connection: Connection, blobs: Blobs, topic: Topic, seq: int) -> dict[int, int]:
    """Per partition the next offset for a reader that has read through place `seq`."""
    following = Entry.read(connection, topic, "AND id > ? ORDER BY id LIMIT 1", seq)
    if not following:
        return dict(enumerate(topics.ends(connection, topic).tolist()))
    offsets = topics.starts(connection, topic)
    for entry in Entry.read(connection, topic, "AND id <= ? ORDER BY id DESC LIMIT 1", seq):
        offsets = np.maximum(offsets, entry.ends)
    read = StoredBatch(blobs, topic, following[0], high=seq).frame("partition", "offset")
    np.maximum.at(offsets, read["partition"].to_numpy(), read["offset"].to_numpy() + 1)
    return dict(enumerate(offsets.tolist()))


def seq_of_last(connection: Connection, blobs: Blobs, topic: Topic, rows: int) -> int:
    """The place after which `topic` has `rows` rows, or all it has."""
    wanted = rows
    for batch in live_batches(connection, blobs, topic, backwards=True):
        if batch.rows >= wanted:
            return int(batch.seqs[batch.rows - wanted]) - 1 if wanted else batch.entry.id
        wanted -= batch.rows
    return 0


def thinned_through(connection: Connection, topic: Topic) -> int:
    """The place up to which retention and compaction may have taken rows of `topic`; 0 where they have not been."""
    dead_through, passes = connection.execute("SELECT dead_through, passes FROM topic WHERE id = ?", (topic.id,)).get
    return max(int(dead_through), *(int(place) for place, _ in orjson.loads(passes or "[]")), 0)


def offsets_at_times(file: LogFile, blobs: Blobs, topic: Topic, times: Mapping[int, int]) -> dict[int, int | None]:
    """Per partition the first offset whose timestamp is at least the given ms since 1970; None: there is none."""
    found: dict[int, int | None] = dict.fromkeys(times)
    for chunk in chunks(file, blobs, topic, CHUNK_ROWS):
        for batch in chunk:
            missing = [one for one, offset in found.items() if offset is None]
            if not missing:
                return found
            missing = [one for one in missing if batch.entry.max_time >= times[one] and batch.entry.counts[one]]
            if not missing:
                continue
            places = batch.frame("partition", "offset", "timestamp")
            partition, offset, timestamp = (column.to_numpy() for column in places.get_columns())
            for one in missing:
                rows = np.flatnonzero((partition == one) & (timestamp >= times[one]))
                if len(rows):
                    found[one] = int(offset[rows[0]])
    return found


def describe(connection: Connection, blobs: Blobs, topic: Topic) -> list[PartitionInfo]:
    """Each partition, by number."""
    count = topic.partitions
    first, end = topics.starts(connection, topic), topics.ends(connection, topic)
    rows, bytes_ = np.zeros(count, np.int64), np.zeros(count, np.int64)
    oldest: dict[int, int] = {}
    newest: dict[int, StoredBatch] = {}
    for batch in live_batches(connection, blobs, topic):
        counts, held = live_counts(batch, count)
        rows += counts
        bytes_ += held
        for partition in np.flatnonzero(counts).tolist():
            if partition not in oldest:
                oldest[partition] = _timestamp(batch, partition, 0)
            newest[partition] = batch
    return [
        PartitionInfo(
            partition,
            int(first[partition]),
            int(end[partition]),
            int(rows[partition]),
            int(bytes_[partition]),
            oldest.get(partition),
            _timestamp(newest[partition], partition, -1) if partition in newest else None,
        )
        for partition in range(count)
    ]


def live_counts(batch: StoredBatch, partitions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and bytes per partition that retention has not taken, shapes (partitions,)."""
    if batch.whole:
        return batch.entry.counts, batch.entry.sizes
    partition = batch.partition.to_numpy()
    columns = [name for name in ("key", "value", "headers") if batch.entry.has(name)]
    each = sizes(batch.frame(*columns))
    return (
        np.bincount(partition, minlength=partitions),
        np.bincount(partition, each, minlength=partitions).astype(np.int64),
    )


def _seq_before(connection: Connection, blobs: Blobs, topic: Topic, partition: int, offset: int) -> int:
    last = connection.execute("SELECT max(id) FROM batch WHERE topic = ?", (topic.id,)).get or 0
    low, high = 0, last + 1
    while low < high:  # the batches' ends grow with their ids
        middle = (low + high) // 2
        found = Entry.read(connection, topic, "AND id >= ? ORDER BY id LIMIT 1", middle)
        if not found or found[0].ends[partition] > offset:
            high = middle
        else:
            low = found[0].id + 1
    for batch in live_batches(connection, blobs, topic, low - 1):
        rows = np.flatnonzero((batch.partition.to_numpy() == partition) & (batch.offset.to_numpy() >= offset))
        if len(rows):
            return int(batch.seqs[rows[0]]) - 1
    return last


def _timestamp(batch: StoredBatch, partition: int, which: int) -> int:
    rows = np.flatnonzero(batch.partition.to_numpy() == partition)
    return int(batch.timestamp[int(rows[which])])


def within(batch: StoredBatch, first: Mapping[int, int], stop: Mapping[int, int]) -> NDArray[np.bool_]:
    """Which rows lie from `first` on and before `stop`, in the partitions of `first`, shape (rows,)."""
    count = max(stop) + 1
    low, high = np.full(count, 2**63 - 1, np.int64), np.zeros(count, np.int64)
    for partition, offset in first.items():
        low[partition], high[partition] = offset, stop[partition]
    entry = batch.entry
    if len(entry.ends) <= count and not entry.has("offset"):  # its offsets are without gaps: its ends say it all
        used = entry.counts > 0
        begins, ends = (entry.ends - entry.counts)[used], entry.ends[used]
        if (begins >= low[: len(used)][used]).all() and (ends <= high[: len(used)][used]).all():
            return np.ones(batch.rows, np.bool_)
    partitions, offsets = batch.partition.to_numpy(), batch.offset.to_numpy()
    known = partitions < count
    result: NDArray[np.bool_] = np.zeros(batch.rows, np.bool_)
    result[known] = (offsets[known] >= low[partitions[known]]) & (offsets[known] < high[partitions[known]])
    return result
