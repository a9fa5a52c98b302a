"""Rows as JSON, and which of them a subscription wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core.errors import RequestError, did_you_mean
from penstock.core.render import plain_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.core.types import Field

__all__ = ["chosen", "columns_of", "fitting", "rows_of"]


def columns_of(fields: Sequence[Field]) -> list[dict[str, str]]:
    """The columns, as a snapshot tells them."""
    return [{"name": f.name, "type": f.type.name} for f in fields]


def rows_of(frame: pl.DataFrame, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """Each row of `frame` as a tuple of plain values, in the order of `fields`."""
    return list(zip(*plain_columns(frame, fields), strict=True)) if fields else []


def chosen(fields: Sequence[Field], columns: Sequence[str], key: Sequence[str], table: str) -> tuple[Field, ...]:
    """The fields that a subscription wants, and those of the key. Raises RequestError for one that there is not."""
    if not columns:
        return tuple(fields)
    names = [f.name for f in fields]
    for name in columns:
        if name not in names:
            raise _no_column(name, names, table)
    return tuple(f for f in fields if f.name in columns or f.name in key)


def fitting(where: Sequence[tuple[str, Sequence[Any]]], fields: Sequence[Field], table: str) -> pl.Expr | None:
    """The rows that a subscription wants. Raises RequestError for a column that there is not, or another type."""
    types = {f.name: f.type for f in fields}
    parts = []
    for name, values in where:
        if name not in types:
            raise _no_column(name, list(types), table)
        try:
            known = pl.Series(name, values, strict=True).cast(types[name].polars, strict=True)
        except (pl.exceptions.PolarsError, TypeError, OverflowError):
            raise RequestError(
                f"where.{name} is {orjson.dumps(values).decode()}, the column is {types[name].name}",
                code="push-where",
                where=f"table {table}",
            ) from None
        parts.append(pl.col(name).is_in(known.implode(), nulls_equal=True))
    return pl.all_horizontal(parts) if parts else None


def _no_column(name: str, names: Sequence[str], table: str) -> RequestError:
    hint = did_you_mean(name, names) or "it has " + ", ".join(names)
    return RequestError(f"table '{table}' has no column '{name}'", code="push-column-unknown", hint=hint)
