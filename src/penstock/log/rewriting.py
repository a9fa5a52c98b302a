"""Taking stored batches out of the index, and putting rewritten ones in their place.

Offsets and places never change. Blobs that fall out of use stay for a while, so that a reader that found
a batch just before can still load its columns; `GRACE_MS` later upkeep frees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from penstock.log import topic as topics
from penstock.log.append import dense_offsets, put_decoded
from penstock.log.batch import Blob, Content, encode, without_remains
from penstock.log.records import sizes
from penstock.log.stored import gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from penstock.log.batch import Entry
    from penstock.log.blobs import Blobs
    from penstock.log.commit import Write
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["GRACE_MS", "Rewrite", "doom"]

GRACE_MS = 60_000

COLUMNS = ("seq", "partition", "offset", "timestamp", "append_time", "key", "value", "headers")


def doom(write: Write, topic: Topic, entries: Sequence[Entry]) -> None:
    """Take `entries` out of the index; what only they told (the ends, the last place) is written down."""
    if not entries:
        return
    connection = write.connection
    ends = topics.pack(topics.ends(connection, topic))
    connection.execute("UPDATE topic SET ends = ? WHERE id = ?", (ends, topic.id))
    ids = orjson.dumps([entry.id for entry in entries]).decode()
    which = "batch WHERE topic = ? AND id IN (SELECT value FROM json_each(?))"
    connection.execute(f"INSERT INTO doomed SELECT ?, data FROM {which}", (write.now_ms, topic.id, ids))
    connection.execute(f"DELETE FROM {which}", (topic.id, ids))
    # the numbers of these blobs are places, if they were never rewritten: never to be given again
    last = max(entry.data for entry in entries)
    connection.execute("UPDATE meta SET value = max(value, ?) WHERE key = 'seq'", (last,))


class Rewrite:
    """Neighbours among a topic's batches on their way to being one, with all of their rows or those to `keep`."""

    def __init__(self, blobs: Blobs, batches: Sequence[StoredBatch], keep: NDArray[np.bool_] | None) -> None:
        self._topic = topic = batches[0].source
        self._entries = [batch.entry for batch in batches]
        self._content: Content | None = None
        self._decoded: dict[str, Blob] = {}
        self.written = False
        frame = gather(batches, COLUMNS)
        if keep is not None:
            frame = without_remains(frame.filter(keep))
        if not frame.height:
            return
        first_seq, *times = (
            int(frame[column][0] if column == "seq" else getattr(frame[column], bound)())
            for column, bound in (
                ("seq", ""), ("timestamp", "min"), ("timestamp", "max"), ("append_time", "min"), ("append_time", "max"),
            )
        )  # fmt: skip
        self._first_seq = first_seq
        self._times = (times[0], times[1], times[2], times[3])
        partition = frame["partition"].to_numpy()
        last = self._entries[-1]
        implied = _implied(frame, partition, last)
        self._content = Content.of(frame.drop("partition", *implied), partition, sizes(frame), topic.partitions)
        if all(batch.whole for batch in batches) and keep is None:
            self._decoded = _decoded(blobs, topic, self._entries)

    def write(self, write: Write) -> None:
        """Put the new batch in the place of the old ones, unless these have changed meanwhile (not `written`)."""
        connection, topic, last = write.connection, self._topic, self._entries[-1]
        if topics.again(connection, topic) != topic:
            return
        span = topic.id, self._entries[0].id, last.id
        found = connection.rows("SELECT id, data FROM batch WHERE topic = ? AND id BETWEEN ? AND ? ORDER BY id", *span)
        if found != [(entry.id, entry.data) for entry in self._entries]:
            return
        doom(write, topic, self._entries)
        self.written = True
        if self._content is None:
            return
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'data'")
        data = -connection.execute("SELECT value FROM meta WHERE key = 'data'").get
        self._content.store(connection, topic.id, (last.id, data, self._first_seq), self._times, last.ends)
        for fingerprint, blob in self._decoded.items():
            put_decoded(write, data, fingerprint, blob)
        # retention may have moved on since the rows were read: then the whole new batch is looked through
        connection.execute(
            "UPDATE topic SET dead_through = ? WHERE id = ? AND dead_through BETWEEN ? AND ?",
            (last.id, topic.id, self._entries[0].id, last.id),
        )


def _implied(frame: pl.DataFrame, partition: NDArray[np.int32], last: Entry) -> list[str]:
    """The columns that the index row of the new batch will say."""
    counts = np.bincount(partition, minlength=len(last.ends))
    seq, offset = frame["seq"].to_numpy(), frame["offset"].to_numpy()
    said = {
        "seq": last.id - seq[0] + 1 == frame.height,
        "offset": np.array_equal(offset, dense_offsets(partition, last.ends - counts)),
        "timestamp": frame["timestamp"].n_unique() == 1,
        "append_time": frame["append_time"].n_unique() == 1,
        "key": frame["key"].null_count() == frame.height,
        "headers": frame["headers"].null_count() == frame.height,
    }
    return [name for name, implied in said.items() if implied]


def _decoded(blobs: Blobs, topic: Topic, entries: Sequence[Entry]) -> dict[str, Blob]:
    """Cached columns that all of `entries` have, joined."""
    common = blobs.fingerprints(entries[0])
    for entry in entries[1:]:
        if not common:
            break
        common &= blobs.fingerprints(entry)
    joined = {}
    for fingerprint in common:
        frames = [frame for entry in entries if (frame := blobs.decoded(topic, entry, fingerprint)) is not None]
        if len(frames) == len(entries):
            joined[fingerprint] = encode(pl.concat(frames))
    return joined
