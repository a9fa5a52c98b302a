"""A plan as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.plan.sinks import Sinks

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sql.plan.node import Node

__all__ = ["explain"]


def explain(plan: Node, more: Callable[[Node], str] = lambda _: "") -> str:
    """The plan as indented lines, the result on top; `more` is said of a node at the end of its line."""
    lines: list[str] = []

    def show(node: Node, depth: int) -> None:
        columns = ", ".join(f"{c.name} {c.type}" + (f" *{c.role}*" if c.is_time else "") for c in node.columns)
        lines.append(f"{'  ' * depth}{node.label} [{columns}] {more(node)}".rstrip())
        for child in node.inputs:
            show(child, depth + 1)

    for root in plan.inputs if isinstance(plan, Sinks) else (plan,):
        show(root, 0)
    return "\n".join(lines)
