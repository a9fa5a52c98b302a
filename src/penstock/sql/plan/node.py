"""A node of the plan, and the way through what is below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sql.expr import HashedOnce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.sql.plan.columns import Column

__all__ = ["Node", "nodes", "shared_nodes"]


@dataclass(frozen=True, slots=True)
class Node(HashedOnce):
    """A relation; `columns` is its row."""

    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return ()

    def column(self, name: str) -> Column:
        """The first column of that name, which there is."""
        return next(c for c in self.columns if c.name == name)

    @property
    def label(self) -> str:
        """One line of EXPLAIN, without the columns."""
        return type(self).__name__


def nodes(plan: Node) -> Iterator[Node]:
    """`plan` and everything below it, from the top down."""
    yield plan
    for child in plan.inputs:
        yield from nodes(child)


def shared_nodes(plan: Node) -> set[Node]:
    """The nodes that several others take from."""
    readers: dict[Node, set[Node]] = {}
    for node in nodes(plan):
        for child in node.inputs:
            readers.setdefault(child, set()).add(node)
    return {node for node, parents in readers.items() if len(parents) > 1}
