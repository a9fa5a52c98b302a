"""The expressions that a node evaluates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.plan.aggregates import Aggregate, WindowAggregate
from penstock.sql.plan.joins import IntervalJoin, TemporalJoin
from penstock.sql.plan.ordered import FirstRows, OverAggregate, TopN
from penstock.sql.plan.rows import Filter, Project, Scan

if TYPE_CHECKING:
    from penstock.sql.expr import Expr
    from penstock.sql.plan.node import Node

__all__ = ["expressions"]


def expressions(node: Node) -> tuple[Expr, ...]:
    """The expressions that `node` itself evaluates over rows; arguments of aggregate functions, not their calls."""
    match node:
        case Filter():
            return (node.condition,)
        case Project():
            return node.exprs
        case Scan():
            return tuple(c.computed for c in node.table.columns if c.computed is not None)
        case Aggregate() | WindowAggregate():
            return (*node.keys, *(e for call in node.calls for e in call.children))
        case OverAggregate():
            return (*node.partition, *(e for call in node.calls for e in call.children))
        case TopN() | FirstRows():
            return (*node.partition, *(o.expr for o in node.order))
        case IntervalJoin() | TemporalJoin():
            return (*node.keys.left, *node.keys.right, *([] if node.condition is None else [node.condition]))
    return ()
