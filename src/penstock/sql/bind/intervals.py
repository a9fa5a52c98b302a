"""INTERVAL literals: days to milliseconds, years to months."""

from __future__ import annotations

import re

from penstock.core import types as t
from penstock.sql.expr import Literal

__all__ = ["interval_literal"]

_MS = {"WEEK": 604_800_000, "DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1_000}
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")
_SEPARATOR = {"HOUR": " ", "MINUTE": ":", "SECOND": ":"}


def interval_literal(text: str, start: str, end: str | None, sign: int) -> Literal:
    """``INTERVAL 'text' start TO end`` as milliseconds or months.

    Raises ValueError saying how it is written.
    """
    stripped = text.strip()
    if stripped[:1] in ("-", "+"):
        sign = -sign if stripped[0] == "-" else sign
        stripped = stripped[1:]
    if start in _MONTHS:
        return _months(stripped, start, end, sign)
    units = (start,) if end in (None, start) else _UNITS[_UNITS.index(start) : _UNITS.index(end or start) + 1]
    pattern = r"(\d+)" + "".join(_SEPARATOR[u] + r"(\d+)" for u in units[1:])
    if units[-1] == "SECOND":
        pattern += r"(?:\.(\d{1,9}))?"
    found = re.fullmatch(pattern, stripped)
    name = f"{start} TO {end}" if end and end != start else start
    if not found:
        form = "1" + "".join(_SEPARATOR[u] + "02" for u in units[1:])
        raise ValueError(f"'{text}' is not an INTERVAL {name}, write it as '{form}'")
    total = sum(int(number) * _MS[unit] for unit, number in zip(units, found.groups(), strict=False))
    if units[-1] == "SECOND" and found.groups()[-1]:
        total += int((found.groups()[-1] + "000")[:3])
    return Literal(t.IntervalDay(nullable=False), sign * total)


def _months(text: str, start: str, end: str | None, sign: int) -> Literal:
    if end in (None, start):
        if not text.isdigit():
            raise ValueError(f"'{text}' is not an INTERVAL {start}, write it as '1'")
        return Literal(t.IntervalYear(nullable=False), sign * int(text) * _MONTHS[start])
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if not found:
        raise ValueError(f"'{text}' is not an INTERVAL {start} TO {end}, write it as '1-02'")
    return Literal(t.IntervalYear(nullable=False), sign * (int(found[1]) * 12 + int(found[2])))
