"""Runs: rows in order of arrival, of which small ones become larger, so that each is rewritten a logarithmic number
of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Run", "folded"]

_FAN = 8
"""So many runs of one level become one of the next."""


@dataclass(slots=True)
class Run:
    """Rows in order of arrival; `id` is where they are stored, "" until they are."""

    frame: pl.DataFrame
    level: int = 0
    id: str = ""


def folded(runs: list[Run], merge: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows) -> list[Run]:
    """`runs` with those of one level that lie side by side at the end made one of the next, by `merge`."""
    while len(runs) >= _FAN and len({run.level for run in runs[-_FAN:]}) == 1:
        merged = merge(pl.concat([run.frame for run in runs[-_FAN:]]))
        runs = [*runs[:-_FAN], Run(merged, runs[-1].level + 1)]
    return runs
