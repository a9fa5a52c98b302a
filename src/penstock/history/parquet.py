"""A table of finished Parquet files, as DuckDB reads it: of the files those that the question can need."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.sql_text import literal, quoted
from penstock.history.bounds import bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from penstock.history.footers import Footer, Footers, Ranges, Stamp
    from penstock.history.guard import Question
    from penstock.history.small_files import SmallFiles

__all__ = ["Files", "Stream", "files_needed", "select_of"]

_KEPT = "kept"
"""The schema of an instance in which tables stay for the next question; a question names no table that is there."""
_RANGES = 4
"""So many tables of ranges an instance keeps."""


@dataclass(frozen=True)
class Files:
    """A table as finished Parquet files, of which `footers` knows some already.

    `partitions` are columns that come from the folders' names, in which `null` stands for NULL.
    """

    paths: tuple[str, ...]
    schema: pl.Schema
    footers: Footers
    partitions: tuple[str, ...] = ()
    null: str = ""
    beside: Iterator[pl.DataFrame] | None = None
    """Rows of files that are elsewhere, as frames of the same columns."""
    small: SmallFiles | None = None
    """Knows the rows of small files."""
    ranges: dict[tuple[str, ...], Ranges] = field(default_factory=dict, init=False, compare=False)
    """What the files' footers say of some columns, once it has been asked for."""

    @cached_property
    def folders(self) -> frozenset[str]:
        """Where the files lie."""
        return frozenset(path.rpartition("/")[0] for path in self.paths)  # dirname takes thrice as long, of thousands

    @cached_property
    def stamps(self) -> list[Stamp]:
        """When each file was modified, and its size. Raises OSError for one that is gone."""
        return [(found.st_mtime_ns, found.st_size) for found in map(os.stat, self.paths)]


class Stream:
    """A frame that DuckDB reads through Arrow's C stream, without copying."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


def files_needed(
    connection: duckdb.DuckDBPyConnection,
    table: Files,
    question: Question,
    name: tuple[str, ...],
    values: Mapping[str, Any],
) -> Files:
    """`table`, which the question calls `name`, without files none of whose rows can be in the answer."""
    plain = tuple(column for column, kind in table.schema.items() if not kind.is_nested())
    texts = frozenset(parameter for parameter, value in values.items() if isinstance(value, str))
    bounds = bounds_of(question, name, plain, frozenset(table.partitions), texts)
    if bounds is None or not table.paths:
        return table
    known = {column.lower(): kind for column, kind in _kinds(table.schema).items()}
    kinds = tuple(known[column] for column in bounds.columns)
    import duckdb

    if bounds.columns not in table.ranges:
        footers = table.footers.of(connection, table.paths, table.stamps)
        key = (bounds.columns, kinds, table.partitions, table.null)
        made = table.footers.ranges(footers, key, lambda: _ranges(table, footers, bounds.columns))
        table.ranges[bounds.columns] = made
    ranges = table.ranges[bounds.columns]
    sql = f"SELECT DISTINCT file FROM {_KEPT}.ranges_{ranges.number} WHERE {bounds.condition} ORDER BY file"
    given = {name: values[name] for name in bounds.parameters}
    try:
        try:
            kept = connection.execute(sql, given).fetchall()
        except duckdb.CatalogException:  # this instance has them not yet
            _keep(connection, ranges, kinds)
            kept = connection.execute(sql, given).fetchall()
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.OutOfRangeException):
        return table  # the question itself has the mistake, and says so in its own words
    return replace(table, paths=tuple(table.paths[file] for (file,) in kept))


def _keep(connection: duckdb.DuckDBPyConnection, ranges: Ranges, kinds: Sequence[str]) -> None:
    """Give the instance a table of `ranges`, whose columns are of `kinds`; the oldest ones make room for it."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_KEPT}")
    told = f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{_KEPT}' ORDER BY table_oid DESC"
    for (old,) in connection.execute(told).fetchall()[_RANGES - 1 :]:
        connection.execute(f"DROP TABLE {_KEPT}.{old}")
    typed = ", ".join(
        f"TRY_CAST({end}_{number} AS {kind}) AS {end}_{number}"
        for number, kind in enumerate(kinds)
        for end in ("low", "high")
    )
    connection.register("ranges", Stream(ranges.frame))
    connection.execute(f"CREATE TABLE IF NOT EXISTS {_KEPT}.ranges_{ranges.number} AS SELECT file, {typed} FROM ranges")
    connection.unregister("ranges")


def _ranges(table: Files, footers: Sequence[Footer], bounded: Sequence[str]) -> pl.DataFrame:
    """A row for each row group: the number of its file, and ``low_N`` and ``high_N`` of column N of `bounded`."""
    columns: dict[str, list[Any]] = {"file": []}
    columns |= {f"{end}_{number}": [] for number in range(len(bounded)) for end in ("low", "high")}
    of_folder = frozenset(column.lower() for column in table.partitions)
    of_folders: dict[str, dict[str, tuple[str, str]]] = {}
    for file, (path, footer) in enumerate(zip(table.paths, footers, strict=True)):
        folder = path.rpartition("/")[0]
        if folder not in of_folders:
            of_folders[folder] = _told(folder, of_folder, table.null)
        told = of_folders[folder]
        for group in footer.groups:
            columns["file"].append(file)
            for number, column in enumerate(bounded):
                low, high = told.get(column, (None, None)) if column in of_folder else group.get(column, (None, None))
                columns[f"low_{number}"].append(low)
                columns[f"high_{number}"].append(high)
    return pl.DataFrame(columns, {column: pl.Int64 if column == "file" else pl.String for column in columns})


def select_of(connection: duckdb.DuckDBPyConnection, table: Files) -> str:
    """The SELECT of all rows, with the table's columns.

    Those of partitions have the table's types, not those that their texts look like; those that no file has are NULL.
    """
    footers = table.footers.of(connection, table.paths, table.stamps)
    same = all(footer.form == footers[0].form for footer in footers)  # then one of them says what all hold
    paths = ", ".join(literal(path) for path in table.paths)
    parted = ", hive_partitioning = true, hive_types_autocast = false" if table.partitions else ""
    files = f"read_parquet([{paths}], union_by_name = {not same}{parted})"
    there = frozenset[str]().union(*(footer.columns for footer in (footers[:1] if same else footers)))
    columns = []
    for column, kind in _kinds(table.schema).items():
        name = quoted(column)
        if column in table.partitions:
            columns.append(f"CAST(NULLIF({name}, {literal(table.null)}) AS {kind}) AS {name}")
        else:
            columns.append(name if column in there else f"CAST(NULL AS {kind}) AS {name}")
    return f"SELECT {', '.join(columns)} FROM {files}"


def _kinds(schema: pl.Schema) -> dict[str, str]:
    """DuckDB's types of the columns."""
    return dict(zip(schema, _types(tuple(schema.items())), strict=True))


@lru_cache(64)
def _types(schema: tuple[tuple[str, pl.DataType], ...]) -> tuple[str, ...]:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        return tuple(str(kind) for kind in connection.from_arrow(Stream(pl.DataFrame(schema=dict(schema)))).types)


def _told(folder: str, columns: frozenset[str], null: str) -> dict[str, tuple[str, str]]:
    """What the names of folders say of `columns`; nothing where a name is spelled in another way."""
    found = {}
    for part in folder.split("/"):
        column, equals, text = part.partition("=")
        if equals and column.lower() in columns and text != null and "%" not in text:
            found[column.lower()] = (text, text)
    return found
