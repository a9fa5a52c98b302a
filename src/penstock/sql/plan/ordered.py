"""Nodes that look at rows in an order: OVER aggregates, Top-N and deduplication."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.sql.expr import Ref
from penstock.sql.plan.node import Node
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from penstock.core.errors import SqlError
    from penstock.sql.expr import AggregateCall, Expr, Frame, Order

__all__ = ["FirstRows", "OverAggregate", "TopN"]


@dataclass(frozen=True, slots=True)
class OverAggregate(Node):
    """Each row with the results of `calls` over the rows of its partition before it; given as its time passes.

    `columns` are the input's, then the results. `refusal` says why Flink has no operator for it.
    """

    input: Node
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    frame: Frame
    calls: tuple[AggregateCall, ...]
    refusal: SqlError | None = field(default=None, compare=False)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def time(self) -> str:
        """The column of the event time that orders the rows."""
        first = self.order[0].expr
        assert isinstance(first, Ref)
        return first.name

    @property
    def label(self) -> str:
        by = f" by {', '.join(spelled(p) for p in self.partition)}" if self.partition else ""
        first = "UNBOUNDED" if self.frame.preceding is None else f"{self.frame.preceding}"
        unit = "" if self.frame.rows or self.frame.preceding is None else " ms"
        frame = f"{'ROWS' if self.frame.rows else 'RANGE'} {first}{unit} PRECEDING"
        return f"OverAggregate on {self.time}{by} {frame} of {', '.join(spelled(c) for c in self.calls)}"


@dataclass(frozen=True, slots=True)
class _Ranked(Node):
    """Rows by their number in an order, within each partition."""

    input: Node
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    first: int
    last: int
    numbered: bool

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def _rank(self) -> str:
        by = f" by {', '.join(spelled(e) for e in self.partition)}" if self.partition else ""
        order = ", ".join(spelled(o.expr) + (" DESC" if o.descending else "") for o in self.order)
        return f"{self.first} to {self.last}{by} in order of {order}"


@dataclass(frozen=True, slots=True)
class TopN(_Ranked):
    """Of each partition the rows from number `first` to `last` in `order`: the table changes as rows come.

    `columns` are the input's and, where `numbered`, the row's number. Of rows that are equal in order the earlier one
    comes first; with `newest` the later one.
    """

    newest: bool = False

    @property
    def label(self) -> str:
        return f"TopN {self._rank}"


@dataclass(frozen=True, slots=True)
class FirstRows(_Ranked):
    """As TopN, but given once and for all when the watermark passes `time`: an event time or the end of a window."""

    time: str

    @property
    def label(self) -> str:
        return f"FirstRows on {self.time} {self._rank}"
