"""Row filters: which rows of a table a user may see, as columns and the values that they may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import BindError, ConfigError, did_you_mean
from penstock.core.types import Boolean, Char, Integer, Varchar
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.catalog import Catalog

__all__ = ["Filter", "Value", "Where", "filter_of"]

Value = str | int | bool | None
Where = tuple[tuple[str, tuple[Value, ...]], ...]
"""Each column has one of its values; none at all: every row."""

_MOST = 1_000
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """Of the table at `path`, only rows that fit. An empty `where` lets all of a table be seen that is made of others.

    Equal ones let the same rows through.
    """

    path: tuple[str, str, str]
    where: Where

    def __str__(self) -> str:
        rows = " and ".join(f"{column} = {' or '.join(map(str, values))}" for column, values in self.where)
        return f"{self.path[2]}: {rows or 'every row'}"


def filter_of(catalog: Catalog, table: str, where: Mapping[str, Sequence[Value]]) -> Filter:
    """The filter of a table, named as in SQL without quotes.

    Raises ConfigError where there is no such table or column, or a value is none of the column's type.
    """
    found = _table(catalog, table)
    parts = []
    for column, values in sorted(where.items()):
        type_ = _type(found, column)
        if not 1 <= len(values) <= _MOST:
            raise ConfigError(
                f"column {column} has 1 to {_MOST:,} values in a filter, not {len(values)}", code="access-filter"
            )
        known = {_read(value, column, type_) for value in values}
        parts.append((column, tuple(sorted(known, key=repr))))
    return Filter(found.path, tuple(parts))


def _table(catalog: Catalog, name: str) -> Table:
    try:
        found = catalog.get(tuple(name.split(".")))
    except BindError as error:
        raise ConfigError(error.message, code="access-table-unknown", hint=error.hint) from None
    if not isinstance(found, Table):
        raise ConfigError(
            f"'{name}' is a view", code="access-filter", hint="filter the tables it is made of: it then has their rows"
        )
    return found


def _type(table: Table, column: str) -> DataType:
    types = {c.name: c.type for c in table.columns}
    if column not in types:
        hint = did_you_mean(column, types) or "it has " + ", ".join(types)
        raise ConfigError(f"table {table.name} has no column '{column}'", code="access-filter", hint=hint)
    return types[column]


def _read(value: Value, column: str, type_: DataType) -> Value:
    """A value as the column's type has it; a text may say a number or a truth value."""
    if value is None or (isinstance(value, str) and isinstance(type_, (Char, Varchar))):
        return value
    if isinstance(type_, Boolean):
        if (found := _TRUTH.get(str(value).lower())) is not None:
            return found
    elif isinstance(type_, Integer) and not isinstance(value, bool):
        text = str(value)
        if text.isascii() and text.removeprefix("-").isdecimal() and abs(int(text)) < 1 << 63:
            return int(text)
    raise ConfigError(
        f"'{value}' is no value for a filter of column {column}, which is {type_.name}",
        code="access-filter",
        hint="filters are of columns of texts, whole numbers and truth values",
    )
