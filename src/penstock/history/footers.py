"""The footers of finished Parquet files, read once each: their columns, and between which values these are.

A finished file never changes; one that has taken the name of another differs in its time or size.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from operator import is_
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import duckdb

__all__ = ["Footer", "Footers", "Range", "Ranges", "Stamp"]

Stamp = tuple[int, int]
"""When a file was modified, in ns since 1970, and its size in bytes."""

Range = tuple[str, str]
"""The least and the greatest value, as text."""

_RANGED = ("INT32", "INT64")
"""Physical types whose ranges say all: texts may be cut off, and NaN is in no range of floating-point numbers."""
_FILES_KEPT = 100_000
_RANGES_KEPT = 16
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Footer:
    """What one file holds: its `columns`, a text `form` that is equal where types are too, and its row groups.

    `groups` has the ranges of each row group, by column in lower case.
    """

    columns: frozenset[str]
    form: str
    groups: tuple[Mapping[str, Range], ...]


@dataclass(frozen=True, slots=True)
class Ranges:
    """What footers say of some columns: a row for each row group, and a `number` that no others have."""

    frame: pl.DataFrame
    number: int = field(default_factory=_numbers.__next__)


class Footers:
    """Footers that are known; threads may share it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Stamp, Footer]] = {}
        self._ranges: dict[Any, tuple[list[Footer], Ranges]] = {}
        self._reading = threading.Lock()

    def of(self, connection: duckdb.DuckDBPyConnection, files: Sequence[str], stamps: Sequence[Stamp]) -> list[Footer]:
        """The footer of each file. Raises OSError, or duckdb.Error, for one not yet known that is gone or none."""
        known = {f: self._known.get(f) for f in files}
        missing = [f for f, stamp in zip(files, stamps, strict=True) if (one := known[f]) is None or one[0] != stamp]
        if missing:
            with self._reading:
                read = _read(connection, missing)
                if len(self._known) + len(read) > _FILES_KEPT:
                    self._known = {}
                stamped = {f: (stamp, read[f]) for f, stamp in zip(files, stamps, strict=True) if f in read}
                self._known |= stamped
            known |= stamped
        return [one[1] for one in known.values() if one is not None]

    def ranges(self, footers: list[Footer], key: Hashable, make: Callable[[], pl.DataFrame]) -> Ranges:
        """What `make` says of `footers`: made once for them under `key`, which holds all else that it depends on."""
        kept = self._ranges.get(key)
        if kept is not None and len(kept[0]) == len(footers) and all(map(is_, kept[0], footers)):
            return kept[1]
        made = Ranges(make())
        with self._reading:
            if len(self._ranges) >= _RANGES_KEPT:
                self._ranges.clear()
            self._ranges[key] = (footers, made)
        return made


def _read(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> dict[str, Footer]:
    groups: dict[str, dict[int, dict[str, Range]]] = {file: {} for file in files}
    for file, group, name, low, high in connection.execute(
        "SELECT file_name, row_group_id, path_in_schema, stats_min_value, stats_max_value"
        f" FROM parquet_metadata(?) WHERE type IN {_RANGED}",
        [files],
    ).fetchall():
        ranges = groups[file].setdefault(group, {})
        if low is not None and high is not None:
            ranges[name.lower()] = (low, high)
    found = {}
    for file in files:
        schema = pl.read_parquet_schema(file)
        found[file] = Footer(frozenset(schema), str(schema), tuple(groups[file].values()) or ({},))
    return found
