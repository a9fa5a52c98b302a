"""Names of columns that every database takes, out of whatever stands in a header."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["sanitised"]

_LONGEST = 55
"""Characters; PostgreSQL cuts names after 63, and a number may follow."""


def sanitised(names: Iterable[str]) -> list[str]:
    """Small letters, digits and _ of each name, in order; where two would be one, the later one gets a number.

    Accents go, a name that begins with a digit gets a letter before it, and one with nothing left is ``column_N``.
    """
    found: list[str] = []
    taken: set[str] = set()
    for at, name in enumerate(names, 1):
        letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:_LONGEST].rstrip("_") or f"column_{at}"
        if plain[0].isdigit():
            plain = f"n_{plain}"
        made, count = plain, 1
        while made in taken:
            count += 1
            made = f"{plain}_{count}"
        found.append(made)
        taken.add(made)
    return found
