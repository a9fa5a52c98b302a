"""What other configs would take from a topic: told before they are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.log.batch import Entry
from penstock.log.records import sizes
from penstock.log.retention import starts_due
from penstock.log.seek import CHUNK_ROWS, PAGE_ENTRIES, chunks, live_counts
from penstock.log.stored import StoredBatch, gather

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.file import LogFile
    from penstock.log.topic import Topic

__all__ = ["taken_by"]


def taken_by(file: LogFile, blobs: Blobs, topic: Topic, altered: Topic, now_ms: int) -> tuple[int, int]:
    """How many rows and bytes go where `topic` becomes `altered` at `now_ms`, beside those that go anyway.

    By retention, and by compaction where there was none: records that have a later one of their key.
    """
    before = starts_due(file, blobs, topic, now_ms)
    after = np.maximum(before, starts_due(file, blobs, altered, now_ms))
    rows, bytes_ = _kept(file, blobs, topic, before) - _kept(file, blobs, topic, after)
    if altered.compacts and not topic.compacts:
        superseded = _superseded(file, blobs, topic, after)
        rows, bytes_ = rows + superseded[0], bytes_ + superseded[1]
    return int(rows), int(bytes_)


def _kept(file: LogFile, blobs: Blobs, topic: Topic, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows and bytes from `starts` on, shape (2,)."""
    found, last = np.zeros(2, np.int64), -1
    while True:
        with file.reading() as connection:
            entries = Entry.read(connection, topic, "AND id > ? ORDER BY id LIMIT ?", last, PAGE_ENTRIES)
        for entry in entries:
            if entry.dead(starts):
                continue
            cut = StoredBatch(blobs, topic, entry, starts=starts if entry.touches(starts) else None)
            found += [int(counts.sum()) for counts in live_counts(cut, topic.partitions)]
        if len(entries) < PAGE_ENTRIES:
            return found
        last = entries[-1].id


def _superseded(file: LogFile, blobs: Blobs, topic: Topic, starts: NDArray[np.int64]) -> tuple[int, int]:
    """Rows and bytes of records from `starts` on that have a later one of their key in their partition."""
    last = pl.DataFrame(schema={"partition": pl.Int32, "key": pl.UInt64, "size": pl.Int64})
    rows = bytes_ = 0
    for batches in chunks(file, blobs, topic, CHUNK_ROWS):
        heads = gather(batches, ("partition", "offset", "key"))
        each = sizes(gather(batches, ("key", "value", "headers")))
        inside = pl.Series(heads["offset"].to_numpy() >= starts[heads["partition"].to_numpy()])
        here = heads.select("partition", pl.col("key").hash(), pl.Series("size", each, pl.Int64))
        known = pl.concat([last, here.filter(inside & heads["key"].is_not_null())])
        last = known.unique(["partition", "key"], keep="last")
        rows += known.height - last.height
        bytes_ += int(known["size"].sum()) - int(last["size"].sum())
    return rows, bytes_
