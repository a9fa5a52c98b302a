"""The names of a result's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.expr import Expr, Ref
from penstock.sql.plan import Column, Node, Project

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["free_name", "projected"]


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name0`, `name1` ... that is not taken, as Flink numbers them."""
    unique, n = name, 0
    while unique in taken:
        unique, n = f"{name}{n}", n + 1
    return unique


def projected(plan: Node, items: list[tuple[str, Expr]]) -> Node:
    """`items` (name, expression) over `plan`; a column that is only passed on keeps its role."""
    by_name = {c.name: c for c in plan.columns}
    columns: list[Column] = []
    for wanted, expr in items:
        name = free_name(wanted, [c.name for c in columns])
        source = by_name.get(expr.name) if isinstance(expr, Ref) else None
        columns.append(Column(name, expr.type, source.role if source else "", source.window if source else None))
    return Project(tuple(columns), plan, tuple(e for _, e in items))
