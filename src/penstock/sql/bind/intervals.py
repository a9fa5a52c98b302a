"""INTERVAL literals: days to milliseconds, years to months; what they take is what Calcite takes."""

from __future__ import annotations

import re
from typing import TypeAlias

from penstock.core import types as t
from penstock.sql.expr import Literal

__all__ = ["Unit", "interval_literal"]

Unit: TypeAlias = "tuple[str, int | None, int | None]"
"""A unit of time, and the digits allowed before and behind its point, where they are written: SECOND(3, 6)."""

_MS = {"WEEK": 604_800_000, "DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1_000}
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_LISTS = (("YEAR", "MONTH"), ("DAY", "HOUR", "MINUTE", "SECOND"))
_BELOW = {"MONTH": ("-", 12), "HOUR": (" ", 24), "MINUTE": (":", 60), "SECOND": (":", 60)}
"""What stands before a unit that is not the first, and the number that it stays below."""

_LEADING = 2
_FRACTION = 6


def interval_literal(text: str, start: Unit, end: Unit | None, sign: int) -> Literal:
    """``INTERVAL 'text' start TO end`` as milliseconds or months.

    Raises ValueError saying how it is written.
    """
    first, leading, _ = start
    units = _units(first, end[0] if end else first)
    name = first if end is None else f"{first} TO {end[0]}"
    fraction = (end or start)[2]
    pattern = r"\s*([+-]?)(\d+)" + "".join(rf"{_BELOW[u][0]}(\d{{1,2}})" for u in units[1:])
    if units[-1] == "SECOND":
        pattern += rf"(?:\.(\d{{1,{_FRACTION if fraction is None else fraction}}}))?"
    found = re.fullmatch(pattern + r"\s*", text)
    numbers = [int(n) for n in found.groups()[1 : len(units) + 1]] if found else []
    if not found or any(n >= _BELOW[u][1] for n, u in zip(numbers[1:], units[1:], strict=True)):
        form = "1" + "".join(_BELOW[u][0] + "02" for u in units[1:]) + (".5" if units[-1] == "SECOND" else "")
        raise ValueError(f"'{text}' is not an INTERVAL {name}, write it as '{form}'")
    digits = _LEADING if leading is None else leading
    if numbers[0] >= 10**digits:
        raise ValueError(
            f"{numbers[0]} has more than the {digits} digits of {first}, say {first}({len(str(numbers[0]))})"
        )
    sign = -sign if found[1] == "-" else sign
    if first in _MONTHS:
        return Literal(t.IntervalYear(nullable=False), sign * _total(numbers, units, _MONTHS))
    total = _total(numbers, units, _MS)
    if units[-1] == "SECOND" and found.groups()[-1]:
        total += int(found.groups()[-1][:3].ljust(3, "0"))
    return Literal(t.IntervalDay(nullable=False), sign * total)


def _total(numbers: list[int], units: tuple[str, ...], sizes: dict[str, int]) -> int:
    return sum(number * sizes[unit] for number, unit in zip(numbers, units, strict=True))


def _units(first: str, last: str) -> tuple[str, ...]:
    """The units from the first to the last. Raises ValueError if these do not go together."""
    if first == last:
        return (first,)
    for units in _LISTS:
        if first in units and last in units[units.index(first) :]:
            return units[units.index(first) : units.index(last) + 1]
    raise ValueError(f"there is no INTERVAL {first} TO {last}, there are YEAR TO MONTH and DAY TO SECOND")
