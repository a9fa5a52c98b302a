"""The rows of an answer as a frame: what DuckDB has and Polars has not comes as text.

INTERVAL, TIME WITH TIME ZONE, BIT, BIGNUM, UHUGEINT, UNION, VARIANT, and whatever holds one of them, read as DuckDB
casts them to VARCHAR. So does a HUGEINT of 39 digits; a shorter one is an Int128, or an Int64 where all fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import QueryError
from penstock.core.sql_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    from duckdb.sqltypes import DuckDBPyType

__all__ = ["fetch", "in_utc"]

_AS_TEXT = {"interval", "time with time zone", "bit", "bignum", "uhugeint", "union", "variant", "geometry"}
_NESTED = {"list", "array", "struct", "map"}

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970."""

_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

_INFINITE = (1 << 63) - 1
"""What stands for infinity, which the range of nanoseconds has room for."""


def fetch(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any], rows: int, *, cut: bool
) -> tuple[pl.DataFrame, bool]:
    """The answer to `sql` with `values` bound to its parameters, and whether it is all of it.

    Raises QueryError where it has more than `rows` rows, unless it may be `cut`, or a time that no calendar has.
    """
    bound = dict(values) or None
    relation = connection.sql(f"SELECT * FROM ({sql}) LIMIT {rows + 1}", params=bound)
    kinds = dict(zip(relation.columns, relation.types, strict=True))
    if texts := [quoted(name) for name, kind in kinds.items() if _is_text(kind)]:
        casts = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in texts)
        relation = connection.sql(f"SELECT * REPLACE ({casts}) FROM ({sql}) LIMIT {rows + 1}", params=bound)
    frame = pl.DataFrame(relation)
    complete = frame.height <= rows
    if not complete and not cut:
        raise QueryError(
            f"the answer has more than {rows:,} rows", code="query-rows", hint="aggregate, filter, or add a LIMIT"
        )
    frame = frame.head(rows)
    frame = frame.with_columns(_whole(frame[name]) for name, kind in kinds.items() if kind.id == "hugeint")
    for name in frame.columns:
        _require_calendar(frame[name])
    return in_utc(frame), complete


def in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with all moments in UTC: DuckDB gives them in the zone of the question."""
    return frame.cast({name: kind for name, dtype in frame.schema.items() if (kind := _in_utc(dtype)) != dtype})


def _is_text(kind: DuckDBPyType) -> bool:
    """Whether values of `kind`, or some inside them, are none that Polars has."""
    from duckdb.sqltypes import DuckDBPyType

    if kind.id in _NESTED:
        return any(_is_text(child) for _, child in kind.children if isinstance(child, DuckDBPyType))
    return kind.id in _AS_TEXT


def _whole(series: pl.Series) -> pl.Series:
    """The sum of whole numbers, which DuckDB gives 128 bits, in as few as it needs."""
    wide = series.cast(pl.Int128)
    narrow = wide.cast(pl.Int64, strict=False)
    if narrow.null_count() == wide.null_count():
        return narrow
    digits = wide.cast(pl.String)
    return digits if (digits.str.strip_chars_start("-").str.len_chars() > 38).any() else wide


def _require_calendar(series: pl.Series) -> None:
    for leaf in _leaves(series):
        if isinstance(leaf.dtype, pl.Date):
            first, last = _FIRST_DAY, _LAST_DAY
        else:
            assert isinstance(leaf.dtype, pl.Datetime)
            scale = _PER_DAY[leaf.dtype.time_unit]
            first = max(_FIRST_DAY * scale, -_INFINITE + 1)
            last = min((_LAST_DAY + 1) * scale - 1, _INFINITE - 1)
        if not leaf.to_physical().is_between(first, last).all():
            raise QueryError(
                f"column {quoted(series.name)} has a time outside of the years 1 to 9999",
                code="query-time-range",
                hint="CAST(... AS VARCHAR) shows it; isfinite(...) tells infinity from a time",
            )


def _in_utc(dtype: pl.DataType) -> pl.DataType:
    """The type with all moments in UTC: the zone of a question is one of texts."""
    match dtype:
        case pl.Datetime(time_unit=unit, time_zone=zone) if zone is not None:
            return pl.Datetime(unit, "UTC")
        case pl.List(inner=inner):
            return pl.List(_in_utc(inner))  # type: ignore[arg-type]
        case pl.Array(inner=inner, size=size):
            return pl.Array(_in_utc(inner), size)  # type: ignore[arg-type]
        case pl.Map(key=key, value=value):
            return pl.Map(_in_utc(key), _in_utc(value))  # type: ignore[arg-type]
        case pl.Struct(fields=fields):
            return pl.Struct({f.name: _in_utc(f.dtype) for f in fields})  # type: ignore[arg-type]
    return dtype


def _leaves(series: pl.Series) -> Iterator[pl.Series]:
    """The dates and timestamps in a column."""
    match series.dtype:
        case pl.Date() | pl.Datetime():
            yield series
        case pl.List() | pl.Array():
            yield from _leaves(series.explode())
        case pl.Map(key=key, value=value):
            yield from _leaves(series.cast(pl.List(pl.Struct({"key": key, "value": value}))))
        case pl.Struct():
            for field in series.struct.unnest():
                yield from _leaves(field)
