"""Appending: records become stored batches, and each record gets its place, partition and offset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.errors import LogError
from penstock.log.batch import Blob, Content, encode
from penstock.log.commit import Request
from penstock.log.records import checked, partitions, sizes
from penstock.log.topic import current

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from penstock.log.commit import Write
    from penstock.log.topic import Topic

__all__ = ["Append", "Appended", "Decoded", "TopicChanged", "dense_offsets"]

MAX_ROWS = 65_536
MAX_BYTES = 32 << 20
"""What one stored batch takes at most (more only for one record); larger appends become several."""

JOIN_ROWS = 1_024
"""Appends of fewer rows are joined with others of the same moment."""

Decoded = tuple[str, pl.DataFrame]
"""A fingerprint of how rows are decoded, and the columns, row for row."""


class TopicChanged(Exception):  # noqa: N818  (no error to anyone: the append is prepared again)
    """The topic was altered or deleted since the append was prepared."""


@dataclass(frozen=True)
class _Places:
    partition: NDArray[np.int32]
    first: NDArray[np.int64]

    @cached_property
    def offset(self) -> NDArray[np.int64]:
        return dense_offsets(self.partition, self.first)


@dataclass(frozen=True, slots=True)
class Appended:
    """Where records were put: row i at place ``first_seq + i`` in the order of the log."""

    topic: str
    first_seq: int
    rows: int
    _places: _Places
    _start: int

    @property
    def partitions(self) -> pl.Series:
        """Int32, shape (rows,)."""
        return pl.Series("partition", self._places.partition[self._start : self._start + self.rows])

    @property
    def offsets(self) -> pl.Series:
        """Int64, shape (rows,)."""
        return pl.Series("offset", self._places.offset[self._start : self._start + self.rows])


class Append(Request):
    """Checked `records` on their way into `topic`; `keyless` is the partition for those without a key."""

    def __init__(
        self,
        topic: Topic,
        records: pl.DataFrame,
        keyless: int | NDArray[np.int32],
        now_ms: int,
        decoded: Decoded | None = None,
        members: Sequence[Append] = (),
    ) -> None:
        super().__init__()
        if decoded is not None and decoded[1].height != records.height:
            raise LogError(
                f"decoded columns have {decoded[1].height} rows, the append has {records.height}",
                code="record-decoded",
                where=f"topic {topic.name}",
                hint="decoded columns stand row for row beside the records",
            )
        self.topic = topic
        self.records = records
        self._keyless = keyless
        self._now_ms = now_ms
        self._decoded = decoded
        self._members = members
        self._parts: list[_Part] | None = None
        self._partition: NDArray[np.int32] = np.empty(0, np.int32)
        self._result: Appended | None = None

    @property
    def result(self) -> Appended:
        """Where the records are, once committed. Raises what stopped it, LogError where it is not committed yet."""
        if self.error is not None:
            raise self.error
        if self._result is None:
            raise LogError("this append is not committed yet", code="append-open", hint="leave the transaction first")
        return self._result

    @property
    def key(self) -> tuple[int, int] | None:
        small = self.records.height < JOIN_ROWS and self._decoded is None
        return (self.topic.id, self.topic.version) if small else None

    def renew(self, find: Callable[[str], Topic]) -> None:
        self.topic = find(self.topic.name)
        self.records = checked(self.records, self.topic)
        self._parts = None

    def joined(self, others: Sequence[Append]) -> Append:
        members = [self, *others]
        heights = [member.records.height for member in members]
        frames = [member.records for member in members]
        alike = all(frame.columns == frames[0].columns for frame in frames)
        keyless = np.array([member._keyless for member in members], np.int32)
        return Append(
            self.topic,
            pl.concat(frames, how="vertical" if alike else "diagonal"),
            np.repeat(keyless, heights),
            self._now_ms,
            members=members,
        )

    def prepare_alone(self) -> None:
        """Build the blobs now, in this thread, unless it is to be joined with others."""
        if self.key is None:
            self.prepare()

    def prepare(self) -> None:
        if self._parts is not None:
            return
        records, count = self.records, self.topic.partitions
        keyless = self._keyless
        if isinstance(keyless, int):
            keyless = np.full(records.height, keyless % count, np.int32)
        self._partition = partitions(records, count, keyless)
        bytes_each = sizes(records)
        if "timestamp" in records.columns:
            records = records.with_columns(pl.col("timestamp").fill_null(self._now_ms))
        cuts = _cuts(bytes_each) if records.height else []
        if len(cuts) == 1:
            self._parts = [_Part.of(records, self._partition, bytes_each, count, self._decoded)]
            return
        self._parts = [
            _Part.of(records[cut], self._partition[cut], bytes_each[cut], count, _cut(self._decoded, cut))
            for cut in cuts
        ]

    def write(self, write: Write) -> None:
        connection, topic = write.connection, self.topic
        found = current(connection, topic.id, topic.partitions)
        if found is None or found[0] != topic.version:
            raise TopicChanged
        ends = first_ends = found[1]
        first = seq = write.take(self.records.height)
        for part in self._parts or ():
            ends = ends + part.content.counts
            write.bytes += part.bytes
            seq = part.store(write, topic.id, seq, ends)
        places = _Places(self._partition, first_ends)
        self._result = Appended(topic.name, first, self.records.height, places, 0)
        start = 0
        for member in self._members:
            member._result = Appended(topic.name, first + start, member.records.height, places, start)
            start += member.records.height


@dataclass(frozen=True, slots=True)
class _Part:
    """One stored batch of an append."""

    content: Content
    bytes: int
    times: tuple[int, int] | None
    decoded: tuple[str, Blob] | None

    @classmethod
    def of(
        cls,
        records: pl.DataFrame,
        partition: NDArray[np.int32],
        sizes: NDArray[np.int64],
        count: int,
        decoded: Decoded | None,
    ) -> _Part:
        times = None
        if "timestamp" in records.columns:
            column = records.get_column("timestamp").to_numpy()
            times = int(column.min()), int(column.max())
            if times[0] == times[1]:
                records = records.drop("timestamp")
        if "partition" in records.columns:
            records = records.drop("partition")
        content = Content.of(records, partition, sizes, count)
        return cls(content, int(sizes.sum()), times, (decoded[0], encode(decoded[1])) if decoded else None)

    def store(self, write: Write, topic_id: int, seq: int, ends: NDArray[np.int64]) -> int:
        """Insert it at `seq`; the place after it."""
        last = seq + self.content.rows - 1
        times = self.times or (write.now_ms, write.now_ms)
        self.content.store(write.connection, topic_id, (last, last, seq), (*times, write.now_ms, write.now_ms), ends)
        if self.decoded is not None:
            fingerprint, blob = self.decoded
            put_decoded(write, last, fingerprint, blob)
        return last + 1


def put_decoded(write: Write, data: int, fingerprint: str, blob: Blob) -> None:
    """Keep a frame decoded from the blobs of `data`."""
    write.connection.execute(
        "INSERT OR REPLACE INTO decoded SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM data WHERE id = ?)",
        (data, fingerprint, blob.crc, blob.data, data),
    )


def dense_offsets(partition: NDArray[np.int32], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets that count up from `first` (per partition) in row order, shape (rows,)."""
    counts = np.bincount(partition, minlength=len(first))
    order = np.argsort(partition, kind="stable")
    ranks = np.empty(len(partition), np.int64)
    ranks[order] = np.arange(len(partition)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first[partition] + ranks


def _cuts(sizes: NDArray[np.int64]) -> list[slice]:
    """Cut an append into stored batches."""
    if len(sizes) <= MAX_ROWS and sizes.sum() <= MAX_BYTES:
        return [slice(0, len(sizes))]
    total = np.cumsum(sizes)
    cuts, start = [], 0
    while start < len(sizes):
        before = int(total[start - 1]) if start else 0
        stop = int(np.searchsorted(total, before + MAX_BYTES, side="right"))
        stop = min(max(stop, start + 1), start + MAX_ROWS, len(sizes))
        cuts.append(slice(start, stop))
        start = stop
    return cuts


def _cut(decoded: Decoded | None, cut: slice) -> Decoded | None:
    return decoded and (decoded[0], decoded[1][cut])
