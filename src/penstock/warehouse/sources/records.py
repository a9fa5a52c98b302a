"""Records of JSON in columns of text: `address.city` is the column `address_city`, and an array is its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.sql_text import literal, quoted
from penstock.history.parquet import Stream
from penstock.warehouse.sources.away import AwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["MOST_COLUMNS", "VALUE", "Array", "Records"]

VALUE = "value"
"""The column of records that are no objects."""

MOST_COLUMNS = 2_000
_MIXED = "JSON"
"""What DuckDB says of values that differ in kind."""


@dataclass(frozen=True, slots=True)
class Array:
    """Rows are the elements of an array that each record has.

    `path` are the names that lead to it; `keep` are columns that each element gets of its record, and what leads there.
    """

    path: tuple[str, ...]
    keep: Mapping[str, tuple[str, ...]]


class Records:
    """Lays out JSON in columns, each with the text of a value; NULL stands for null and where there is no value.

    Where a name leads to an object in one record and to something else in another, that has a column of its own.
    """

    def __init__(self, array: Array | None = None) -> None:
        import duckdb

        self._array = array
        self._names: dict[tuple[str, ...], str] = {}
        self._connection = duckdb.connect(":memory:", config={"threads": 1, "preserve_insertion_order": True})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def frame(self, texts: pl.Series) -> pl.DataFrame:
        """The columns of `texts`, each JSON (String): one row a text, in their order, or one an element of the array.

        Without any column there is a row for each all the same. Raises AwayError for more than MOST_COLUMNS of them.
        """
        self._cut(texts)
        told = "SELECT count(*) FILTER (WHERE json_type(record) NOT IN ('OBJECT', 'NULL')), count(*) FROM found"
        ((others, height),) = self._connection.sql(told).fetchall()
        leaves = list(self._leaves(self._structure(())))
        if len(leaves) > MOST_COLUMNS:
            raise AwayError(
                f"its records have {len(leaves):,} different names, allowed are {MOST_COLUMNS:,}",
                hint="an object whose names are ids is no record: name an array, or what is above or below it",
            )
        columns = {name: f"kept[{at}]" for at, name in enumerate(self._keep, 1)}
        for at, (path, is_mixed) in enumerate(leaves, 1):
            columns[self._name(path)] = (
                f"CASE WHEN NOT {_is_object(path)} THEN leaf[{at}] END" if is_mixed else f"leaf[{at}]"
            )
        if others:
            columns[self._name((VALUE, ""))] = f"CASE WHEN NOT {_is_object()} THEN json_extract_string(record, '$') END"
        if not columns:
            return pl.DataFrame(height=height)
        wanted = ", ".join(f"{value} AS {quoted(name)}" for name, value in columns.items())
        parts = ["record", f"{_texts('record', (path for path, _ in leaves))} AS leaf"]
        parts += [f"{_texts('whole', self._keep.values())} AS kept"] if self._keep else []
        return pl.DataFrame(self._connection.sql(f"SELECT {wanted} FROM (SELECT {', '.join(parts)} FROM found)"))

    def _structure(self, path: tuple[str, ...]) -> dict[str, Any]:
        """The members of the objects that `path` leads to, with their types as DuckDB tells them; none for none."""
        objects = (
            f"CASE WHEN {_is_object(path)} THEN {f'json_extract(record, {_pointer(path)})' if path else 'record'} END"
        )
        ((told,),) = self._connection.sql(f"SELECT json_group_structure({objects})::VARCHAR FROM found").fetchall()
        found = json.loads(told or "{}")
        return found if isinstance(found, dict) else {}  # it is a text where no object has a member

    def _leaves(
        self, structure: Mapping[str, Any], above: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], bool]]:
        """The paths to what is no object with members, in order, and whether that is one in other records."""
        for name, kind in structure.items():
            path = (*above, name)
            inside = kind if isinstance(kind, dict) else self._structure(path) if kind == _MIXED else {}
            yield from self._leaves(inside, path)
            if not inside or kind == _MIXED:
                yield path, bool(inside)

    def _name(self, path: tuple[str, ...]) -> str:
        """The column of what `path` leads to: the same in each frame, and that of no other; a name has no case."""
        if path not in self._names:
            taken = {name.lower() for name in (*self._names.values(), *self._keep)}
            plain = "_".join(filter(None, path)) or "_"
            tries = chain((plain,), (f"{plain}_{number}" for number in count(2)))
            self._names[path] = next(name for name in tries if name.lower() not in taken)
        return self._names[path]

    @property
    def _keep(self) -> Mapping[str, tuple[str, ...]]:
        return self._array.keep if self._array else {}

    def _cut(self, texts: pl.Series) -> None:
        """Make the table of what the rows are: `record`, and the `whole` that it was an element of."""
        rows = "SELECT text::JSON AS record FROM texts"
        if self._array:
            within = f"json_extract(text, {_pointer(self._array.path)})"
            elements = "CASE WHEN json_type(within) = 'ARRAY' THEN within ELSE json_array(within) END"
            rows = f"""
                SELECT text AS whole, unnest(from_json({elements}, '["JSON"]')) AS record
                FROM (SELECT text, {within} AS within FROM texts) WHERE json_type(within) <> 'NULL'"""
        self._connection.register("texts", Stream(texts.rename("text").to_frame()))
        try:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {rows}")
        finally:
            self._connection.unregister("texts")


def _is_object(path: tuple[str, ...] = ()) -> str:
    return f"json_type(record, {_pointer(path)}) = 'OBJECT'" if path else "json_type(record) = 'OBJECT'"


def _texts(of: str, paths: Iterable[tuple[str, ...]]) -> str:
    """The texts of what paths lead to, as a list in SQL: each record is read once, however many there are."""
    return f"json_extract_string({of}, [{', '.join(map(_pointer, paths))}]::VARCHAR[])"


def _pointer(path: Iterable[str]) -> str:
    """A JSON pointer, in SQL."""
    return literal("".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path))
