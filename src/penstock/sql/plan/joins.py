"""Nodes that join two relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.sql.plan.node import Node
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from penstock.sql.expr import Expr

__all__ = ["IntervalJoin", "JoinKeys", "JoinKind", "TemporalJoin"]

JoinKind = Literal["INNER", "LEFT", "RIGHT", "FULL"]


@dataclass(frozen=True, slots=True)
class JoinKeys:
    """What is equal on both sides: expressions over the left input, over the right, and whether NULL equals NULL."""

    left: tuple[Expr, ...] = ()
    right: tuple[Expr, ...] = ()
    null_safe: tuple[bool, ...] = ()

    @property
    def text(self) -> str:
        """``a = b AND c IS NOT DISTINCT FROM d``."""
        pairs = zip(self.left, self.right, self.null_safe, strict=True)
        words = (f"{spelled(a)} {'IS NOT DISTINCT FROM' if safe else '='} {spelled(b)}" for a, b, safe in pairs)
        return " AND ".join(words)


@dataclass(frozen=True, slots=True)
class _TimedJoin(Node):
    """Two inputs, each with its event time, joined where keys are equal."""

    left: Node
    right: Node
    kind: JoinKind
    keys: JoinKeys
    left_time: str
    right_time: str

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class IntervalJoin(_TimedJoin):
    """Pairs of rows with equal keys whose event times lie near each other: left - right in [`lower`, `upper`] ms.

    `columns` are those of the left input, then those of the right, all of different names; the side that an outer
    join fills up has NULLs where no row fits. `condition`, over both, must hold too.
    """

    lower: int
    upper: int
    condition: Expr | None

    @property
    def label(self) -> str:
        near = f"{self.left_time} - {self.right_time} in {self.lower} to {self.upper} ms"
        rest = [spelled(self.condition)] if self.condition is not None else []
        return f"IntervalJoin {self.kind} on " + " AND ".join(
            [*([self.keys.text] if self.keys.left else []), near, *rest]
        )


@dataclass(frozen=True, slots=True)
class TemporalJoin(_TimedJoin):
    """Each left row with the version of its key that the right input had at the left row's event time."""

    condition: Expr | None

    @property
    def label(self) -> str:
        rest = [spelled(self.condition)] if self.condition is not None else []
        on = " AND ".join([self.keys.text, *rest])
        return f"TemporalJoin {self.kind} as of {self.left_time} on {on}"
