"""Rows in columns that grow in place: read and written by slot, for the price of the rows alone.

Numbers and times are NumPy arrays. What has no fixed width (texts, decimals, lists) is appended to a heap, and a
slot knows the place of its value; the heap is written anew when more than half of it is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["Columns", "columns_of", "equal_rows"]

_T = TypeVar("_T", bound=np.generic)

_FIRST = 1_024
"""Slots of a new column; it doubles when it is full."""

_RUN = 16_384
"""Values on a heap that are copied rather than left in a run of their own."""

_PHYSICAL: dict[type[pl.DataType], type[np.generic]] = {
    pl.Int8: np.int8,
    pl.Int16: np.int16,
    pl.Int32: np.int32,
    pl.Int64: np.int64,
    pl.UInt8: np.uint8,
    pl.UInt32: np.uint32,
    pl.UInt64: np.uint64,
    pl.Float32: np.float32,
    pl.Float64: np.float64,
    pl.Boolean: np.bool_,
    pl.Date: np.int32,
    pl.Time: np.int64,
    pl.Datetime: np.int64,
    pl.Duration: np.int64,
}


def columns_of(rows: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """As many rows as `rows` has, with its columns `names`, of which there may be none.

    Five times as fast as `select`, which makes a query of it.
    """
    chosen = list(names)
    return rows[chosen] if chosen else pl.DataFrame(height=rows.height)


def equal_rows(left: pl.DataFrame, right: pl.DataFrame, names: Iterable[str]) -> NDArray[np.bool_]:
    """Which rows have the same values in the columns `names`, shape (n,); NULLs equal each other."""
    same: NDArray[np.bool_] = np.ones(left.height, np.bool_)
    for name in names:
        same &= left[name].eq_missing(right[name]).to_numpy()
    return same


class _Column(Protocol):
    """One column; `slots` are distinct in `put`, and below the size that `grow` was told."""

    def grow(self, size: int) -> None: ...

    def take(self, slots: NDArray[np.int64]) -> pl.Series: ...

    def put(self, slots: NDArray[np.int64], values: pl.Series) -> None: ...

    @property
    def size(self) -> int: ...


class _Fixed:
    """Values of fixed width, and which of them are there."""

    def __init__(self, kind: pl.DataType) -> None:
        self._kind = kind
        self._values = np.zeros(0, _PHYSICAL[type(kind)])
        self._valid: NDArray[np.bool_] | None = None

    def grow(self, size: int) -> None:
        self._values = _longer(self._values, size)
        if self._valid is not None:
            self._valid = _longer(self._valid, size)

    def take(self, slots: NDArray[np.int64]) -> pl.Series:
        series = pl.Series(self._values[slots])
        if self._valid is not None:
            series = series.set(pl.Series(~self._valid[slots]), None)
        return series if series.dtype == self._kind else series.cast(self._kind)

    def put(self, slots: NDArray[np.int64], values: pl.Series) -> None:
        physical = values.to_physical()
        if values.null_count():
            if self._valid is None:
                self._valid = np.ones(len(self._values), np.bool_)
            self._valid[slots] = values.is_not_null().to_numpy()
            physical = physical.fill_null(False if physical.dtype == pl.Boolean else 0)
        elif self._valid is not None:
            self._valid[slots] = True
        self._values[slots] = physical.to_numpy()

    @property
    def size(self) -> int:
        return int(self._values.nbytes + (0 if self._valid is None else self._valid.nbytes))


class _Varied:
    """Values of any width, on a heap of runs: Polars would join all of them to gather from them as one."""

    def __init__(self, kind: pl.DataType) -> None:
        self._kind = kind
        self._places = np.full(0, -1, np.int64)
        self._runs: list[pl.Series] = []
        self._starts = np.zeros(0, np.int64)
        """The place at which each run begins."""
        self._length = 0

    def grow(self, size: int) -> None:
        self._places = _longer(self._places, size, -1)

    def take(self, slots: NDArray[np.int64]) -> pl.Series:
        places = self._places[slots]
        if len(self._runs) == 1 and (places >= 0).all():
            return self._runs[0].gather(places)
        # numbers of 16 bits are sorted eight times as fast; there are never so many runs
        run = (np.searchsorted(self._starts, places, side="right") - 1).astype(np.int16)
        order = np.argsort(run, kind="stable")
        numbers, firsts = np.unique(run[order], return_index=True)
        parts = [pl.Series("", [], dtype=self._kind)]
        for number, mine in zip(numbers.tolist(), np.split(order, firsts[1:]), strict=False):
            if number < 0:
                parts.append(pl.Series("", [None], dtype=self._kind).new_from_index(0, len(mine)))
            else:
                parts.append(self._runs[number].gather(places[mine] - self._starts[number]))
        if len(parts) == 2:
            return parts[1]
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return pl.concat(parts).gather(back)

    def put(self, slots: NDArray[np.int64], values: pl.Series) -> None:
        if not len(slots):
            return
        if values.null_count():
            there = values.is_not_null().to_numpy()
            self._places[slots[~there]] = -1
            slots, values = slots[there], values.drop_nulls()
            if not len(slots):
                return
        self._places[slots] = np.arange(self._length, self._length + len(slots))
        self._length += len(slots)
        self._set(_joined(self._runs, values.alias("")))
        if self._length > 2 * len(self._places):
            self._rewrite()

    def _set(self, runs: list[pl.Series]) -> None:
        self._runs = runs
        self._starts = np.cumsum([0, *map(len, runs[:-1])])

    def _rewrite(self) -> None:
        """Leave what no slot stands for behind."""
        here = np.flatnonzero(self._places >= 0)
        kept = self.take(here).alias("").rechunk()
        self._places[here] = np.arange(len(here))
        self._length = len(here)
        self._set([kept])

    @property
    def size(self) -> int:
        return int(self._places.nbytes + sum(run.estimated_size() for run in self._runs))


class Columns:
    """Columns of `schema`, read and written by slot. A slot has no values before they are put."""

    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self.schema = dict(schema)
        self._columns: dict[str, _Column] = {
            name: _Fixed(kind) if type(kind) in _PHYSICAL else _Varied(kind) for name, kind in self.schema.items()
        }
        self._capacity = 0

    def take(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """The rows of `slots`, shape (n,), in that order."""
        if not self._columns:
            return pl.DataFrame(height=len(slots))
        return pl.DataFrame([column.take(slots).alias(name) for name, column in self._columns.items()])

    def column(self, name: str, slots: NDArray[np.int64]) -> pl.Series:
        """One column of these rows."""
        return self._columns[name].take(slots).alias(name)

    def put(self, slots: NDArray[np.int64], rows: pl.DataFrame) -> None:
        """Write `rows`, which has the columns of the schema, into distinct `slots`."""
        if not len(slots):
            return
        need = int(slots.max()) + 1
        if need > self._capacity:
            self._capacity = max(_FIRST, 1 << (need - 1).bit_length())
            for column in self._columns.values():
                column.grow(self._capacity)
        for name, column in self._columns.items():
            column.put(slots, rows[name])

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(column.size for column in self._columns.values())


def _joined(runs: list[pl.Series], values: pl.Series) -> list[pl.Series]:
    """`runs` and `values` behind them: with the last ones where those are few, or no more than are put to them.

    So a value is copied a logarithmic number of times, and there are few runs: each costs a call in every `take`.
    """
    first, count = len(runs), len(values)
    while first and len(runs[first - 1]) <= max(_RUN, count):
        first -= 1
        count += len(runs[first])
    return [*runs[:first], pl.concat([*runs[first:], values]).rechunk()]


def _longer(values: NDArray[_T], size: int, fill: int = 0) -> NDArray[_T]:
    grown = np.full(size, fill, values.dtype)
    grown[: len(values)] = values
    return grown
