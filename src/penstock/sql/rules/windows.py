"""GROUP BY over the borders of a window becomes a WindowAggregate, which is emitted once and for all.

Where the window comes from a windowing table function just below (filters and projections between them may
pass its columns on, but not read them), rows are not multiplied into windows first: the aggregate cuts time
into slices itself. Else the rows carry their window already ("attached"): the result of another
WindowAggregate, or of a query that reads window_start before it groups.
"""

from __future__ import annotations

from dataclasses import replace

from penstock.sql.expr import Expr, Ref, refs
from penstock.sql.plan import (
    BORDERS,
    Aggregate,
    Column,
    Filter,
    Node,
    Project,
    WindowAggregate,
    WindowTable,
    window_borders,
)
from penstock.sql.rules.tree import bottom_up

__all__ = ["attach_windows"]


def attach_windows(plan: Node) -> Node:
    """The plan with every windowed GROUP BY turned into a WindowAggregate."""
    return bottom_up(plan, _attach)


def _attach(node: Node) -> Node:
    if not isinstance(node, Aggregate):
        return node
    borders = window_borders(node.input.columns, node.keys)
    if borders is None or any(i not in s for s in node.sets for i in borders):
        return node
    window = next(iter(borders.values())).window
    assert window is not None
    reads = refs(*node.calls) | refs(*(k for i, k in enumerate(node.keys) if i not in borders))
    own = {c.name for c in node.input.columns if c.role in BORDERS}
    lifted = None if reads & own else _lifted(node.input)
    if lifted is None and window.kind == "SESSION":  # its start is no function of its end, but a key like others
        borders = {i: c for i, c in borders.items() if c.role != "window_start"}
    end = next(c.name for c in borders.values() if c.role == "window_end")
    below, time = lifted or (node.input, end)
    places = [i for i in range(len(node.keys)) if i not in borders]
    width = len(node.keys)
    columns = (
        *(node.columns[i] for i in places),
        *node.columns[width:],
        *(node.columns[i] for i in borders),
    )
    aggregate = WindowAggregate(
        columns,
        below,
        window,
        time,
        attached=lifted is None,
        keys=tuple(node.keys[i] for i in places),
        calls=node.calls,
        sets=tuple(tuple(places.index(i) for i in s if i not in borders) for s in node.sets),
        borders=tuple(c.role for c in borders.values()),
    )
    return Project(node.columns, aggregate, tuple(Ref(c.type, c.name) for c in node.columns))


def _lifted(node: Node) -> tuple[Node, str] | None:
    """The input of the window table function below `node` with what stands between on top of it, and the
    name of its time column there; None if something between reads the window.
    """
    match node:
        case WindowTable():
            return node.input, node.time
        case Filter(input=below, condition=condition):
            own = {c.name for c in below.columns if c.role in BORDERS}
            if refs(condition) & own:
                return None
            lifted = _lifted(below)
            return (Filter(lifted[0].columns, lifted[0], condition), lifted[1]) if lifted else None
        case Project(input=below):
            return _lifted_project(node, below)
    return None


def _lifted_project(node: Project, below: Node) -> tuple[Node, str] | None:
    own = {c.name for c in below.columns if c.role in BORDERS}
    if not any(c.role in BORDERS and c.window is not None for c in below.columns):
        return None
    kept: list[tuple[Column, Expr]] = []
    for column, expr in zip(node.columns, node.exprs, strict=True):
        if isinstance(expr, Ref) and expr.name in own:
            continue
        if refs(expr) & own:
            return None
        kept.append((column, expr))
    lifted = _lifted(below)
    if lifted is None:
        return None
    inner, time = lifted
    passed = next((c.name for c, e in kept if isinstance(e, Ref) and e.name == time), None)
    if passed is None:
        source = inner.column(time)
        passed = "$time"
        kept.append((replace(source, name=passed), Ref(source.type, time)))
    return Project(tuple(c for c, _ in kept), inner, tuple(e for _, e in kept)), passed
