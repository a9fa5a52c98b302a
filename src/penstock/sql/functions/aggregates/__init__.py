"""Aggregate functions, as partial results that merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.functions.aggregates import bags, extremes, percentile, spread, sums
from penstock.sql.functions.aggregates.sums import beside_variance

if TYPE_CHECKING:
    from penstock.sql.functions.spec import Aggregate

__all__ = ["AGGREGATES", "VARIANCES", "beside_variance"]

AGGREGATES: tuple[Aggregate, ...] = (
    *sums.AGGREGATES,
    *extremes.AGGREGATES,
    *spread.AGGREGATES,
    *bags.AGGREGATES,
    *percentile.AGGREGATES,
)

VARIANCES = frozenset(a.name for a in spread.AGGREGATES)
"""Variances and standard deviations."""
