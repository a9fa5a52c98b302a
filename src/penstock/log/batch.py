"""Stored batches: one append's rows of all partitions of a topic, as an index row and two blobs.

What follows from the index row is not stored again: dense offsets, dense places, a single time or
partition. Blobs are Arrow IPC streams of Polars, compressed with zstd (measured against lz4 and none: a
little slower to write, as fast to read, half the bytes), each with a CRC-32 that every read checks.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from penstock.log.topic import pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.log.file import Connection
    from penstock.log.topic import Topic

__all__ = ["BODY", "HEAD", "Blob", "Content", "Entry", "decode", "encode", "without_remains"]

HEAD: dict[str, pl.DataType] = {
    "partition": pl.Int32(),
    "offset": pl.Int64(),
    "seq": pl.Int64(),
    "timestamp": pl.Int64(),
    "append_time": pl.Int64(),
    "tombstone": pl.Boolean(),
    "key": pl.Binary(),
}
"""What the first blob may hold; the index row's `columns` has a bit for each that it does."""

BODY: dict[str, pl.DataType] = {
    "value": pl.Binary(),
    "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
}
"""What the second blob may hold; its bits follow those of the first."""

BITS = {name: 1 << bit for bit, name in enumerate([*HEAD, *BODY])}

END = b"\xff\xff\xff\xff\0\0\0\0"
"""The last message of an Arrow stream."""

FIELDS = (
    "id, data, first_seq, rows, bytes, min_time, max_time, first_append, last_append, ends, counts, sizes, "
    "columns, head_crc, body_crc, stored"
)
INSERT = f"INSERT INTO batch(topic, {FIELDS}) VALUES ({', '.join('?' * 17)})"


@dataclass(frozen=True, slots=True)
class Blob:
    """Encoded columns and their checksum; no columns are no bytes."""

    data: bytes | None
    crc: int

    @property
    def stored(self) -> int:
        """Bytes in the file."""
        return 0 if self.data is None else len(self.data)


def encode(frame: pl.DataFrame) -> Blob:
    """`frame` as a blob."""
    data = frame.write_ipc_stream(None, compression="zstd").getvalue()
    return Blob(data, zlib.crc32(data))


def without_remains(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose memory, and so its blob, holds its own rows alone: texts that were filtered out stay in it else."""
    data = frame.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    return pl.read_ipc_stream(io.BytesIO(data))


def _encoded(columns: list[pl.Series]) -> Blob:
    return encode(columns[0].to_frame().hstack(columns[1:])) if columns else Blob(None, 0)


def decode(*blobs: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of blobs of the same columns, or some of these columns.

    An Arrow stream is a schema, record batches and an end. Streams of one schema are joined before they are
    read: a thousand small blobs then cost little more than a large one.
    """
    frames = []
    for schema, alike in groupby(blobs, _schema):
        first, *others = alike
        stream = (
            b"".join([first[: -len(END)], *(one[len(schema) : -len(END)] for one in others), END]) if others else first
        )
        frames.append(pl.read_ipc_stream(io.BytesIO(stream), columns=columns))
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _schema(stream: bytes) -> bytes:
    """The first message: a marker, the length of the schema, the schema."""
    return stream[: 8 + int.from_bytes(stream[4:8], "little")]


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored batch's row in the index.

    `id` is the place of its last row when it was written, `data` names its blobs (never used again).
    `ends` is per partition the next offset after it, `counts` and `sizes` its rows and bytes there: shapes
    (partitions,). Times are ms since 1970.
    """

    id: int
    data: int
    first_seq: int
    rows: int
    bytes: int
    min_time: int
    max_time: int
    first_append: int
    last_append: int
    ends: NDArray[np.int64]
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    columns: int
    head_crc: int
    body_crc: int
    stored: int

    @property
    def dense(self) -> bool:
        """Whether its places are `first_seq` to `id` without a hole."""
        return self.id - self.first_seq + 1 == self.rows

    def has(self, column: str) -> bool:
        """Whether a blob holds `column`."""
        return self.columns & BITS[column] != 0

    def dead(self, starts: NDArray[np.int64]) -> bool:
        """Whether none of its rows is at or after `starts`, shape (partitions,)."""
        return bool(np.all((self.ends <= starts) | (self.counts == 0)))

    def touches(self, starts: NDArray[np.int64]) -> bool:
        """Whether a row of it may lie before `starts`."""
        first = 0 if self.has("offset") else self.ends - self.counts
        return bool(np.any((first < starts) & (self.counts > 0)))

    @classmethod
    def read(cls, connection: Connection, topic: Topic, where: str = "", *arguments: int) -> list[Self]:
        """The entries of `topic`, with more of a WHERE clause."""
        rows = connection.rows(f"SELECT {FIELDS} FROM batch WHERE topic = ? {where}", topic.id, *arguments)
        return [cls(*row[:9], *(unpack(blob, topic.partitions) for blob in row[9:12]), *row[12:]) for row in rows]


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of a batch in the order of the log, on their way into the file.

    `frame` has `value`, and those of `key`, `headers`, `timestamp`, `offset`, `seq` and `append_time` that
    do not follow from the index row. Shapes: `partition` (rows,), `counts` and `sizes` (partitions,).
    """

    rows: int
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    columns: int
    head: Blob
    body: Blob

    @classmethod
    def of(cls, frame: pl.DataFrame, partition: NDArray[np.int32], sizes: NDArray[np.int64], partitions: int) -> Self:
        """Encode `frame`, whose rows belong to `partition` and have `sizes` bytes each, shapes (rows,)."""
        counts = np.bincount(partition, minlength=partitions)
        given = frame.columns
        head = [frame.get_column(name) for name in HEAD if name in given]
        if np.count_nonzero(counts) > 1:
            head.append(pl.Series("partition", partition))
        value = frame.get_column("value")
        if value.null_count():
            head.append(value.is_null().alias("tombstone"))
        body = [frame.get_column(name) for name in BODY if name in given]
        return cls(
            frame.height,
            counts,
            np.bincount(partition, sizes, minlength=partitions).astype(np.int64),
            sum(BITS[column.name] for column in [*head, *body]),
            _encoded(head),
            _encoded(body),
        )

    def store(
        self,
        connection: Connection,
        topic_id: int,
        place: tuple[int, int, int],
        times: tuple[int, int, int, int],
        ends: NDArray[np.int64],
    ) -> None:
        """Insert it: `place` is id, data and first place, `times` least and greatest timestamp and append time."""
        id_, data, first_seq = place
        connection.execute(
            INSERT,
            (
                topic_id, id_, data, first_seq, self.rows, int(self.sizes.sum()), *times,
                pack(ends), pack(self.counts), pack(self.sizes),
                self.columns, self.head.crc, self.body.crc, self.head.stored + self.body.stored,
            ),
        )  # fmt: skip
        connection.execute("INSERT INTO data VALUES (?, ?, ?)", (data, self.head.data, self.body.data))
