"""Parquet files, read some rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.formats.parquet import ParquetFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from penstock.connectors.filesystem.folder import Found
    from penstock.core.types import Field

__all__ = ["ColumnarFile", "Slice"]


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows `start` to `end` of a file."""

    file: Found
    start: int
    end: int

    torn = False

    @property
    def rows(self) -> int:
        return self.end - self.start

    @property
    def size(self) -> int:
        """How many places the rows take."""
        return self.rows

    def read(self, wanted: Sequence[Field]) -> pl.DataFrame:
        """The columns `wanted`. Raises DataError if the file does not have them so."""
        return ParquetFile(Path(self.file.path)).read(wanted, self.start, self.rows)


class ColumnarFile:
    """A file whose rows are read from `offset` on. Raises DataError if it is no Parquet file."""

    complete = True

    def __init__(self, file: Found, offset: int) -> None:
        self.file = file
        self.offset = offset
        self._end = ParquetFile(Path(file.path)).rows()

    def take(self, rows: int, *, final: bool) -> Slice | None:
        """The next rows, at most `rows`; None if there are no more."""
        start, self.offset = self.offset, min(self.offset + rows, self._end)
        return Slice(self.file, start, self.offset) if self.offset > start else None

    def close(self) -> None:
        """Each slice opens the file for itself."""
