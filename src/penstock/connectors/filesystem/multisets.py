"""Rows as multisets: whether two tables have the same ones, in any order."""

from __future__ import annotations

import polars as pl

__all__ = ["difference", "near"]

_NUMBER = "$n"
_NEAR: dict[pl.DataType, float] = {pl.Float64(): 1e-9, pl.Float32(): 1e-5}


def difference(before: pl.DataFrame, after: pl.DataFrame) -> tuple[int, int]:
    """How many rows `after` has that `before` has not, and the other way round."""
    old, new = _different(before, after)
    return new.height, old.height


def near(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether both have the same rows, but for the last digits of floats: these depend on how the input was cut."""
    left, right = _different(one, other)
    if left.height != right.height:
        return False
    floats = [name for name, dtype in left.schema.items() if dtype in _NEAR]
    if left.is_empty() or not floats:
        return left.is_empty()
    exact = [name for name in left.columns if name not in floats]
    left, right = (_numbered(frame.sort(floats), exact) for frame in (left, right))
    pairs = left.join(right, on=[*exact, _NUMBER], nulls_equal=True)
    close = [_close(name, _NEAR[left.schema[name]]) for name in floats]
    return pairs.height == left.height and bool(pairs.select(pl.all_horizontal(close).all()).item())


def _different(one: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of each that the other does not have."""
    columns = one.columns
    on = [*columns, _NUMBER]
    left, right = _numbered(one, columns), _numbered(other.select(columns), columns)
    return (
        left.join(right, on=on, how="anti", nulls_equal=True).select(columns),
        right.join(left, on=on, how="anti", nulls_equal=True).select(columns),
    )


def _numbered(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """`frame` with the running number of each row among those with the same `keys`."""
    number = pl.int_range(pl.len())
    return frame.with_columns((number.over(keys) if keys else number).alias(_NUMBER))


def _close(name: str, tolerance: float) -> pl.Expr:
    """Whether a pair has about the same value in a column."""
    one, other = pl.col(name), pl.col(f"{name}_right")
    most = pl.max_horizontal(one.abs(), other.abs())
    return one.eq_missing(other) | (most.is_finite() & ((one - other).abs() <= most * tolerance)).fill_null(False)
