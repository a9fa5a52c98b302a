"""Nodes that give rows as they come: tables, filters, projections, unions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sql.expr import Ref
from penstock.sql.plan.node import Node
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from penstock.sql.catalog import Table
    from penstock.sql.expr import Expr

__all__ = ["Filter", "Limit", "Normalize", "Project", "Scan", "Union", "Values"]


@dataclass(frozen=True, slots=True)
class Scan(Node):
    """The rows of a table, computed columns and watermark included.

    `columns` are those that somebody reads; `options` are the hints given beside the name.
    """

    table: Table
    options: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return f"Scan {self.table.name}"


@dataclass(frozen=True, slots=True)
class Normalize(Node):
    """The changes of a table whose records each replace the row of their `key`, as rows taken back and rows put."""

    input: Node
    key: tuple[str, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Normalize by {', '.join(self.key)}"


@dataclass(frozen=True, slots=True)
class Values(Node):
    """Constant rows, one tuple of literals a row."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    input: Node
    condition: Expr

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Filter {spelled(self.condition)}"


@dataclass(frozen=True, slots=True)
class Project(Node):
    """`exprs` in the order of `columns`."""

    input: Node
    exprs: tuple[Expr, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        pairs = zip(self.exprs, self.columns, strict=True)
        made = [f"{spelled(e)} AS {c.name}" for e, c in pairs if not (isinstance(e, Ref) and e.name == c.name)]
        return " ".join(["Project", ", ".join(made)]).strip()


@dataclass(frozen=True, slots=True)
class Union(Node):
    """UNION ALL: rows of all inputs in the order of the log."""

    parts: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """The first `count` rows after `offset`, in the order they come."""

    input: Node
    count: int
    offset: int = 0

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)
