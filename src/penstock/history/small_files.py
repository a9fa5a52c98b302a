"""Small finished Parquet files, their rows kept: to open a file takes DuckDB longer than to read all that is in it."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.sql_text import quoted
from penstock.history.answer import in_utc
from penstock.history.parquet import select_of

if TYPE_CHECKING:
    import duckdb

    from penstock.history.footers import Stamp
    from penstock.history.parquet import Files

__all__ = ["Kept", "SmallFiles"]

_FEW = 4
"""Fewer files are opened each time."""
_SMALL, _MOST = 64 << 10, 4 << 20
"""Bytes of one file, and of all files that a question needs, at most."""
_LARGEST = 1 << 20
"""Bytes of the rows of one file: what is written small may be much."""
_KEPT = 32 << 20
"""Bytes of rows that are kept, and of those that a question needs."""
_TABLES = 4
"""For so many tables the rows of the files that were needed last are kept in one frame too."""
_SAME = re.compile(r"BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|VARCHAR|BLOB|DATE|TIMESTAMP.*")
"""Types of DuckDB whose values are the same when they have been in a frame."""


@dataclass(frozen=True, slots=True)
class Kept:
    """All rows of some files: a frame, and the types that its columns have when DuckDB reads the files."""

    frame: pl.DataFrame
    types: tuple[str, ...]

    def select(self, name: str) -> str:
        """The SELECT of all rows, where the frame is called `name`."""
        columns = zip(map(quoted, self.frame.columns), self.types, strict=True)
        return f"SELECT {', '.join(f'CAST({column} AS {kind}) AS {column}' for column, kind in columns)} FROM {name}"


class SmallFiles:
    """Rows of files that are known; threads may share it."""

    def __init__(self) -> None:
        self._readings: dict[Any, int] = {}
        """A number for each way of reading files: what that takes is long, and looked up for each file."""
        self._known: OrderedDict[tuple[int, str], tuple[Stamp, pl.DataFrame]] = OrderedDict()
        self._bytes = 0.0
        self._types: dict[int, tuple[str, ...] | None] = {}
        """Of a table's columns; None where DuckDB is to read its files each time."""
        self._together: OrderedDict[int, tuple[dict[str, Stamp], pl.DataFrame]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: duckdb.DuckDBPyConnection, table: Files) -> Kept | None:
        """The rows of the table's files in their order; None where they are better read by DuckDB each time.

        These are few or large files, such as differ in their types, and types that no frame holds as they are.
        Raises OSError or duckdb.Error for a file that is gone, or none.
        """
        sizes = [size for _, size in table.stamps]
        if len(sizes) < _FEW or max(sizes) > _SMALL or sum(sizes) > _MOST:
            return None
        footers = table.footers.of(connection, table.paths, table.stamps)
        form = footers[0].form
        if any(footer.form != form for footer in footers):
            return None
        way = (tuple(table.schema.items()), table.partitions, table.null, form)
        with self._lock:  # whoever comes meanwhile needs most of the same files
            reading = self._readings.setdefault(way, len(self._readings))
            if reading not in self._types:
                types = tuple(map(str, connection.sql(select_of(connection, table)).types))
                self._types[reading] = types if all(map(_SAME.fullmatch, types)) else None
            kept = self._types[reading]
            frame = None if kept is None else self._frame(connection, table, reading)
            return None if kept is None or frame is None else Kept(frame, kept)

    def clear(self) -> None:
        """Keep nothing: what is needed is read again."""
        with self._lock:
            self._together.clear()
            self._known.clear()
            self._bytes = 0

    def _frame(self, connection: duckdb.DuckDBPyConnection, table: Files, reading: int) -> pl.DataFrame | None:
        files = dict(zip(table.paths, table.stamps, strict=True))
        before = self._together.pop(reading, None)
        if before is None or before[0] != files:
            frames = self._frames(connection, table, files, reading)
            if frames is None:
                self._types[reading] = None
                return None
            before = files, pl.concat(frames, rechunk=True)
        self._together[reading] = before
        if len(self._together) > _TABLES:
            self._together.popitem(last=False)
        return before[1]

    def _frames(
        self, connection: duckdb.DuckDBPyConnection, table: Files, files: dict[str, Stamp], reading: int
    ) -> list[pl.DataFrame] | None:
        """The rows of each file; those that were needed longest ago make room for others. None where they are many."""
        found, together = [], 0.0
        for path, stamp in files.items():
            known = self._known.get((reading, path))
            if known is None or known[0] != stamp:
                frame = in_utc(pl.DataFrame(connection.sql(select_of(connection, replace(table, paths=(path,))))))
                self._forget((reading, path))
                known = self._known[reading, path] = stamp, frame
                self._bytes += frame.estimated_size()
            self._known.move_to_end((reading, path))
            while self._bytes > _KEPT:
                self._forget(next(iter(self._known)))
            found.append(known[1])
            together += (size := known[1].estimated_size())
            if size > _LARGEST or together > _KEPT:
                return None
        return found

    def _forget(self, key: tuple[int, str]) -> None:
        forgotten = self._known.pop(key, None)
        if forgotten is not None:
            self._bytes -= forgotten[1].estimated_size()
