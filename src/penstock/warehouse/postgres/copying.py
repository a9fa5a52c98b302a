"""Frames of what COPY sends as CSV, in which an empty text is "" and NULL is nothing."""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["decoded"]

_RECEIVED = 200_000
"""So many rows are decoded at once."""
_NUMBERS: dict[str, pl.DataType] = {
    "int2": pl.Int16(), "int4": pl.Int32(), "int8": pl.Int64(), "float4": pl.Float32(), "float8": pl.Float64(),
}  # fmt: skip


def decoded(received: Iterable[bytes | bytearray | memoryview], columns: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    """The rows that COPY sends, as frames; `columns` have their types. At least one frame."""
    schema = pl.Schema({str(n): pl.String() for n in range(len(columns))})
    rows, first = iter(received), True
    while (piece := b"".join(islice(rows, _RECEIVED))) or first:
        read = pl.read_csv(BytesIO(piece), has_header=False, schema=schema) if piece else pl.DataFrame(schema=schema)
        found = (_value(pl.col(str(n)), kind).alias(name) for n, (name, kind) in enumerate(columns.items()))
        yield read.select(found)
        first = False


def _value(column: pl.Expr, kind: str) -> pl.Expr:
    """A column of texts as values of a type of PostgreSQL; a type that no frame has stays text."""
    name, _, size = kind.removesuffix(")").partition("(")
    if name in _NUMBERS:
        return column.cast(_NUMBERS[name])
    match name:
        case "bool":
            return column == "t"
        case "numeric":
            precision, scale = (int(n) for n in size.split(",")) if size else (38, 9)
            return column.cast(pl.Decimal(precision, scale))
        case "bytea":
            return column.str.slice(2).str.decode("hex")
        case "date":
            return column.str.to_date("%Y-%m-%d")
        case "time":
            return column.str.to_time("%H:%M:%S%.f")
        case "timestamp":
            return column.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
        case "timestamptz":
            plain = column.str.strip_suffix("+00").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
            return plain.dt.replace_time_zone("UTC")
    return column
