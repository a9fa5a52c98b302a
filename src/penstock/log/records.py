"""The frame a producer gives: checked, and its partitions decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.errors import LogError, did_you_mean
from penstock.log.partitioner import byte_lengths, partition_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.log.topic import Topic

__all__ = ["RECORD_COLUMNS", "checked", "partitions", "sizes"]

RECORD_COLUMNS: dict[str, pl.DataType] = {
    "value": pl.Binary(),
    "key": pl.Binary(),
    "timestamp": pl.Int64(),
    "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
    "partition": pl.Int32(),
}
"""What a frame of records may have; `value` it must have. Null values are tombstones."""


def checked(records: pl.DataFrame, topic: Topic) -> pl.DataFrame:
    """`records` without columns that say nothing.

    Raises LogError where a column is missing, unknown or ill-typed, or a record does not fit the topic.
    """
    columns = records.columns
    if columns != ["key", "value"] or records.dtypes != [pl.Binary, pl.Binary]:
        _check_columns(records, topic)
    if topic.requires_keys:
        _check_keys(records, topic)
    if "timestamp" in columns:
        records = _with_timestamp(records, topic)
    if "partition" in columns:
        records = _with_partition(records, topic)
    for name in ("key", "headers"):
        if name in columns and records.get_column(name).null_count() == records.height:
            records = records.drop(name)
    if records.estimated_size() > topic.max_message_bytes:
        _check_sizes(records, topic)
    return records


def partitions(records: pl.DataFrame, count: int, keyless: NDArray[np.int32]) -> NDArray[np.int32]:
    """The partition of each of checked `records`, shape (n,): as given, else by key, else `keyless`."""
    if count == 1:
        return np.zeros(records.height, np.int32)
    chosen = keyless
    if "key" in records.columns:
        keys = records.get_column("key")
        if keys.null_count():
            known = keys.is_not_null()
            chosen = keyless.copy()
            chosen[known.to_numpy()] = partition_of(keys.filter(known), count)
        else:
            chosen = partition_of(keys, count)
    if "partition" in records.columns:
        given = records.get_column("partition")
        chosen = np.where(given.is_null().to_numpy(), chosen, given.fill_null(0).to_numpy()).astype(np.int32)
    return chosen


def sizes(records: pl.DataFrame) -> NDArray[np.int64]:
    """The bytes of each record's key, value and headers, shape (n,)."""
    total = byte_lengths(records.get_column("value"))
    if "key" in records.columns:
        total = total + byte_lengths(records.get_column("key"))
    if "headers" in records.columns:
        one = pl.element().struct.field("key").str.len_bytes() + pl.element().struct.field(
            "value"
        ).bin.size().fill_null(0)
        each = records.select(pl.col("headers").list.eval(one).list.sum().fill_null(0)).to_series()
        total = total + each.cast(pl.Int64).to_numpy()
    return total


def _check_columns(records: pl.DataFrame, topic: Topic) -> None:
    schema = records.schema
    for name, dtype in schema.items():
        expected = RECORD_COLUMNS.get(name)
        if expected is None:
            raise LogError(
                f"column '{name}' is no part of a record",
                code="record-column",
                where=f"topic {topic.name}",
                hint=did_you_mean(name, RECORD_COLUMNS) or f"allowed are {', '.join(RECORD_COLUMNS)}",
            )
        if dtype != expected:
            raise LogError(
                f"column '{name}' is {dtype}, a record's is {expected}",
                code="record-column",
                where=f"topic {topic.name}",
                hint=f"cast it to {expected}",
            )
    if "value" not in schema:
        raise LogError(
            "the frame has no column 'value'",
            code="record-column",
            where=f"topic {topic.name}",
            hint="a record is its value (Binary), and optionally a key, timestamp, headers and partition",
        )


def _check_keys(records: pl.DataFrame, topic: Topic) -> None:
    missing = records.height if "key" not in records.columns else records.get_column("key").null_count()
    if missing:
        which = f"{missing} of {records.height} records have" if records.height > 1 else "the record has"
        raise LogError(
            f"{which} no key, and topic '{topic.name}' is compacted by key",
            code="record-key",
            hint="give each record a key, or set cleanup.policy to delete",
        )


def _with_timestamp(records: pl.DataFrame, topic: Topic) -> pl.DataFrame:
    times = records.get_column("timestamp")
    if topic.keeps_append_time or times.null_count() == records.height:
        return records.drop("timestamp")
    least = times.min()
    if isinstance(least, int) and least < 0:
        raise LogError(
            f"timestamp {least} lies before 1970, which a record's cannot",
            code="record-timestamp",
            where=f"topic {topic.name}",
            hint="timestamps are milliseconds since 1970; keep other times in the value",
        )
    return records


def _with_partition(records: pl.DataFrame, topic: Topic) -> pl.DataFrame:
    given = records.get_column("partition").drop_nulls()
    if not len(given):
        return records.drop("partition")
    wrong = given.filter((given < 0) | (given >= topic.partitions))
    if len(wrong):
        raise LogError(
            f"there is no partition {wrong[0]} in topic '{topic.name}'",
            code="record-partition",
            hint=f"its partitions are 0 to {topic.partitions - 1}",
        )
    return records


def _check_sizes(records: pl.DataFrame, topic: Topic) -> None:
    each = sizes(records)
    largest = int(each.argmax())
    if each[largest] > topic.max_message_bytes:
        which = f"record {largest} of the append" if records.height > 1 else "the record"
        raise LogError(
            f"{which} has {each[largest]:,} bytes; topic '{topic.name}' allows {topic.max_message_bytes:,}",
            code="record-too-large",
            hint="raise max.message.bytes of the topic",
        )
