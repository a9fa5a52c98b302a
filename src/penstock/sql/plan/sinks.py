"""Where rows go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sql.plan.node import Node

if TYPE_CHECKING:
    from penstock.sql.catalog import Table

__all__ = ["Sink", "Sinks"]


@dataclass(frozen=True, slots=True)
class Sink(Node):
    """INSERT INTO `table`; the input's columns are the table's, in its order and types.

    `deduplicates`: ON CONFLICT says that of the rows of one key the last one stays.
    """

    input: Node
    table: Table
    overwrite: bool = False
    options: tuple[tuple[str, str], ...] = ()
    deduplicates: bool = False

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Sink {self.table.name}"


@dataclass(frozen=True, slots=True)
class Sinks(Node):
    """All INSERTs of one pipeline; its own row is empty."""

    parts: tuple[Sink, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.parts
