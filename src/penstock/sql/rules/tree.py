"""Rebuilding plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.sql.plan import IntervalJoin, Sinks, TemporalJoin, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sql.plan import Node

__all__ = ["bottom_up", "with_inputs"]


def with_inputs(node: Node, inputs: tuple[Node, ...]) -> Node:
    """The same node over other inputs."""
    if inputs == node.inputs:
        return node
    if isinstance(node, (Sinks, Union)):
        return replace(node, parts=inputs)  # type: ignore[arg-type]  # the inputs of Sinks are sinks
    if isinstance(node, (IntervalJoin, TemporalJoin)):
        return replace(node, left=inputs[0], right=inputs[1])
    return replace(node, input=inputs[0])  # type: ignore[call-arg]


def bottom_up(node: Node, change: Callable[[Node], Node]) -> Node:
    """`change` applied to every node, inputs first."""
    return change(with_inputs(node, tuple(bottom_up(i, change) for i in node.inputs)))
