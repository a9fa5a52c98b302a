"""How numbers are written: by 1234.56 as it would stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["USUAL", "Notation", "notation"]

_EXAMPLE = re.compile(r"1(?P<group>[^\w\s]|\s)?234(?:(?P<point>[.,])56)?")


@dataclass(frozen=True, slots=True)
class Notation:
    """Digits in groups of three by `group` or in none at all, and `point` before the decimals."""

    text: str
    group: str
    point: str

    def plain(self, values: pl.Series) -> pl.Series:
        """The numbers as 1234.56; NULL where they are not written so."""
        group, point = re.escape(self.group), re.escape(self.point)
        grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if self.group else ""
        decimals = rf"(?:{point}[0-9]*)?" if self.point else ""
        fits = values.str.contains(rf"^[+-]?(?:{grouped}[0-9]+){decimals}$")
        found = values.set(~fits, None)
        if self.group:
            found = found.str.replace_all(self.group, "", literal=True)
        return found.str.replace(self.point, ".", literal=True) if self.point == "," else found


def notation(text: str) -> Notation:
    """Raises ValueError for a text that is not 1234.56 in some notation."""
    found = _EXAMPLE.fullmatch(text)
    if not found or found["group"] == found["point"] is not None:
        raise ValueError(text)
    return Notation(text, found["group"] or "", found["point"] or "")


USUAL = tuple(map(notation, ("1,234.56", "1.234,56", "1'234.56", "1 234,56", "1'234,56", "1 234.56")))
"""Those that are tried where types are inferred."""
