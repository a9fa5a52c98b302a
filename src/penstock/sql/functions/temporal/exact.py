"""Patterns whose parts all have one width: texts that fit them exactly are read by chrono, many times faster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.functions.temporal.patterns import MONTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.sql.functions.temporal.patterns import Part

__all__ = ["CLOCK", "SIXTY", "Exact", "completed", "exact"]

CLOCK = "(?:[01][0-9]|2[0-3])"
SIXTY = "[0-5][0-9]"

_PARTS = {
    "yyyy": ("(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])", "%Y", 4, "year"),
    "uuuu": ("[0-9]{4}", "%Y", 4, "year"),
    "MM": ("(?:0[1-9]|1[0-2])", "%m", 2, "month"),
    "MMM": (f"(?:{'|'.join(m[:3] for m in MONTHS)})", "%b", 3, "month"),
    "dd": ("(?:0[1-9]|[12][0-9]|3[01])", "%d", 2, "day"),
    "HH": (CLOCK, "%H", 2, "hour"),
    "mm": (SIXTY, "%M", 2, "minute"),
    "ss": (SIXTY, "%S", 2, "second"),
    **{"S" * n: (f"[0-9]{{{n}}}", f"%{n}f", n, "fraction") for n in (3, 6, 9)},
}
"""What chrono knows: the form, chrono's word, the width, and what it tells."""


@dataclass(frozen=True, slots=True)
class Exact:
    """`form` is the regular expression of a text that fits; chrono reads its first `length` characters by `pattern`."""

    form: str
    pattern: str
    length: int

    def read(self, text: pl.Series) -> pl.Series:
        """Microseconds since 1970 of the texts that fit, else NULL; also for a day that its month has not."""
        fits = text.str.contains(self.form)
        head = text.str.slice(0, self.length)
        # chrono is less strict: what does not fit must not reach it
        head = head if fits.all() else head.zip_with(fits.fill_null(False), pl.Series([None], dtype=pl.String))
        return head.str.to_datetime(self.pattern, time_unit="us", strict=False, cache=False).to_physical()


def exact(parts: Sequence[Part], end: str = "$") -> Exact | None:
    """For a pattern of a whole date and perhaps a time, all parts of one width; `end` is the form of what follows."""
    form, pattern, length, told = "", "", 0, list[str]()
    for part in parts:
        if part.bracket or (part.count and str(part) not in _PARTS):
            return None
        plain = (re.escape(part.text), part.text.replace("%", "%%"), len(part.text), "")
        one = _PARTS[str(part)] if part.count else plain
        form, pattern, length = form + one[0], pattern + one[1], length + one[2]
        told.append(one[3])
    chain = [f in told for f in ("hour", "minute", "second", "fraction")]
    dated = all(told.count(f) == 1 for f in ("year", "month", "day"))
    if not dated or chain != sorted(chain, reverse=True) or chain[:2] == [True, False]:
        return None
    return Exact(f"^{form}{end}", pattern, length)


def completed(text: pl.Series, read: pl.Series, otherwise: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`read`, where it is NULL and `text` is not: `otherwise`."""
    missed = read.is_null() & text.is_not_null()
    if not missed.any():
        return read
    return read.scatter(missed.arg_true(), otherwise(text.filter(missed)))
