"""Which columns of tables the values of a result's columns are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql import plan as p
from penstock.sql.expr import refs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.sql.expr import Expr

__all__ = ["Source", "origins"]

Source = tuple[str, str]
"""A table of the catalog, and a column of it."""
Sources = frozenset[Source]


def origins(plan: p.Node) -> list[Sources]:
    """Of each column of `plan`, in their order, the columns of scanned tables that its values are computed from.

    What decides alone which rows count (a condition, a key of a join, the rows that COUNT(*) counts) is not among them.
    """
    return _of(plan, {})


def _of(node: p.Node, known: dict[int, list[Sources]]) -> list[Sources]:
    found = known.get(id(node))
    if found is None:
        below = [_of(child, known) for child in node.inputs]
        found = known[id(node)] = _made(node, below)
    return found


def _made(node: p.Node, below: list[list[Sources]]) -> list[Sources]:
    """Of each column of `node`, from those of its inputs."""
    match node:
        case p.Scan(table=table):
            return [frozenset({(table.name, column.name)}) for column in node.columns]
        case p.Project(exprs=exprs):
            return [_read([expr], node.input, below[0]) for expr in exprs]
        case p.Aggregate(keys=keys, calls=calls):
            found = [_read([expr], node.input, below[0]) for expr in (*keys, *calls)]
        case p.WindowAggregate(keys=keys, calls=calls):
            found = [_read([expr], node.input, below[0]) for expr in (*keys, *calls)]
            found += [frozenset()] * (len(node.columns) - len(found) - len(node.borders))
            found += [_named(node.time, node.input, below[0])] * len(node.borders)
        case p.WindowTable():
            borders = len(node.columns) - len(node.input.columns)
            found = [*below[0], *[_named(node.time, node.input, below[0])] * borders]
        case p.OverAggregate(calls=calls):
            found = [*below[0], *(_read([call], node.input, below[0]) for call in calls)]
        case p.TopN() | p.FirstRows():
            rank = _read([order.expr for order in node.order], node.input, below[0])
            found = [*below[0], *[rank] * node.numbered]
        case p.IntervalJoin() | p.TemporalJoin():
            found = [*below[0], *below[1]]
        case p.Union():
            found = [frozenset().union(*parts) for parts in zip(*below, strict=True)]
        case p.Values():
            found = []
        case _:  # Filter, Limit, Normalize, Sink: the rows of the input
            found = below[0]
    return found + [frozenset()] * (len(node.columns) - len(found))


def _read(exprs: Iterable[Expr], node: p.Node, below: list[Sources]) -> Sources:
    names = refs(*exprs)
    return frozenset().union(*(_named(name, node, below) for name in names))


def _named(name: str, node: p.Node, below: list[Sources]) -> Sources:
    """Of the first column of that name, as expressions find it."""
    return next((below[at] for at, column in enumerate(node.columns) if column.name == name), frozenset())
