"""How values are spelled in files: dates, numbers and booleans in several formats, and what stands for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np

__all__ = ["BOOLEANS", "MISSING", "boolean", "date", "missing", "moment", "number", "padded"]

MISSING = ("", "N/A", "-", "NULL")
"""What files write where there is no value."""
BOOLEANS = {True: ("ja", "yes", "true", "1"), False: ("nein", "no", "FALSE", "0")}

_DATES = ("%d.%m.%Y", "%Y-%m-%d", "%d %b %Y")
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S")


def date(value: dt.date, rng: np.random.Generator) -> str:
    """31.01.2026, 2026-01-31 or 31 Jan 2026."""
    return value.strftime(_DATES[rng.integers(len(_DATES))])


def moment(value: dt.datetime, rng: np.random.Generator) -> str:
    """2026-01-31 14:05:06, 2026-01-31T14:05:06Z or 31.01.2026 14:05:06, in UTC."""
    return value.strftime(_MOMENTS[rng.integers(len(_MOMENTS))])


def number(hundredths: int, rng: np.random.Generator, marks: str) -> str:
    """With two decimals after `marks[0]`, ungrouped or in groups of three by one of the other `marks`."""
    group = ("", *marks[1:])[rng.integers(len(marks))]
    return f"{hundredths / 100:,.2f}".replace(",", "|").replace(".", marks[0]).replace("|", group)


def boolean(value: bool, rng: np.random.Generator) -> str:
    return BOOLEANS[value][rng.integers(4)]


def missing(rng: np.random.Generator) -> str:
    return MISSING[rng.integers(len(MISSING))]


def padded(text: str, rng: np.random.Generator) -> str:
    """One in ten has spaces around it."""
    return f"  {text} " if rng.random() < 0.1 else text
