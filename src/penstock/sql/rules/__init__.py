"""The rules that turn a bound plan into the one that runs: pure functions, applied in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.rules.constants import cut_constants
from penstock.sql.rules.over import require_over
from penstock.sql.rules.projects import merge_projects
from penstock.sql.rules.pruning import prune_columns
from penstock.sql.rules.ranking import rank_rows
from penstock.sql.rules.windows import attach_windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sql.plan import Node

__all__ = ["RULES", "optimize"]

RULES: tuple[Callable[[Node], Node], ...] = (
    rank_rows,
    attach_windows,
    merge_projects,
    prune_columns,
    merge_projects,
    require_over,
    cut_constants,
)


def optimize(plan: Node) -> Node:
    """`plan` after every rule."""
    for rule in RULES:
        plan = rule(plan)
    return plan
