"""What the tables and views of a project are, in words that a page or a person can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.core.errors import QueryError, did_you_mean
from penstock.project.topics import topic_of
from penstock.sql import plan as p
from penstock.sql.catalog import Table, View

if TYPE_CHECKING:
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["ColumnDescription", "TableDescription", "describe_table", "describe_tables"]


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """`type` is in Flink's words; `rowtime` says whether the column carries the watermark."""

    name: str
    type: str
    nullable: bool
    rowtime: bool


@dataclass(frozen=True, slots=True)
class TableDescription:
    """`upsert`: the table holds the last row of each primary key. `windowed`: it has `NAME$open`."""

    name: str
    kind: Literal["table", "view"]
    columns: tuple[ColumnDescription, ...]
    primary_key: tuple[str, ...]
    connector: str
    topic: str | None
    upsert: bool
    windowed: bool
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]


def describe_tables(penstock: Penstock) -> list[TableDescription]:
    """All tables and views of the catalog, by name."""
    described = [_described(penstock, found) for found in penstock.catalog.objects.values()]
    return sorted(described, key=lambda one: one.name)


def describe_table(penstock: Penstock, name: str) -> TableDescription:
    """The table or view `name`, or database.name. Raises QueryError with the closest name there is."""
    found = penstock.catalog.find(tuple(name.split(".")[:3]))
    if found is None:
        known = [one.name for one in describe_tables(penstock)]
        hint = did_you_mean(name, known) or ("there are " + ", ".join(known) if known else "CREATE TABLE makes one")
        raise QueryError(f"there is no table or view '{name}'", code="table-unknown", hint=hint)
    return _described(penstock, found)


def _described(penstock: Penstock, found: Table | View) -> TableDescription:
    name = found.name if penstock.catalog.find((found.name,)) is found else ".".join(found.path[1:])
    if isinstance(found, View):
        columns = tuple(ColumnDescription(c.name, c.type.name, c.type.nullable, c.is_time) for c in found.columns)
        return TableDescription(
            name, "view", columns, (), "", None, upsert=False, windowed=True, written_by=(), read_by=()
        )
    columns = tuple(
        ColumnDescription(c.name, c.type.name, c.type.nullable, c.name == found.watermark_column) for c in found.columns
    )
    pipelines = penstock.definition.pipelines
    sinks = [(d, sink) for d in pipelines for sink in d.plan.parts if sink.table.path == found.path]
    return TableDescription(
        name,
        "table",
        columns,
        found.primary_key,
        found.connector,
        topic_of(found),
        upsert=found.connector == "upsert-kafka",
        windowed=any(isinstance(n, p.WindowAggregate) for _, sink in sinks for n in p.nodes(sink)),
        written_by=tuple(dict.fromkeys(d.name for d, _ in sinks)),
        read_by=tuple(d.name for d in pipelines if _reads(d, found)),
    )


def _reads(definition: PipelineDefinition, table: Table) -> bool:
    return any(isinstance(n, p.Scan) and n.table.path == table.path for n in p.nodes(definition.plan))
