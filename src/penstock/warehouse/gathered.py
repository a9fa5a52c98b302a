"""`gathered`: many small frames as few larger ones, since cleaning, checks and staging have a price for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.warehouse.sources.source import raw_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Gathered", "gathered"]

_ROWS = 100_000
_BYTES = 2 << 20
"""A frame of so many rows or bytes waits for no other one; a block of a large file has more."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows of one part or several, in their order: `parts` has the name of each and how many of the rows it has."""

    frame: pl.DataFrame
    parts: tuple[tuple[str, int], ...]

    def names(self, rows: pl.Series) -> pl.Series:
        """The name of the part that each of these rows, by its place in the frame, comes from (String)."""
        if len(self.parts) == 1:
            return pl.repeat(self.parts[0][0], rows.len(), dtype=pl.String, eager=True)
        each = [pl.repeat(name, height, dtype=pl.String, eager=True) for name, height in self.parts]
        return pl.concat(each).gather(rows)


def gathered(frames: Iterable[tuple[pl.DataFrame, str]]) -> Iterator[Gathered]:
    """Frames, each with the name of its part; those that follow each other come together if their columns are alike.

    At most one frame is read ahead.
    """
    held: list[tuple[pl.DataFrame, str]] = []
    rows = size = 0
    for frame, part in frames:
        if held and _columns(held[-1][0]) != _columns(frame):
            yield _together(held)
            held, rows, size = [], 0, 0
        held.append((frame, part))
        rows, size = rows + frame.height, size + int(frame.estimated_size())
        if rows >= _ROWS or size >= _BYTES:
            yield _together(held)
            held, rows, size = [], 0, 0
    if held:
        yield _together(held)


def _columns(frame: pl.DataFrame) -> dict[str, pl.DataType]:
    return {name: frame.schema[name] for name in raw_columns(frame)}


def _together(held: list[tuple[pl.DataFrame, str]]) -> Gathered:
    parts = tuple((part, frame.height) for frame, part in held)
    if len(held) == 1:
        return Gathered(held[0][0], parts)
    return Gathered(pl.concat([frame for frame, _ in held], how="diagonal", rechunk=True), parts)
