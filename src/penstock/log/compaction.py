"""Compaction: of each key in a partition the last record stays; tombstones go when readers have had time.

As Kafka does it: a record is superseded by a later one of its key in its partition, once both are older
than `min.compaction.lag.ms`; a tombstone goes `delete.retention.ms` after a pass that had taken all older
records of its key. Records without a key stay. Offsets and places never change, so compaction leaves holes.

A pass looks for keys written since the last one, and rewrites the batches that hold older records of them.
Taking one superseded record is right by itself, so a pass may stop anywhere and start again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import polars as pl

from penstock.log.batch import BITS
from penstock.log.rewriting import Rewrite
from penstock.log.seek import chunks
from penstock.log.stored import gather

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.commit import Write, Writer
    from penstock.log.file import Connection, LogFile
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["compact", "compaction_due"]

CHUNK_ROWS = 262_144
"""Rows whose keys are looked up at once."""

DIRTY_SHARE = 0.5
"""A pass is due when this share of the rows came after the last one (Kafka's min.cleanable.dirty.ratio)."""

Pass = tuple[int, int]
"""The place up to which a pass went, and when it was done (ms since 1970)."""


def compaction_due(file: LogFile, topic: Topic, now_ms: int) -> bool:
    """Whether enough was appended since the last pass, or tombstones have had their time."""
    if not topic.compacts:
        return False
    with file.reading() as connection:
        passes = _passes(connection, topic)
        total, dirty, tombstones = connection.execute(
            "SELECT total(rows), total(iif(id > ?, rows, 0)), total(id <= ? AND columns & ?) "
            "FROM batch WHERE topic = ?",
            (_done(passes), _ripe(passes, topic, now_ms), BITS["tombstone"], topic.id),
        ).get
    return bool(tombstones or (dirty and dirty >= DIRTY_SHARE * total))


def compact(file: LogFile, writer: Writer, blobs: Blobs, topic: Topic, now_ms: int) -> Iterator[int]:
    """One pass over `topic`, in steps: the records that each step took."""
    with file.reading() as connection:
        passes = _passes(connection, topic)
    pass_ = _CompactionPass(blobs, topic, now_ms, _done(passes), _ripe(passes, topic, now_ms))
    for batches in chunks(file, blobs, topic, CHUNK_ROWS, after=pass_.done):
        pass_.collect(batches)
        yield 0
    for batches in chunks(file, blobs, topic, CHUNK_ROWS):
        for batch, keep in pass_.kept(batches):
            rewrite = Rewrite(blobs, [batch], keep)
            writer.run_aside(rewrite.write)
            if not rewrite.written:
                return  # another process rewrites this topic too: it will finish, or the next pass will
            yield int(len(keep) - keep.sum())
    writer.run(lambda write: _record(write, topic, pass_.place))


class _CompactionPass:
    """The last offset of each key written since the last pass, and what that says about older records."""

    def __init__(self, blobs: Blobs, topic: Topic, now_ms: int, done: int, ripe: int) -> None:
        self.done = done
        self.place = done
        self._ripe = ripe
        self._blobs = blobs
        self._time = "timestamp" if topic.ages_by_timestamp else "append_time"
        self._newest = now_ms - topic.min_compaction_lag_ms
        self._last = pl.DataFrame(schema={"partition": pl.Int32, "key": pl.Binary, "last": pl.Int64})
        self._complete = True

    def collect(self, batches: list[StoredBatch]) -> None:
        """Note the keys of some batches."""
        rows = self._heads(batches)
        if self._complete:
            young = rows.filter(~pl.col("old"))["seq"]
            self._complete = young.is_empty()
            self.place = batches[-1].entry.id if self._complete else int(young[0]) - 1
        fresh = rows.filter(pl.col("old") & pl.col("key").is_not_null() & (pl.col("seq") > self.done))
        last = fresh.select("partition", "key", last="offset")
        self._last = pl.concat([self._last, last]).group_by("partition", "key").agg(pl.col("last").max())

    def kept(self, batches: list[StoredBatch]) -> Iterator[tuple[StoredBatch, NDArray[np.bool_]]]:
        """The batches that lose rows, and which rows they keep."""
        rows = self._heads(batches).join(
            self._last, on=["partition", "key"], how="left", nulls_equal=False, maintain_order="left"
        )
        superseded = pl.col("old") & (pl.col("last") > pl.col("offset")).fill_null(value=False)
        expired = pl.col("tombstone") & pl.col("key").is_not_null() & (pl.col("seq") <= self._ripe)
        keep = rows.select(~(superseded | expired)).to_series().to_numpy()
        start = 0
        for batch in batches:
            mine = keep[start : start + batch.rows]
            start += batch.rows
            if not mine.all():
                yield batch, mine

    def _heads(self, batches: list[StoredBatch]) -> pl.DataFrame:
        rows = gather(batches, ("seq", "partition", "offset", "key", "tombstone", self._time))
        return rows.with_columns(old=pl.col(self._time) <= self._newest)


def _done(passes: list[Pass]) -> int:
    return max((place for place, _ in passes), default=0)


def _ripe(passes: list[Pass], topic: Topic, now_ms: int) -> int:
    """The place up to which tombstones have had their time."""
    return max((place for place, done_ms in passes if done_ms + topic.delete_retention_ms <= now_ms), default=0)


def _record(write: Write, topic: Topic, place: int) -> None:
    """Note a complete pass; of those whose tombstones are ripe only the furthest matters."""
    passes = _passes(write.connection, topic)
    ripe = _ripe(passes, topic, write.now_ms)
    kept = [one for one in passes if one[0] >= ripe]
    if place > _done(passes):
        kept.append((place, write.now_ms))
    write.connection.execute("UPDATE topic SET passes = ? WHERE id = ?", (orjson.dumps(kept).decode(), topic.id))


def _passes(connection: Connection, topic: Topic) -> list[Pass]:
    found: str | None = connection.execute("SELECT passes FROM topic WHERE id = ?", (topic.id,)).get
    return [(place, done_ms) for place, done_ms in orjson.loads(found or "[]")]
