"""Rows that are given, as the parts of a source: those that were set aside, and are brought in again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

__all__ = ["GivenRows"]


@dataclass(frozen=True, slots=True)
class GivenRows:
    """One part called `name`, whose frames have the raw columns of the source."""

    name: str
    given: Sequence[pl.DataFrame]

    @property
    def mark(self) -> str:
        """The same as its name: it is remembered by nobody."""
        return self.name

    def parts(self, seen: Mapping[str, str]) -> Iterator[GivenRows]:
        """Itself, whatever was seen."""
        yield self

    def frames(self) -> Iterator[pl.DataFrame]:
        yield from self.given
