"""Aggregate functions, as partial results that merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.functions.aggregates import bags, extremes, percentile, spread, sums
from penstock.sql.functions.aggregates.sums import average_of_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.sql.expr import AggregateCall
    from penstock.sql.functions.spec import Aggregate

__all__ = ["AGGREGATES", "average_of_sums", "averages_are_sums", "of_sums"]

AGGREGATES: tuple[Aggregate, ...] = (
    *sums.AGGREGATES,
    *extremes.AGGREGATES,
    *spread.AGGREGATES,
    *bags.AGGREGATES,
    *percentile.AGGREGATES,
)

_VARIANCES = frozenset(a.name for a in spread.AGGREGATES)
_PARTS = {"AVG": ("SUM", "COUNT")}


def of_sums(function: Aggregate) -> Aggregate:
    """What Flink computes for `function` with OVER: averages, variances and deviations are made of sums there."""
    return spread.SPREAD_OF_SUMS.get(function.name) or average_of_sums(function)


def averages_are_sums(calls: Sequence[AggregateCall]) -> bool:
    """Whether Flink plans every AVG of a GROUP BY as SUM / COUNT.

    It does so beside a variance or a standard deviation, and where that leaves fewer calls to compute.
    """
    if any(c.function.name in _VARIANCES for c in calls):
        return True
    asked = {_what(c.function.name, c) for c in calls}
    left = {_what(name, c) for c in calls for name in _PARTS.get(c.function.name, (c.function.name,))}
    return len(left) < len(asked)


def _what(name: str, call: AggregateCall) -> tuple[object, ...]:
    """What tells two calls apart; without NULLs to leave out COUNT(x) is COUNT(*)."""
    all_count = name == "COUNT" and not call.distinct and not any(a.type.nullable for a in call.args)
    return name, () if all_count else call.args, call.distinct, call.filter
