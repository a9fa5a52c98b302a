"""A project's pipelines as trees of the engine's operators: keys, windows, conditions, and where state is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors.kafka import TOPIC
from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import duration_text
from penstock.project.build import make_pipeline
from penstock.project.check import dry_world
from penstock.project.definition import PipelineDefinition
from penstock.project.wiring import LOG_CONNECTORS
from penstock.sql import plan as p
from penstock.sql.catalog import Table
from penstock.sql.expr import Ref
from penstock.sql.grammar import parse
from penstock.sql.session import SHOWN, Answer, shown
from penstock.sql.spelling import spelled
from penstock.sql.statements import Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.engine.graph import Graph
    from penstock.project.definition import Definition
    from penstock.sql.expr import Expr

__all__ = ["Planned", "details", "explain", "explained", "planned", "planned_rows"]


@dataclass(frozen=True, slots=True)
class Planned:
    """An operator that a query would be run by: its `inputs` by name, and in words what it does."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    details: tuple[str, ...]
    stateful: bool


_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?P<query>.*)", re.IGNORECASE | re.DOTALL)


def explained(sql: str) -> str | None:
    """The query that an EXPLAIN is of; None for what is none."""
    found = _EXPLAIN.fullmatch(sql)
    return None if found is None else found["query"]


def planned_rows(definition: Definition, home: Path, sql: str) -> pl.DataFrame:
    """`planned` as rows: `operator`, the `inputs` that it takes from, `details`, and whether it is `stateful`."""
    rows = [(o.name, ", ".join(o.inputs), "; ".join(o.details), o.stateful) for o in planned(definition, home, sql)]
    schema = {"operator": pl.String, "inputs": pl.String, "details": pl.String, "stateful": pl.Boolean}
    return pl.DataFrame(rows, schema, orient="row")


def planned(definition: Definition, home: Path, sql: str) -> list[Planned]:
    """What a SELECT in Flink's SQL would be as a pipeline, in the order in which rows pass the operators; nothing runs.

    Raises SqlError with the place in it, ConfigError for anything but one SELECT.
    """
    world = dry_world(definition, home)
    with world.log:
        made = make_pipeline(_of_query(definition, sql), world, definition.settings, collect=lambda *_: None)
        vertices = made.executor.graph.vertices
        made.close()
    return [
        Planned(
            vertex.operator.name,
            vertex.operator.kind,
            tuple(vertices[below].operator.name for below in vertex.inputs),
            tuple(details(vertex.node)),
            vertex.operator.stateful,
        )
        for vertex in vertices
        if not _is_shown(vertex.node)
    ]


def _of_query(definition: Definition, sql: str) -> PipelineDefinition:
    """Only a SELECT is executed: it leaves the session as it is."""
    statements = parse(sql)
    if len(statements) != 1 or not isinstance(statements[0], Query):
        raise ConfigError(
            "one SELECT is explained at a time", code="explain-query", hint="of INSERT INTO, the query without that"
        )
    answer = definition.session.execute(statements[0], sql)
    assert isinstance(answer, Answer)
    return PipelineDefinition("query", shown(answer.query), answer.context)


def _is_shown(node: p.Node) -> bool:
    """Whether it only gives rows to who has asked."""
    return isinstance(node, p.Sink) and node.table.connector == SHOWN


def explain(definition: Definition, home: Path, name: str | None = None, query: str | None = None) -> list[str]:
    """Lines: every pipeline, or what makes the rows of the table or view `name`, or of a `query`.

    Raises ConfigError where there is no such table, and what a pipeline that cannot be wired raises.
    """
    world = dry_world(definition, home)
    lines: list[str] = []
    with world.log:
        asked = _asked(definition, name) if query is None else [(_of_query(definition, query), None)]
        for pipeline, table in asked:
            made = make_pipeline(pipeline, world, definition.settings, collect=lambda *_: None)
            graph = made.executor.graph
            made.close()
            lines.append(f"pipeline {pipeline.name}" + (f" ({pipeline.source})" if pipeline.source else ""))
            seen: set[int] = set()
            for index, sink in graph.sinks.items():
                if table is None or sink.table == table:
                    lines += _tree(graph, index, 1, seen)
    return lines


def _asked(definition: Definition, name: str | None) -> Iterator[tuple[PipelineDefinition, str | None]]:
    """The pipelines to show, each with the table whose rows alone are asked for."""
    if name is None:
        yield from ((d, None) for d in definition.pipelines)
        return
    found = definition.session.catalog.find(tuple(name.split(".")))
    if found is None:
        known = [path[2] for path in definition.session.catalog.objects]
        hint = did_you_mean(name, known) or "there are " + ", ".join(sorted(known))
        raise ConfigError(f"there is no table or view '{name}'", code="explain-unknown", hint=hint)
    writing = [d for d in definition.pipelines if any(s.table.path == found.path for s in d.plan.parts)]
    if isinstance(found, Table) and writing:
        yield from ((d, found.name) for d in writing)
        return
    path = ".".join(f"`{part}`" for part in found.path)
    (answer,) = definition.session.run(f"SELECT * FROM {path}")
    assert isinstance(answer, Answer)
    yield PipelineDefinition(f"SELECT * FROM {name}", shown(answer.query), answer.context), None


def _tree(graph: Graph, index: int, depth: int, seen: set[int]) -> Iterator[str]:
    """An operator, and below it those that it takes from; one that stands above already is only named."""
    vertex = graph.vertices[index]
    indent = "  " * depth
    if index in seen:
        yield f"{indent}{vertex.operator.name}, as above"
        return
    seen.add(index)
    said = [*details(vertex.node)]
    if vertex.operator.stateful and vertex.operator.kind != "sink":
        said.append("state in the project's log")
    if not _is_shown(vertex.node):
        yield indent + vertex.operator.name
        yield from (f"{indent}    {words}" for words in said)
    else:
        depth -= 1
    for below in vertex.inputs:
        yield from _tree(graph, below, depth + 1, seen)


def details(node: p.Node) -> Iterator[str]:
    """What is to be known of an operator, a line each, of its node in the plan."""
    match node:
        case p.Sink(table=table):
            yield _place(table) + (
                f", the last row of each {', '.join(table.primary_key)}" if table.primary_key else ""
            )
        case p.Scan(table=table):
            yield _place(table)
            yield "columns " + ", ".join(c.name for c in node.columns)
            if table.watermark is not None:
                yield f"watermark for {table.watermark_column} = {table.watermark_text or spelled(table.watermark)}"
        case p.Filter() | p.Project():
            yield from _row_wise(node)
        case p.WindowAggregate(window=window):
            yield _window(window) + ("" if node.attached else f" on {node.time}")
            yield "by " + (", ".join(spelled(k) for k in node.keys) or "the window alone")
            yield "gives " + (", ".join(spelled(c) for c in node.calls) or "the keys")
        case p.WindowTable(window=window):
            yield f"{_window(window)} on {node.time}"
            if node.partition:
                yield "by " + ", ".join(node.partition)
        case p.IntervalJoin():
            size = duration_text(node.upper - node.lower)
            yield f"{_KINDS[node.kind]} on {node.keys.text or 'the times alone'}, times within {size}"
            yield f"{node.left_time} - {node.right_time} from {_signed(node.lower)} to {_signed(node.upper)}"
            yield from _where(node.condition)
        case p.TemporalJoin():
            yield f"{_KINDS[node.kind]} on {node.keys.text}, the version as of {node.left_time}"
            yield from _where(node.condition)
        case p.Limit(count=count, offset=offset):
            yield f"the first {count:,} rows" + (f" after {offset:,}" if offset else "")
        case p.Values(rows=rows):
            yield f"{len(rows):,} constant rows"


_KINDS: dict[str, str] = {
    "INNER": "pairs",
    "LEFT": "pairs, and left rows without a partner",
    "RIGHT": "pairs, and right rows without a partner",
    "FULL": "pairs, and rows of both sides without a partner",
}


def _where(condition: Expr | None) -> Iterator[str]:
    if condition is not None:
        yield f"where {spelled(condition)}"


def _signed(ms: int) -> str:
    return f"-{duration_text(-ms)}" if ms < 0 else duration_text(ms)


def _row_wise(node: p.Node) -> Iterator[str]:
    """A chain of filters and projections, in the order in which rows pass them: conditions, and the last columns."""
    below = node
    conditions: list[str] = []
    while isinstance(below, (p.Filter, p.Project)):
        if isinstance(below, p.Filter):
            conditions.insert(0, f"where {spelled(below.condition)}")
        below = below.input
    yield from conditions
    if isinstance(node, p.Project):
        parts = zip(node.columns, node.exprs, strict=True)
        yield "gives " + ", ".join(
            c.name if isinstance(e, Ref) and e.name == c.name else f"{spelled(e)} AS {c.name}" for c, e in parts
        )


def _place(table: Table) -> str:
    if table.connector in LOG_CONNECTORS:
        return f"topic {table.options.get(TOPIC.name)} ({table.connector})"
    at = table.options.get("path")
    return f"connector {table.connector}" + (f", {at}" if at else "")


def _window(window: p.Window) -> str:
    size, slide = duration_text(window.size), duration_text(window.slide)
    words = {
        "TUMBLE": f"windows of {size}",
        "HOP": f"windows of {size} every {slide}",
        "CUMULATE": f"windows that grow by {slide} to {size}",
        "SESSION": f"sessions that end {size} after their last row",
    }[window.kind]
    return words + (f", shifted by {duration_text(window.offset)}" if window.offset else "")
