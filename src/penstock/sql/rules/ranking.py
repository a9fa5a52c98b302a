"""A filter on the number of ROW_NUMBER() is a Top-N; over windows, or for the first row by time, one of final rows."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.core import types as t
from penstock.sql.expr import Call, Expr, Literal, Ref
from penstock.sql.functions import FUNCTIONS
from penstock.sql.plan import Filter, FirstRows, Node, OverAggregate, Project, TopN
from penstock.sql.rules.tree import bottom_up

__all__ = ["rank_rows"]

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_BIGINT = t.BIGINT.with_nullable(False)


def rank_rows(plan: Node) -> Node:
    """The plan with every bounded ROW_NUMBER turned into a Top-N."""
    return bottom_up(plan, _ranked)


@dataclass(frozen=True, slots=True)
class _Found:
    """A ROW_NUMBER below projections, and the name of its column on top of them."""

    over: OverAggregate
    projects: tuple[Project, ...]
    number: str


def _ranked(node: Node) -> Node:
    if not isinstance(node, Filter):
        return node
    found = _found(node.input)
    if found is None or not found.over.order:
        return node
    low, high, rest = 1, None, []
    for part in _conjuncts(node.condition):
        bound = _bound(part, found.number)
        if bound is None:
            rest.append(part)
            continue
        low = max(low, bound[0])
        high = bound[1] if high is None or (bound[1] is not None and bound[1] < high) else high
    if high is None or high < max(low, 1):
        return node
    plan = _numbers(found, low, high)
    for part in rest:
        plan = Filter(plan.columns, plan, part)
    return plan


def _found(node: Node) -> _Found | None:
    projects: list[Project] = []
    while isinstance(node, Project):
        projects.append(node)
        node = node.input
    if not isinstance(node, OverAggregate) or [c.function.name for c in node.calls] != ["ROW_NUMBER"]:
        return None
    name = node.columns[-1].name
    for project in reversed(projects):
        passed = [c.name for c, e in zip(project.columns, project.exprs, strict=True) if e == Ref(_BIGINT, name)]
        if not passed:
            return None
        name = passed[0]
    return _Found(node, tuple(projects), name)


def _conjuncts(condition: Expr) -> list[Expr]:
    if isinstance(condition, Call) and condition.function is FUNCTIONS["AND"]:
        return [part for arg in condition.args for part in _conjuncts(arg)]
    return [condition]


def _bound(part: Expr, number: str) -> tuple[int, int | None] | None:
    """The numbers that `part` allows, from and to; None where it is no such condition."""
    if not isinstance(part, Call) or part.function.name not in _MIRRORED or len(part.args) != 2:
        return None
    name, (left, right) = part.function.name, part.args
    if isinstance(left, Literal):
        name, left, right = _MIRRORED[name], right, left
    if not isinstance(left, Ref) or left.name != number or not isinstance(right, Literal):
        return None
    if not isinstance(right.value, int):
        return None
    value = right.value
    return {
        "=": (value, value),
        "<": (1, value - 1),
        "<=": (1, value),
        ">": (value + 1, None),
        ">=": (value, None),
    }[name]


def _numbers(found: _Found, first: int, last: int) -> Node:
    """The rows numbered `first` to `last`, under the projections that were on top of their numbers."""
    over, below = found.over, found.over.input
    order, partition = over.order, over.partition
    by_name = {c.name: c for c in below.columns}
    keys = [by_name[e.name] for e in partition if isinstance(e, Ref) and e.name in by_name]
    ends = [c.name for c in keys if c.role == "window_end"]
    time = by_name.get(order[0].expr.name) if isinstance(order[0].expr, Ref) and len(order) == 1 else None
    by_time = time is not None and time.is_time and first == last == 1
    node: Node
    if ends and any(c.role == "window_start" for c in keys):
        node = FirstRows((*below.columns, over.columns[-1]), below, partition, order, first, last, True, ends[0])
    elif by_time and time is not None and not order[0].descending:
        node = FirstRows(over.columns, below, partition, order, first, last, True, time.name)
    else:
        node = TopN(over.columns, below, partition, order, first, last, True, newest=by_time)
    if first == last:  # the number is known
        name = over.columns[-1].name
        exprs = tuple(Literal(_BIGINT, first) if c.name == name else Ref(c.type, c.name) for c in node.columns)
        node = Project(node.columns, node, exprs)
    for project in reversed(found.projects):
        node = Project(project.columns, node, project.exprs)
    return node
