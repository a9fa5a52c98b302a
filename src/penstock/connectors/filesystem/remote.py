"""The rows of Parquet files in a bucket, for questions: read whole, some at a time, the asked columns of each."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors.filesystem.partitions import folder_value, unescaped
from penstock.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.connectors.filesystem.bucket import Bucket
    from penstock.connectors.filesystem.options import FileTable

__all__ = ["bucket_rows"]

_AT_ONCE = 8


def bucket_rows(
    table: FileTable, bucket: Bucket, names: Sequence[str], columns: frozenset[str] | None
) -> Iterator[pl.DataFrame]:
    """The rows of the objects `names` as frames with the table's columns in its order; those not asked for are NULL.

    Raises StorageError for an object that cannot be read, DataError for one that is no Parquet file or does not fit.
    """
    waiting = iter(names)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bucket") as pool:
        running = deque((name, pool.submit(bucket.get, name)) for name in islice(waiting, _AT_ONCE))
        while running:
            name, future = running.popleft()
            data = future.result()
            running.extend((n, pool.submit(bucket.get, n)) for n in islice(waiting, 1))
            yield _rows(table, bucket, name, data, columns)


def _rows(table: FileTable, bucket: Bucket, name: str, data: bytes, columns: frozenset[str] | None) -> pl.DataFrame:
    types = {f.name: f.type.polars for f in (*table.columns, *table.partitioned)}
    wanted = [f.name for f in table.columns if columns is None or f.name in columns]
    try:
        scan = pl.scan_parquet(io.BytesIO(data))
        there = scan.collect_schema().names()
        count = int(scan.select(pl.len()).collect().item())
        frame = scan.select(n for n in wanted if n in there).cast({n: types[n] for n in wanted if n in there}).collect()
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"'{bucket.name}/{name}' does not fit the table: {str(error).splitlines()[0]}",
            code="parquet-file",
            where=table.where,
        ) from None
    values = {}
    for field, part in zip(table.partitioned, name.split("/"), strict=False):
        text = unescaped(part.partition("=")[2])
        values[field.name] = folder_value(text, field, table.default_name, table.where)
    parts = []
    for column in (f.name for f in table.options.physical):
        if column in frame.columns:
            parts.append(frame.get_column(column))
        elif column in values:
            parts.append(values[column].new_from_index(0, count))
        else:
            parts.append(pl.Series(column, [None], dtype=types[column]).new_from_index(0, count))
    return pl.DataFrame(parts)
