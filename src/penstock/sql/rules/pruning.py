"""Columns that nobody reads are neither decoded nor carried."""

from __future__ import annotations

from dataclasses import replace

from penstock.sql.expr import Ref, refs
from penstock.sql.plan import (
    Aggregate,
    Filter,
    Limit,
    Node,
    Project,
    Scan,
    Sink,
    Union,
    WindowAggregate,
    WindowTable,
    without_window,
)

__all__ = ["prune_columns"]


def prune_columns(plan: Node) -> Node:
    """The plan in which each node gives only the columns that those above it read."""
    return _pruned(plan, {c.name for c in plan.columns})


def _kept(node: Node, wanted: set[str]) -> tuple[int, ...]:
    return tuple(i for i, c in enumerate(node.columns) if c.name in wanted)


def _pruned(node: Node, wanted: set[str]) -> Node:  # noqa: PLR0911
    match node:
        case Sink():
            return replace(node, input=_pruned(node.input, {c.name for c in node.input.columns}))
        case Project():
            kept = _kept(node, wanted)
            exprs = tuple(node.exprs[i] for i in kept)
            return Project(tuple(node.columns[i] for i in kept), _pruned(node.input, refs(*exprs)), exprs)
        case Filter():
            below = _pruned(node.input, wanted | refs(node.condition))
            return Filter(below.columns, below, node.condition)
        case Limit():
            below = _pruned(node.input, wanted)
            return replace(node, columns=below.columns, input=below)
        case Scan():
            return replace(node, columns=tuple(node.columns[i] for i in _kept(node, wanted)))
        case WindowTable():
            own = {c.name for c in node.columns[len(node.input.columns) :]}
            below = _pruned(node.input, (wanted - own) | {node.time})
            borders = tuple(c for c in node.columns if c.name in own)
            return WindowTable((*without_window(below.columns), *borders), below, node.window, node.time)
        case WindowAggregate():
            return _window_aggregate(node, wanted)
        case Union():
            return _union(node, wanted)
        case Aggregate():
            return replace(node, input=_pruned(node.input, refs(*node.keys, *node.calls)))
    return node


def _window_aggregate(node: WindowAggregate, wanted: set[str]) -> Node:
    """Keys stay, they make the groups; results that nobody reads go."""
    n = len(node.keys)
    calls = tuple(i for i in range(len(node.calls)) if node.columns[n + i].name in wanted)
    kept_calls = tuple(node.calls[i] for i in calls)
    columns = (
        *node.columns[:n],
        *(node.columns[n + i] for i in calls),
        *node.columns[n + len(node.calls) :],
    )
    below = _pruned(node.input, refs(*node.keys, *kept_calls) | {node.time})
    return replace(node, columns=columns, calls=kept_calls, input=below)


def _union(node: Union, wanted: set[str]) -> Node:
    """Every side gives the same columns in the same order."""
    names = [c.name for c in node.columns if c.name in wanted]
    parts = []
    for part in node.parts:
        below = _pruned(part, set(names))
        by_name = {c.name: c for c in below.columns}
        if [c.name for c in below.columns] != names:
            below = Project(tuple(by_name[n] for n in names), below, tuple(Ref(by_name[n].type, n) for n in names))
        parts.append(below)
    return Union(tuple(c for c in node.columns if c.name in wanted), tuple(parts))
