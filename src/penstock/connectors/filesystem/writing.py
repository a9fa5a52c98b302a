"""Rows as the bytes of a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import DataError
from penstock.formats.parquet import write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.connectors.filesystem.options import FileTable

__all__ = ["file_encoder"]


def file_encoder(table: FileTable) -> Callable[[pl.DataFrame], bytes]:
    """What makes a file of the rows of a table's file columns. Raises UnsupportedError for a type that cannot be."""
    use = table.options.value_format
    if use.format.name == "parquet":
        return lambda frame: _parquet(frame, table)
    encoder = use.format.encoder(table.columns, use.options)
    columns = [f.name for f in table.columns]

    def lines(frame: pl.DataFrame) -> bytes:
        values = encoder.encode(frame.select(columns))
        if values.null_count():
            raise DataError(
                f"format '{use.format.name}' cannot write NULL",
                code="format-null",
                where=table.where,
                hint="leave such rows out with WHERE ... IS NOT NULL, or use another format",
            )
        try:
            text: str = values.cast(pl.String).str.join("\n").item()
            return f"{text}\n".encode()
        except pl.exceptions.ComputeError:  # not UTF-8: raw bytes
            return b"\n".join(values.to_list()) + b"\n"

    return lines


def _parquet(frame: pl.DataFrame, table: FileTable) -> bytes:
    file = io.BytesIO()
    write_parquet(frame, table.columns, file, table.options.value_format.options)
    return file.getvalue()
