"""What every source of a load is: parts that are known by a mark, and frames of raw columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

__all__ = ["FAULT", "LINE", "RAW", "Part", "Source", "raw_columns"]

LINE, FAULT, RAW = "_line", "_fault", "_raw"
"""Columns that frames may have beside the raw ones: where a row begins in its part (Int64, from 1); why it could not be
read at all (String, NULL for others), and its text then. Without LINE rows are counted."""


def raw_columns(frame: pl.DataFrame) -> list[str]:
    """The names of a frame's columns beside LINE, FAULT and RAW."""
    return [name for name in frame.columns if name not in (LINE, FAULT, RAW)]


class Part(Protocol):
    """A file, an API's answer, a stretch of a topic: what is read from its begin to its end."""

    @property
    def name(self) -> str:
        """By which it is known again."""
        ...

    @property
    def mark(self) -> str:
        """What to remember of it once `frames` has ended: a digest of its content, how far it was read."""
        ...

    def frames(self) -> Iterator[pl.DataFrame]:
        """Its rows: texts where the source has texts, typed or nested where it is; a frame fits into memory."""
        ...


class Source(Protocol):
    """Where rows come from."""

    def parts(self, seen: Mapping[str, str]) -> Iterator[Part]:
        """What is to be loaded; `seen` has the marks of parts that were, by name. Nothing is nothing new."""
        ...
