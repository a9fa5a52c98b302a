"""Columns that nobody reads are neither decoded nor carried.

A part of the plan that several others stand on (a view that two INSERTs read) is kept one: it gives what
any of them reads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.sql.expr import Ref, refs
from penstock.sql.plan import (
    Aggregate,
    Column,
    Filter,
    FirstRows,
    IntervalJoin,
    Limit,
    Node,
    Normalize,
    OverAggregate,
    Project,
    Scan,
    Sink,
    TemporalJoin,
    TopN,
    Union,
    WindowAggregate,
    WindowTable,
    nodes,
    windowed,
    without_window,
)
from penstock.sql.rules.tree import with_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.sql.expr import AggregateCall

__all__ = ["prune", "prune_columns"]


def prune_columns(plan: Node) -> Node:
    """The plan in which each node gives only the columns that those above it read."""
    return prune(plan, {c.name for c in plan.columns})


def prune(plan: Node, names: set[str]) -> Node:
    """The same, of which only the columns `names` are asked for."""
    wanted: dict[Node, set[str]] = {node: set() for node in nodes(plan)}
    wanted[plan] = names
    for node in _parents_first(plan):
        for child, read in _reads(node, wanted[node]):
            wanted[child] |= read
    rebuilt: dict[Node, Node] = {}
    for node in reversed(list(_parents_first(plan))):
        inputs = tuple(_ordered(node, rebuilt[i]) for i in node.inputs)
        rebuilt[node] = _narrowed(node, inputs, wanted[node])
    return rebuilt[plan]


def _parents_first(plan: Node) -> Iterator[Node]:
    """Every distinct node once, after all that read it."""
    order: list[Node] = []
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        if node not in seen:
            seen.add(node)
            for child in node.inputs:
                visit(child)
            order.append(node)

    visit(plan)
    return reversed(order)


def _reads(node: Node, wanted: set[str]) -> list[tuple[Node, set[str]]]:
    """What `node` needs of each input to give `wanted`."""
    match node:
        case Project(input=below):
            return [(below, refs(*(e for c, e in zip(node.columns, node.exprs, strict=True) if c.name in wanted)))]
        case Filter(input=below):
            return [(below, wanted | refs(node.condition))]
        case WindowTable(input=below):
            own = {c.name for c in node.columns[len(below.columns) :]}
            return [(below, (wanted - own) | {node.time, *node.partition})]
        case WindowAggregate(input=below):
            calls = tuple(node.calls[i] for i in _kept_calls(node, wanted))
            return [(below, refs(*node.keys, *calls) | {node.time})]
        case OverAggregate(input=below):
            if not (over := _kept_over(node, wanted)):
                return [(below, wanted)]
            own = {c.name for c in node.columns[len(below.columns) :]}
            ordered = (o.expr for o in node.order)
            return [(below, (wanted - own) | refs(*node.partition, *ordered, *(c for _, c in over)))]
        case TopN(input=below) | FirstRows(input=below):
            own = {node.columns[-1].name} if node.numbered else set()
            asked = (wanted - own) | refs(*node.partition, *(o.expr for o in node.order))
            return [(below, asked | {node.time} if isinstance(node, FirstRows) else asked)]
        case Aggregate(input=below):
            calls = tuple(node.calls[i] for i in _kept_calls(node, wanted))
            return [(below, refs(*node.keys, *calls))]
        case Normalize(input=below):
            return [(below, wanted | set(node.key))]
        case IntervalJoin() | TemporalJoin():
            times, keys = {node.left_time, node.right_time}, refs(*node.keys.left, *node.keys.right)
            read = wanted | times | keys | (refs(node.condition) if node.condition is not None else set())
            return [(below, read & {c.name for c in below.columns}) for below in node.inputs]
        case Union() | Limit():
            return [(below, set(wanted)) for below in node.inputs]
    return [(below, {c.name for c in below.columns}) for below in node.inputs]


def _kept_calls(node: Aggregate | WindowAggregate, wanted: set[str]) -> tuple[int, ...]:
    """Keys stay, they make the groups; results that nobody reads go."""
    first = len(node.keys)
    return tuple(i for i in range(len(node.calls)) if node.columns[first + i].name in wanted)


def _kept_over(node: OverAggregate, wanted: set[str]) -> list[tuple[Column, AggregateCall]]:
    """The calls whose results are read."""
    results = node.columns[len(node.input.columns) :]
    return [(c, call) for c, call in zip(results, node.calls, strict=True) if c.name in wanted]


def _narrowed(node: Node, inputs: tuple[Node, ...], wanted: set[str]) -> Node:
    """`node` over narrowed inputs, giving only `wanted`."""
    kept = tuple(c for c in node.columns if c.name in wanted)
    match node:
        case Project():
            exprs = tuple(e for c, e in zip(node.columns, node.exprs, strict=True) if c.name in wanted)
            return Project(kept, inputs[0], exprs)
        case Filter():
            return Filter(inputs[0].columns, inputs[0], node.condition)
        case Limit():
            return replace(node, columns=inputs[0].columns, input=inputs[0])
        case Scan():
            return replace(node, columns=kept)
        case WindowTable():
            borders = node.columns[len(node.input.columns) :]
            columns = (*windowed(inputs[0].columns, node.window, node.partition), *borders)
            return replace(node, columns=columns, input=inputs[0])
        case IntervalJoin() | TemporalJoin():
            names = {c.name for below in inputs for c in below.columns}
            columns = tuple(c for c in node.columns if c.name in names)
            return replace(node, columns=columns, left=inputs[0], right=inputs[1])
        case Normalize():
            return replace(node, columns=inputs[0].columns, input=inputs[0])
        case TopN() | FirstRows():
            numbered = node.numbered and node.columns[-1].name in wanted
            columns = (*inputs[0].columns, *node.columns[-1:]) if numbered else inputs[0].columns
            return replace(node, columns=columns, input=inputs[0], numbered=numbered)
        case OverAggregate():
            over = _kept_over(node, wanted)
            if not over:
                return inputs[0]
            columns = (*without_window(inputs[0].columns), *(c for c, _ in over))
            return replace(node, columns=columns, input=inputs[0], calls=tuple(call for _, call in over))
        case Aggregate() | WindowAggregate():
            places = _kept_calls(node, wanted)
            first, last = len(node.keys), len(node.keys) + len(node.calls)
            columns = (*node.columns[:first], *(node.columns[first + i] for i in places), *node.columns[last:])
            return replace(node, columns=columns, calls=tuple(node.calls[i] for i in places), input=inputs[0])
        case Union():
            return Union(kept, tuple(_selected(i, [c.name for c in kept]) for i in inputs))
    return with_inputs(node, inputs)


def _ordered(parent: Node, below: Node) -> Node:
    """A sink takes its columns in its own order."""
    if isinstance(parent, Sink):
        return _selected(below, [c.name for c in parent.columns])
    return below


def _selected(below: Node, names: list[str]) -> Node:
    """`below` with exactly the columns `names`, in that order."""
    by_name = {c.name: c for c in below.columns}
    if [c.name for c in below.columns] == names:
        return below
    return Project(tuple(by_name[n] for n in names), below, tuple(Ref(by_name[n].type, n) for n in names))
