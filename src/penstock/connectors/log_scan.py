"""What a scan of a table wants of the records of a topic, and records as its rows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.connectors.bad_rows import bad_rows
from penstock.core.batch import KIND, SEQ, RowKind
from penstock.core.edges import Chunk
from penstock.core.errors import LogError
from penstock.formats import TOUCHED, Decoded
from penstock.log.stored import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.formats import Decoder
    from penstock.log import Log, StoredBatch

__all__ = ["EndsDecoder", "LogScan", "Place", "Start", "chunk_of", "kept_columns", "raw_at"]

Place = tuple[str, int, int]
"""A record: topic, partition, offset."""

_APART = 256
"""Records that lie further apart are not read at once."""

_NONE_TOUCHED = pl.DataFrame(schema=TOUCHED)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a first reading begins; `mode` is Flink's scan.startup.mode.

    `group` for group-offsets, `timestamp` (ms) for timestamp, `offsets` per partition for specific-offsets.
    """

    mode: str = "earliest-offset"
    group: str = ""
    timestamp: int = 0
    offsets: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndsDecoder:
    """Tombstones as rows that end those of their keys: the columns of the key, called `names`, all others NULL."""

    names: tuple[str, ...]
    make_decoder: Callable[[], Decoder]

    def without_ends(self, decoded: Decoded) -> Decoded:
        """`decoded`, whose rows all put a row."""
        put = pl.lit(RowKind.UPDATE_AFTER, pl.UInt8).alias(KIND)
        return replace(decoded, frame=decoded.frame.with_columns(put))

    def beside(self, decoded: Decoded, tombstones: pl.Series, keys: Callable[[], pl.Series]) -> Decoded:
        """`decoded`, and a row for each of the `tombstones` (a mask of the messages)."""
        puts = self.without_ends(decoded)
        at = tombstones.arg_true()
        if not len(at):
            return puts
        ends = self.make_decoder().decode(keys().gather(at))
        at_rows = at if ends.rows is None else at.gather(ends.rows)
        named = ends.frame.rename(dict(zip(ends.frame.columns, self.names, strict=True)))
        ended = named.select(n for n in self.names if n in decoded.frame.columns).with_columns(
            pl.lit(RowKind.DELETE, pl.UInt8).alias(KIND)
        )
        rows = pl.arange(puts.frame.height, eager=True, dtype=pl.UInt32) if puts.rows is None else puts.rows
        frame = pl.concat([puts.frame, ended], how="diagonal")
        places = pl.concat([rows, at_rows.cast(rows.dtype)])
        order = places.arg_sort()
        return replace(
            decoded,
            frame=frame[order],
            rows=places[order],
            bad=pl.concat([decoded.bad, _moved(ends.bad, at)]),
            ignored=pl.concat([decoded.ignored, _moved(ends.ignored, at)]),
        )


def _moved(touched: pl.DataFrame, at: pl.Series) -> pl.DataFrame:
    """What is said of some messages, by their place among all."""
    return touched.with_columns(at.gather(touched["row"]).cast(touched.schema["row"]).alias("row"))


@dataclass(slots=True)
class LogScan:
    """One table over a topic: what it wants of each record.

    `wanted` are the columns decoded from the value, `key_wanted` those from the record's key; `metadata` maps a
    column of the table to Kafka's key of it. `fingerprint` names the decoding in the log's cache. A `bounded` scan
    ends with what the log holds at the start.
    """

    key: str
    topic: str
    wanted: tuple[str, ...]
    metadata: Mapping[str, str]
    make_decoder: Callable[[], Decoder]
    fingerprint: str
    start: Start
    group: str = ""
    bounded: bool = False
    key_wanted: tuple[str, ...] = ()
    make_key_decoder: Callable[[], Decoder] | None = None
    ends: EndsDecoder | None = None
    """Of a table of changes: what a tombstone says. Its rows then have KIND."""
    decoders: deque[Decoder] = field(default_factory=deque)
    """Those not in use: a decoder learns from what it reads, and belongs to one thread at a time."""

    def decode(self, values: pl.Series, keys: Callable[[], pl.Series]) -> Decoded:
        """The rows of messages; their `keys` are asked for where columns come out of them."""
        decoder = self.decoders.popleft() if self.decoders else self.make_decoder()
        decoded = decoder.decode(values)
        self.decoders.append(decoder)
        decoded = self.with_keys(decoded, keys)
        return decoded if self.ends is None else self.ends.beside(decoded, values.is_null(), keys)

    def cached(self, frame: pl.DataFrame, keys: Callable[[], pl.Series]) -> Decoded:
        """As `decode`, where the log has kept the columns of all values."""
        decoded = Decoded(frame.select(self.wanted), None, _NONE_TOUCHED, _NONE_TOUCHED, frame.height)
        decoded = self.with_keys(decoded, keys)
        return decoded if self.ends is None else self.ends.without_ends(decoded)

    def with_keys(self, decoded: Decoded, keys: Callable[[], pl.Series]) -> Decoded:
        """`decoded` beside the columns that come out of the keys."""
        if self.make_key_decoder is None:
            return decoded
        return _beside(decoded, self.make_key_decoder().decode(keys()), self.key_wanted)

    @property
    def reads(self) -> tuple[str, ...]:
        """What it needs of a record, as `StoredBatch.frame` names it: its value, and what else it shows."""
        keys = self.make_key_decoder is not None or self.ends is not None
        places = ("partition", "offset") if self.metadata else ()
        return ("value", *(("key",) if keys else ()), *places, *self.stored_metadata)

    @property
    def stored_metadata(self) -> tuple[str, ...]:
        """The parts of a record that metadata columns show, beside its place."""
        return tuple({"timestamp", "headers"} & set(self.metadata.values()))

    def metadata_columns(self, records: pl.DataFrame) -> list[pl.Series]:
        """The metadata columns of records given with their place and `stored_metadata`."""
        return [_METADATA[kind](records, self.topic).alias(column) for column, kind in self.metadata.items()]


_METADATA: dict[str, Callable[[pl.DataFrame, str], pl.Series]] = {
    "topic": lambda f, topic: pl.repeat(topic, f.height, eager=True),
    "partition": lambda f, _: f["partition"].cast(pl.Int32),
    "offset": lambda f, _: f["offset"].cast(pl.Int64),
    "timestamp": lambda f, _: f["timestamp"].cast(pl.Datetime("ms", "UTC")),
    "timestamp-type": lambda f, _: pl.repeat("CreateTime", f.height, eager=True),
    "leader-epoch": lambda f, _: pl.repeat(0, f.height, dtype=pl.Int32, eager=True),
    "headers": lambda f, _: f["headers"].fill_null([]),
}


def kept_columns(scan: LogScan, batches: Sequence[StoredBatch]) -> Decoded | None:
    """The rows of all records out of the cache of decoded columns, where it has them all."""
    kept = []
    for batch in batches:
        one = batch.decoded(scan.fingerprint)
        if one is None:
            return None
        kept.append(one)
    return scan.cached(pl.concat(kept), lambda: gather(batches, ("key",))["key"])


def chunk_of(scan: LogScan, records: pl.DataFrame, seq: NDArray[np.int64], decoded: Decoded | None = None) -> Chunk:
    """Records outside the order of the log, at places `seq` (n,), as rows of a table; they move no watermark.

    `records` has the columns that the scan `reads`; for the origins of its rows their `partition` and `offset` too.
    """
    if decoded is None:
        decoded = scan.decode(records["value"], lambda: records["key"])
    found = records if decoded.rows is None else records[decoded.rows]
    places = pl.Series(SEQ, seq)
    rows = places if decoded.rows is None else places.gather(decoded.rows)
    return Chunk(
        pl.DataFrame([*decoded.frame, *scan.metadata_columns(found), rows]),
        records.height,
        bad_rows(decoded, places),
        _Given(scan.topic, records, seq),
        decoded.skipped,
        quiet=True,
    )


def raw_at(log: Log, topics: Collection[str], places: pl.DataFrame) -> pl.Series:
    """The bytes of records of `topics`, as Reader.raw says."""
    keys = ["topic", "partition", "offset"]
    found = [pl.DataFrame(schema={"topic": pl.String, "partition": pl.Int32, "offset": pl.Int64, "raw": pl.Binary})]
    for (topic, partition), rows in places.filter(pl.col("topic").is_in(topics)).group_by("topic", "partition"):
        wanted = np.unique(rows["offset"].to_numpy())
        for stretch in np.split(wanted, np.flatnonzero(np.diff(wanted) > _APART) + 1):
            found.extend(_stretch(log, str(topic), int(partition), stretch))
    return places.select(keys).join(pl.concat(found), on=keys, how="left", maintain_order="left")["raw"]


def _stretch(log: Log, topic: str, partition: int, offsets: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """The bytes at `offsets` of a partition that are kept; all between the first and the last is read."""
    first, end = max(int(offsets[0]), log.starts(topic)[partition]), int(offsets[-1]) + 1
    if first >= end:
        return
    try:
        frames = list(log.read(topic, {partition: first}, {partition: end}, ("partition", "offset", "value")))
    except LogError as error:
        if error.code == "offset-out-of-range":  # retention has come between
            return
        raise
    for frame in frames:
        yield frame.filter(pl.col("offset").is_in(pl.Series(offsets).implode())).select(
            pl.lit(topic).alias("topic"),
            pl.col("partition").cast(pl.Int32),
            pl.col("offset").cast(pl.Int64),
            pl.col("value").alias("raw"),
        )


def _beside(values: Decoded, keys: Decoded, names: Sequence[str]) -> Decoded:
    """`values` with the columns of their keys, called `names`; as in Flink, no row where the key gives none."""
    columns = keys.frame.rename(dict(zip(keys.frame.columns, names, strict=True)))
    if keys.rows is None:
        columns = columns if values.rows is None else columns[values.rows]
        return replace(values, frame=values.frame.hstack(columns))
    rows = pl.arange(values.frame.height, eager=True, dtype=pl.UInt32) if values.rows is None else values.rows
    kept = rows.is_in(keys.rows.implode())
    rows = rows.filter(kept)
    frame = values.frame.filter(kept).hstack(columns[keys.rows.search_sorted(rows)])
    return replace(
        values,
        frame=frame,
        rows=rows,
        bad=pl.concat([values.bad, keys.bad]).unique("row", keep="first", maintain_order=True),
        ignored=pl.concat([values.ignored, keys.ignored]),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Origins of records that were handed in."""

    topic: str
    records: pl.DataFrame
    places: NDArray[np.int64]

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        rows = self.records[np.searchsorted(self.places, seq)]
        return rows.select(
            pl.lit(self.topic).alias("topic"),
            pl.col("partition").cast(pl.Int32),
            pl.col("offset").cast(pl.Int64),
            pl.col("value").alias("raw"),
        )
