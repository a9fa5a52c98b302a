"""Pipelines: how they go, and their operators one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import Field

from penstock.core.batch import NO_TIME
from penstock.core.errors import ConfigError, did_you_mean
from penstock.engine.ledger import FATES
from penstock.engine.operators.source import Source
from penstock.project.explain import details
from penstock.project.topics import read_topics, written_topics
from penstock.server.api.model import Model, Project

if TYPE_CHECKING:
    from penstock.engine.pipeline import Pipeline
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.project.rate import Rates

__all__ = ["router"]

router = APIRouter(prefix="/api/pipelines", tags=["pipelines"])


class PipelineAnswer(Model):
    name: str = Field(examples=["metrics"])
    file: str = Field(examples=["sql/10_metrics.sql"])
    """Where it is defined."""
    state: Literal["running", "ended", "failed", "stopped"]
    """`ended`: all its input is read; `stopped`: no engine runs in this process."""
    error: str | None
    """What has ended it."""
    reads: list[str] = Field(examples=[["chat_events"]])
    """Topics."""
    writes: list[str] = Field(examples=[["meeting_metrics"]])
    """Topics."""
    rows: int
    """Rows read since the run began."""
    rows_per_second: float
    results: dict[str, int] = Field(examples=[{"meeting_metrics": 4100}])
    """Rows committed since the run began, by table."""
    late: int
    rejected: int
    watermark: int | None
    """Event time, ms since 1970."""
    lag: int | None
    """Records that it has not read."""
    state_bytes: int
    epoch: int
    """Its last checkpoint."""


class OperatorAnswer(Model):
    name: str = Field(examples=["window aggregate"])
    kind: str = Field(examples=["window aggregate"])
    inputs: list[str] = Field(examples=[["calc"]])
    details: list[str] = Field(examples=[["windows of 30 s", "by meeting_id"]])
    """What it does, in words."""
    taken: int
    given: int
    fates: dict[str, int] = Field(examples=[{"passed": 90, "late": 1, "held": 9}])
    """What became of the rows that it took; their sum is `taken`, with those that were in its state before."""
    rows_per_second: float
    state_bytes: int
    watermark: int | None
    """Of a source, ms since 1970."""


class PipelineDetails(PipelineAnswer):
    operators: list[OperatorAnswer]
    """In the order in which rows pass them."""


@router.get("", operation_id="pipelines")
def list_pipelines(request: Request, penstock: Project) -> list[PipelineAnswer]:
    """All pipelines, in the order of their definition."""
    return [_pipeline(penstock, d, request.app.state.rates) for d in penstock.definition.pipelines]


@router.get("/{name}", operation_id="pipeline")
def show_pipeline(
    request: Request, penstock: Project, name: Annotated[str, Path(examples=["metrics"])]
) -> PipelineDetails:
    """One pipeline and its graph of operators; without an engine in this process there are none."""
    definitions = {d.name: d for d in penstock.definition.pipelines}
    if name not in definitions:
        hint = did_you_mean(name, definitions) or "there are " + ", ".join(definitions)
        raise ConfigError(f"there is no pipeline '{name}'", code="pipeline-unknown", hint=hint)
    rates = request.app.state.rates
    found = _pipeline(penstock, definitions[name], rates)
    running = next((p for p in penstock.running if p.name == name), None)
    return PipelineDetails(**found.model_dump(), operators=[] if running is None else _operators(running, rates))


def _pipeline(penstock: Penstock, definition: PipelineDefinition, rates: Rates) -> PipelineAnswer:
    run = penstock.current
    figures = next((f for f in run.figures() if f.pipeline == definition.name), None) if run else None
    pipeline = next((p for p in penstock.running if p.name == definition.name), None)
    error = run.errors.get(definition.name) if run else None
    state: Literal["running", "ended", "failed", "stopped"] = "running"
    if figures is None:
        state = "stopped"
    elif error is not None:
        state = "failed"
    elif figures.ended:
        state = "ended"
    return PipelineAnswer(
        name=definition.name,
        file=definition.source,
        state=state,
        error=None if error is None else str(error),
        reads=sorted(read_topics(definition.plan)),
        writes=sorted(written_topics(definition.plan)),
        rows=figures.rows if figures else 0,
        rows_per_second=rates.of(definition.name, figures.rows, penstock.clock.monotonic()) if figures else 0.0,
        results=dict(figures.results) if figures else {},
        late=figures.late if figures else 0,
        rejected=figures.rejected if figures else 0,
        watermark=figures.watermark if figures else None,
        lag=figures.lag if figures else None,
        state_bytes=pipeline.executor.state_bytes if pipeline else 0,
        epoch=pipeline.epoch if pipeline else 0,
    )


def _operators(pipeline: Pipeline, rates: Rates) -> list[OperatorAnswer]:
    vertices = pipeline.executor.graph.vertices
    found = []
    for vertex in vertices:
        operator, counts = vertex.operator, vertex.operator.counts
        watermark = operator.watermarks.value if isinstance(operator, Source) and operator.has_time else NO_TIME
        found.append(
            OperatorAnswer(
                name=operator.name,
                kind=operator.kind,
                inputs=[vertices[i].operator.name for i in vertex.inputs],
                details=[*details(vertex.node)],
                taken=counts.taken,
                given=counts.given,
                fates={fate: getattr(counts, fate) for fate in FATES if getattr(counts, fate)},
                rows_per_second=rates.of(f"{pipeline.name}/{operator.name}", counts.taken, pipeline.clock.monotonic()),
                state_bytes=operator.state_bytes,
                watermark=None if watermark == NO_TIME else watermark,
            )
        )
    return found
