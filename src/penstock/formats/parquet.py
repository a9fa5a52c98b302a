"""The format parquet: files of columns, for the filesystem alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import polars as pl

from penstock.core import types as t
from penstock.core.errors import DataError, UnsupportedError
from penstock.core.options import Option, Values, boolean, choice, integer, memory
from penstock.formats.format import stable_hash, with_article

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.formats.format import Decoder, Encoder

__all__ = ["COMPRESSION", "Codec", "Parquet", "ParquetFile", "write_parquet"]

COMPRESSION = Option(
    "compression",
    choice("UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "LZ4", "ZSTD"),
    "SNAPPY",
    "How pages are compressed.",
)
BLOCK_SIZE = Option("block.size", memory, 128 << 20, "About how large a row group gets before compression.")
UTC = Option("utc-timezone", boolean, False, "Without effect: times are stored without any conversion.")
INT64 = Option("write.int64.timestamp", boolean, True, "Timestamps are written as 64-bit numbers; INT96 is only read.")
UNIT = Option(
    "timestamp.time.unit",
    choice("nanos", "micros", "millis"),
    "micros",
    "Without effect: the precision of the column decides.",
)
BATCH_SIZE = Option(
    "batch-size", integer(1), 2048, "Without effect: how many rows are read at once is decided elsewhere."
)

Codec = Literal["lz4", "uncompressed", "snappy", "gzip", "brotli", "zstd"]
_VERSION = 1


class Parquet:
    """The format parquet; it has no messages."""

    name = "parquet"
    options: tuple[Option[Any], ...] = (COMPRESSION, BLOCK_SIZE, UTC, INT64, UNIT, BATCH_SIZE)

    def decoder(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        raise self._no_messages()

    def encoder(self, schema: tuple[t.Field, ...], options: Mapping[str, str]) -> Encoder:
        raise self._no_messages()

    def _no_messages(self) -> UnsupportedError:
        return UnsupportedError(
            "messages cannot have the format parquet, only files",
            code="format-messages",
            hint="use json, csv, raw, avro or avro-confluent for a topic",
        )

    def fingerprint(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, "format parquet")
        return stable_hash(self.name, _VERSION, schema, wanted, values, self.options)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A finished Parquet file."""

    path: Path

    def rows(self) -> int:
        """How many rows it has. Raises DataError if it is no Parquet file."""
        try:
            return int(pl.scan_parquet(self.path, glob=False).select(pl.len()).collect().item())
        except pl.exceptions.ComputeError as error:
            raise self._damaged(error) from None

    def read(self, fields: Sequence[t.Field], start: int, rows: int) -> pl.DataFrame:
        """The columns `fields` of at most `rows` rows from `start`; a column that the file lacks is NULL.

        Only the row groups that hold those rows are read. Raises DataError for a damaged file, and for a column whose
        type in the file is another.
        """
        try:
            scan = pl.scan_parquet(self.path, glob=False).slice(start, rows)
            there = scan.collect_schema()
            frame = scan.select([f.name for f in fields if f.name in there]).collect()
            height = frame.height if frame.width else max(0, min(rows, self.rows() - start))
        except pl.exceptions.ComputeError as error:
            raise self._damaged(error) from None
        columns = [
            self._column(frame.get_column(f.name), f)
            if f.name in there
            else pl.Series(f.name, [None], dtype=f.type.polars).new_from_index(0, height)
            for f in fields
        ]
        return pl.DataFrame(columns) if columns else pl.DataFrame(height=height)

    def _column(self, values: pl.Series, column: t.Field) -> pl.Series:
        wanted = column.type.polars
        if values.dtype == wanted:
            return values
        if not _fits(values.dtype, column.type):
            raise DataError(
                f"column {column.name}: the file has {values.dtype}, which is not {with_article(column.type)}",
                code="parquet-type",
                where=str(self.path),
                hint="declare the column as the file has it, and CAST it in a query",
            )
        return values.cast(wanted)

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"not a Parquet file: {str(error).splitlines()[0]}", code="parquet-file", where=str(self.path))


def write_parquet(
    frame: pl.DataFrame, fields: Sequence[t.Field], file: Path | IO[bytes], options: Mapping[str, str]
) -> None:
    """Write the columns `fields` of `frame`, with the types that Flink and others expect of them.

    A MAP becomes Parquet's map, a DECIMAL its decimal, a TIMESTAMP a 64-bit timestamp (a TIMESTAMP_LTZ one that is
    marked as UTC).

    Raises ConfigError for wrong options.
    """
    values = Values(Parquet.options, options, "format parquet")
    columns = [frame.get_column(f.name).cast(_stored(f.type)) for f in fields]
    out = pl.DataFrame(columns) if columns else pl.DataFrame(height=frame.height)
    group = None
    if out.height:
        group = max(1, int(values[BLOCK_SIZE] * out.height / max(1, out.estimated_size())))
    codec = cast("Codec", values[COMPRESSION].lower())
    out.write_parquet(file, compression=codec, row_group_size=group)


def _stored(type_: t.DataType) -> pl.DataType:
    """The Polars type that Parquet's right one is made of."""
    match type_:
        case t.Map(key=key, value=value):
            return pl.Map(_stored(key), _stored(value))
        case t.Multiset(element=element):
            return pl.Map(_stored(element), pl.Int32())
        case t.Array(element=element):
            return pl.List(_stored(element))
        case t.Row(fields=fields):
            return pl.Struct({f.name: _stored(f.type) for f in fields})
        case t.IntervalDay():
            return pl.Int64()
    return type_.polars


def _fits(there: pl.DataType, type_: t.DataType) -> bool:
    """Whether all values of a file's column are values of the type."""
    match type_:
        case t.Integer(bits=bits):
            return there in _INTEGERS[: _BITS.index(bits) + 1]
        case t.Double():
            return there == pl.Float32()
        case t.Decimal(precision=precision, scale=scale):
            return isinstance(there, pl.Decimal) and there.scale <= scale and _whole(there) <= precision - scale
        case t.Time():
            return isinstance(there, pl.Time)
        case t.Timestamp():
            return isinstance(there, pl.Datetime) and there.time_zone is None
        case t.TimestampLtz():
            return isinstance(there, pl.Datetime)
        case t.IntervalDay():
            return there in {pl.Int64(), pl.Duration("ms")}
        case t.Char() | t.Varchar():
            return isinstance(there, pl.Categorical | pl.Enum)
        case t.Array(element=element):
            return isinstance(there, pl.List) and _same(there.inner, element)
        case t.Map(key=key, value=value):
            return isinstance(there, pl.Map) and _same(there.key, key) and _same(there.value, value)
        case t.Row(fields=fields):
            names = [f.name for f in fields]
            return (
                isinstance(there, pl.Struct)
                and [f.name for f in there.fields] == names
                and all(_same(f.dtype, inner.type) for f, inner in zip(there.fields, fields, strict=True))
            )
    return False


_BITS = (8, 16, 32, 64)
_INTEGERS: tuple[pl.DataType, ...] = (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64())


def _same(there: Any, type_: t.DataType) -> bool:
    return there == type_.polars or _fits(there, type_)


def _whole(dtype: pl.Decimal) -> int:
    return (dtype.precision or 38) - dtype.scale
