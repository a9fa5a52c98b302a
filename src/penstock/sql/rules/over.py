"""OVER that Flink has no operator for is refused, where nothing above it makes another operator of it."""

from __future__ import annotations

from penstock.sql.plan import Node, OverAggregate
from penstock.sql.rules.tree import bottom_up

__all__ = ["require_over"]


def require_over(plan: Node) -> Node:
    """The plan itself. Raises UnsupportedError for an OVER that cannot be computed."""
    return bottom_up(plan, _require)


def _require(node: Node) -> Node:
    if isinstance(node, OverAggregate) and node.refusal is not None:
        raise node.refusal
    return node
