"""Leaves read from one block, put together as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.formats.arrow import Column, frame_of
from penstock.formats.lists import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.formats.block import Block, Ints, Mask

__all__ = ["KEY", "Leaf", "Part", "Path", "column_of", "frame_of_parts", "list_column"]

Path = tuple[str, ...]
"""The names that lead to a leaf; through arrays and maps none does, but for a map's keys."""

KEY = "key"
"""The last name in the path of a map's keys."""


class Leaf(NamedTuple):
    """One leaf's values: slices of the block for a text, else physical; `valid` None: no nulls.

    Of an array or a map: a `series`, and nothing else.
    """

    values: NDArray[Any] | None
    start: Ints | None
    end: Ints | None
    valid: Mask | None
    series: pl.Series | None = None

    def take(self, rows: Ints | Mask) -> Leaf:
        def some(part: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if part is None else part[rows]

        series = None if self.series is None else self.series[rows if rows.dtype != bool else np.flatnonzero(rows)]
        return Leaf(some(self.values), some(self.start), some(self.end), some(self.valid), series)

    def spread(self, rows: Ints, height: int) -> Leaf:
        """The leaf as the `rows` of `height`, null elsewhere."""

        def some(part: NDArray[Any] | None) -> NDArray[Any] | None:
            if part is None:
                return None
            whole = np.zeros((height, *part.shape[1:]), part.dtype)
            whole[rows] = part
            return whole

        valid = np.zeros(height, bool)
        valid[rows] = True if self.valid is None else self.valid
        return Leaf(some(self.values), some(self.start), some(self.end), valid)

    def writable(self, height: int) -> Leaf:
        """A copy with its own arrays and a mask."""
        valid = np.ones(height, bool) if self.valid is None else self.valid.copy()
        start = None if self.start is None else self.start.copy()
        return Leaf(
            None if self.values is None else self.values.copy(),
            start,
            None if self.end is None else self.end.copy(),
            valid,
        )


@dataclass(slots=True)
class Part:
    """Some rows of a block, their leaves, and which of the ROWs inside them are not null."""

    rows: Ints
    leaves: dict[Path, Leaf]
    present: dict[Path, Mask]

    def take(self, keep: Ints | Mask) -> Part:
        """The rows to `keep`."""
        leaves = {path: leaf.take(keep) for path, leaf in self.leaves.items()}
        return Part(self.rows[keep], leaves, {path: mask[keep] for path, mask in self.present.items()})


def frame_of_parts(
    block: Block, parts: list[Part], fields: tuple[t.Field, ...], *, base64: bool
) -> tuple[pl.DataFrame, Ints]:
    """The columns `fields` of all parts in the order of the rows, and those rows; bytes are `base64` or themselves."""
    rows = np.concatenate([np.zeros(0, np.int64), *(p.rows for p in parts)]) if len(parts) != 1 else parts[0].rows
    order = np.argsort(rows, kind="stable") if len(parts) > 1 else None
    builder = _Builder(block, parts, order, len(rows), base64)
    flat: dict[str, Column] = {}
    ready: dict[str, pl.Series] = {}
    for f in fields:
        column = builder.column((f.name,), f.type)
        if isinstance(column, Column):
            flat[f.name] = column
        else:
            ready[f.name] = column.alias(f.name)
    frame = frame_of(flat, len(rows))
    if ready:
        frame = frame.hstack(list(ready.values())).select([f.name for f in fields])
    return frame, rows if order is None else rows[order]


def column_of(block: Block, part: Part, path: Path, type_: t.DataType) -> pl.Series:
    """One column, or what is inside one, of all rows of a part; bytes are base64."""
    column = _Builder(block, [part], None, len(part.rows), base64=True).column(path, type_)
    return column if isinstance(column, pl.Series) else frame_of({"": column}, len(part.rows)).to_series()


def list_column(block: Block, part: Part, path: Path, type_: t.DataType, sizes: Ints, valid: Mask) -> pl.Series:
    """An array or a map of `sizes` items, the rows of `part`, with base64 for bytes; null where not `valid`."""
    if isinstance(type_, t.Map | t.Multiset):
        value = type_.value if isinstance(type_, t.Map) else t.INT
        keys = column_of(block, part, (*path, KEY), t.STRING)
        items = pl.DataFrame({"key": keys, "value": column_of(block, part, path, value)}).to_struct()
    else:
        assert isinstance(type_, t.Array)
        items = column_of(block, part, path, type_.element)
    return listed(items, sizes, valid)


class _Builder:
    def __init__(self, block: Block, parts: list[Part], order: Ints | None, height: int, base64: bool) -> None:
        self._block = block
        self._parts = parts
        self._order = order
        self._height = height
        self._base64 = base64

    def column(self, path: Path, type_: t.DataType) -> Column | pl.Series:
        if isinstance(type_, t.Row):
            return self._struct(path, type_)
        leaf = self._leaf(path)
        if leaf is None:
            return pl.Series([None], dtype=type_.polars).new_from_index(0, self._height)
        if leaf.series is not None:
            return leaf.series
        if leaf.start is not None and leaf.end is not None:
            if self._base64 and isinstance(type_, t.Binary | t.Varbinary):
                return self._block.series(leaf.start, leaf.end, leaf.valid, pl.String()).str.decode("base64")
            return self._block.column(leaf.start, leaf.end, leaf.valid, type_.polars)
        assert leaf.values is not None
        return Column(type_.polars, leaf.values, leaf.valid)

    def _struct(self, path: Path, type_: t.Row) -> pl.Series:
        inner = [self.column((*path, f.name), f.type) for f in type_.fields]
        series = [
            c.alias(f.name) if isinstance(c, pl.Series) else frame_of({f.name: c}, self._height).to_series()
            for f, c in zip(type_.fields, inner, strict=True)
        ]
        struct = pl.DataFrame(series, height=self._height).to_struct("")
        present = [p.present.get(path, np.zeros(len(p.rows), bool)) for p in self._parts]
        valid = self._ordered(np.concatenate(present) if present else np.zeros(0, bool))
        return struct if valid.all() else pl.select(pl.when(pl.Series(valid)).then(struct)).to_series()

    def _leaf(self, path: Path) -> Leaf | None:
        """The leaf of all parts; None where no part has it."""
        leaves = [p.leaves.get(path) for p in self._parts]
        found = [leaf for leaf in leaves if leaf is not None]
        if not found:
            return None
        if len(self._parts) == 1:
            return found[0]
        if found[0].series is not None:
            return self._joined_series(leaves, found[0].series.dtype)
        whole = [leaf or _nothing(found[0], len(p.rows)) for leaf, p in zip(leaves, self._parts, strict=True)]
        valid = [
            np.ones(len(p.rows), bool) if w.valid is None else w.valid for w, p in zip(whole, self._parts, strict=True)
        ]
        joined = Leaf(
            _joined([w.values for w in whole]),
            _joined([w.start for w in whole]),
            _joined([w.end for w in whole]),
            np.concatenate(valid),
        )
        return joined if self._order is None else joined.take(self._order)

    def _joined_series(self, leaves: list[Leaf | None], dtype: pl.DataType) -> Leaf:
        whole = pl.concat(
            leaf.series
            if leaf is not None and leaf.series is not None
            else pl.Series([None], dtype=dtype).new_from_index(0, len(part.rows))
            for leaf, part in zip(leaves, self._parts, strict=True)
        )
        joined = Leaf(None, None, None, None, whole)
        return joined if self._order is None else joined.take(self._order)

    def _ordered(self, values: Mask) -> Mask:
        return values if self._order is None else values[self._order]


def _joined(parts: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    there = [p for p in parts if p is not None]
    return np.concatenate(there) if there else None


def _nothing(like: Leaf, height: int) -> Leaf:
    """A leaf of nulls."""
    empty = [None if p is None else np.zeros((height, *p.shape[1:]), p.dtype) for p in like[:3]]
    return Leaf(empty[0], empty[1], empty[2], np.zeros(height, bool))
