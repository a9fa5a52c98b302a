"""What each column that a pipeline writes is made of: columns of tables, the topics they lie in, who writes those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.project.topics import topic_of
from penstock.sql import plan as p
from penstock.sql.origins import origins

if TYPE_CHECKING:
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["MadeOf", "WrittenColumn", "column_origins"]


@dataclass(frozen=True, slots=True)
class MadeOf:
    """A column of a table that is read; its `topic`, or None; the pipelines that write that, none if it comes in."""

    table: str
    column: str
    topic: str | None
    written_by: list[str]


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column of a table that is written, and what its values are computed from; nothing for constants and counts."""

    table: str
    column: str
    made_of: list[MadeOf]


def column_origins(penstock: Penstock, definition: PipelineDefinition) -> list[WrittenColumn]:
    """The columns of the tables that a pipeline writes, in their order."""
    scanned = {n.table.name: n.table for n in p.nodes(definition.plan) if isinstance(n, p.Scan)}
    topics = {name: topic_of(table) for name, table in scanned.items()}
    writers: dict[str, list[str]] = {}
    for other in penstock.definition.pipelines:
        for sink in other.plan.parts:
            place = topic_of(sink.table)
            if place is not None and other.name not in writers.setdefault(place, []):
                writers[place].append(other.name)
    return [
        WrittenColumn(
            sink.table.name,
            column.name,
            [MadeOf(t, c, topics[t], writers.get(topics[t] or "", [])) for t, c in sorted(found)],
        )
        for sink in definition.plan.parts
        for column, found in zip(sink.columns, origins(sink), strict=True)
    ]
