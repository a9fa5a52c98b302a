"""DATE, TIME and TIMESTAMP literals; what each of them takes is what Calcite takes."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np

from penstock.core import types as t
from penstock.sql.expr import Literal

__all__ = ["time_literal"]

_DATE = r"(\d{1,4})-(\d{1,2})-(\d{1,2})"
_CLOCK = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d*))?"
_FORMS = {
    "DATE": (_DATE, "yyyy-MM-dd"),
    "TIME": (_CLOCK, "HH:mm:ss[.SSS]"),
    "TIMESTAMP": (f"{_DATE}(?: {_CLOCK})?", "yyyy-MM-dd[ HH:mm:ss[.SSS]]"),
}
_NANOSECONDS = (1678, 2261)
"""The whole years that 64 bits of nanoseconds reach."""


def time_literal(kind: str, text: str) -> Literal:
    """``DATE 'text'``, ``TIME 'text'`` or ``TIMESTAMP 'text'``, with as many digits of a second as are written.

    The value is Python's; a numpy.datetime64 where a TIMESTAMP has more than six digits. Raises ValueError
    saying how it is written.
    """
    pattern, form = _FORMS[kind]
    found = re.fullmatch(pattern, text)
    wrong = ValueError(f"'{text}' is not a {kind}, write it as {form}")
    if not found:
        raise wrong
    *parts, fraction = found.groups() if kind != "DATE" else (*found.groups(), None)
    numbers = [int(p or 0) for p in parts]
    try:
        if kind == "DATE":
            return Literal(t.DATE.with_nullable(False), dt.date(*numbers))
        if kind == "TIME":
            digits = (fraction or "")[:3]  # Flink cuts off what is finer
            hour, minute, second = numbers
            return Literal(t.Time(len(digits), nullable=False), dt.time(hour, minute, second, _micros(digits)))
        year, month, day, *clock = numbers
        moment = dt.datetime.combine(dt.date(year, month, day), dt.time(*clock))  # type: ignore[arg-type]
        return _timestamp(moment, (fraction or "")[:9])
    except ValueError as error:
        raise (error if isinstance(error, _TooFarError) else wrong) from None


class _TooFarError(ValueError):
    """Nanoseconds do not reach so far."""


def _timestamp(moment: dt.datetime, digits: str) -> Literal:
    kind = t.Timestamp(len(digits), nullable=False)
    if len(digits) <= 6:
        return Literal(kind, moment.replace(microsecond=_micros(digits)))
    low, high = _NANOSECONDS
    if not low <= moment.year <= high:
        raise _TooFarError(f"a {kind.name} reaches from {low} to {high}, write at most six digits of a second")
    return Literal(kind, np.datetime64(moment, "ns") + np.timedelta64(int(digits.ljust(9, "0")), "ns"))


def _micros(digits: str) -> int:
    return int(digits.ljust(6, "0"))
