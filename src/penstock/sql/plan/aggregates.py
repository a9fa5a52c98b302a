"""Nodes that group rows: by keys alone, or by windows of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sql.plan.node import Node
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from penstock.sql.expr import AggregateCall, Expr
    from penstock.sql.plan.columns import Role, Window

__all__ = ["SET_COLUMN", "Aggregate", "WindowAggregate", "WindowTable"]

SET_COLUMN = "$set"
"""The number of the grouping set that a row of an aggregate belongs to."""


@dataclass(frozen=True, slots=True)
class WindowTable(Node):
    """A windowing table function: each row once per window it is in, with window_start, _end and _time.

    `partition` are the columns by which sessions are told apart.
    """

    input: Node
    window: Window
    time: str
    partition: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        by = " by " + ", ".join(self.partition) if self.partition else ""
        return f"WindowTable {self.window.kind} on {self.time}{by}"


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """GROUP BY, whose result changes with each row: `columns` are the keys, then the results of `calls`.

    With `sets` (GROUPING SETS, each a tuple of key positions) a row counts once per set, keys outside the
    set being NULL; a last column `$set` then holds the number of the set.
    """

    input: Node
    keys: tuple[Expr, ...]
    calls: tuple[AggregateCall, ...]
    sets: tuple[tuple[int, ...], ...] = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        parts = ["Aggregate"]
        if self.keys:
            parts.append("by " + ", ".join(spelled(k) for k in self.keys))
        if self.calls:
            parts.append("of " + ", ".join(spelled(c) for c in self.calls))
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class WindowAggregate(Node):
    """GROUP BY a window and `keys`, emitted when the window closes.

    `columns` are the keys, the results of `calls`, (`$set`), then the window's borders of `borders`.
    Windows are cut from the event time `time` of the input; or, where `attached`, the input's rows carry
    their window and `time` names the column of its end.
    """

    input: Node
    window: Window
    time: str
    attached: bool
    keys: tuple[Expr, ...]
    calls: tuple[AggregateCall, ...]
    sets: tuple[tuple[int, ...], ...]
    borders: tuple[Role, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        parts = [f"WindowAggregate {self.window.kind} on {self.time}"]
        if self.keys:
            parts.append("by " + ", ".join(spelled(k) for k in self.keys))
        if self.calls:
            parts.append("of " + ", ".join(spelled(c) for c in self.calls))
        return " ".join(parts)
