"""What became of single records in a pipeline, of those that are listed as rejected or late."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from penstock.connectors.log_reader import LogReader
from penstock.engine.operators.sink import SinkOperator
from penstock.project.build import make_pipeline
from penstock.project.system import late, rejects
from penstock.project.topics import topic_of
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Collection

    from penstock.engine.graph import Graph
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.project.replays import Place

__all__ = ["Fate", "fates", "manifest_of", "wholly"]

Fate = Literal["unread", "counted", "out", "partly"]
"""`out`: no operator has used it. `partly`: some window, or some INSERT, has counted it and another has not."""


def manifest_of(log: Log, pipeline: str) -> dict[str, Any] | None:
    """The manifest of a pipeline's last checkpoint."""
    found = log.state.checkpoint(pipeline)
    return None if found is None else json.loads(found.manifest)


def _read_up_to(manifest: dict[str, Any] | None) -> dict[str, list[int]]:
    """By topic the next offset of each partition that a pipeline will read."""
    start = manifest and manifest["position"]["readers"].get(LogReader.name, {}).get("start")
    return start["next"] if start else {}


def fates(penstock: Penstock, definition: PipelineDefinition, places: Collection[Place]) -> dict[Place, Fate]:
    """What became of the records at `places`, as of the pipeline's last checkpoint."""
    read = _read_up_to(manifest_of(penstock.log, definition.name))
    pipeline = make_pipeline(definition, penstock.world, penstock.settings)
    graph = pipeline.executor.graph
    pipeline.close()
    refused = _refused(penstock, definition.name)
    found: dict[Place, Fate] = {}
    for place in places:
        topic, partition, offset = place
        upto = read.get(topic, [])
        if partition >= len(upto) or offset >= upto[partition]:
            found[place] = "unread"
        elif place not in refused:
            found[place] = "counted"
        else:
            found[place] = "out" if wholly(graph, topic, refused[place]) else "partly"
    return found


def _refused(penstock: Penstock, pipeline: str) -> dict[Place, set[str]]:
    """By record the operators that could not use it at all."""
    out: dict[Place, set[str]] = {}
    parts = (
        rejects(penstock.log).select("pipeline", "operator", "topic", "partition", "offset", lost=~pl.col("ignored")),
        late(penstock.log).select("pipeline", "operator", "topic", "partition", "offset", "lost"),
    )
    rows = pl.concat(parts).filter((pl.col("pipeline") == pipeline) & pl.col("offset").is_not_null())
    for _, operator, topic, partition, offset, lost in rows.iter_rows():
        operators = out.setdefault((topic, partition, offset), set())
        if lost:
            operators.add(operator)
    return out


def wholly(graph: Graph, topic: str, operators: set[str]) -> bool:
    """Whether no reader of `topic` has used a record that `operators` refused."""
    for index, source in graph.sources.items():
        node = graph.vertices[index].node
        if not isinstance(node, p.Scan) or topic_of(node.table) != topic or source.name in operators:
            continue
        consumers = {
            v.operator.name
            for v in graph.vertices
            if index in v.lineage and (isinstance(v.operator, SinkOperator) or not v.operator.row_wise)
        }
        if not consumers or consumers - operators:
            return False
    return True
