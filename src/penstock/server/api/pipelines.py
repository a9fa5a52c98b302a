"""Pipelines: how they go, their operators one by one, and telling them what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from penstock.core.batch import END_OF_TIME, NO_TIME
from penstock.engine.ledger import FATES
from penstock.engine.operators.source import Source
from penstock.project.column_origins import column_origins
from penstock.project.confinement import told_error
from penstock.project.explain import details
from penstock.project.figures import State, behind  # a model needs it
from penstock.project.recall import recalled
from penstock.project.standing import Standing, definition_of, standing_of
from penstock.project.topics import topic_of
from penstock.project.wish import Wanted  # noqa: TC001  # a model needs it
from penstock.server.access import entry_of
from penstock.server.api.model import Given, Model, Project
from penstock.sql import plan as p

if TYPE_CHECKING:
    from penstock.engine.graph import Vertex
    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock
    from penstock.project.rate import Rates
    from penstock.project.steer import Act

__all__ = ["router"]

router = APIRouter(prefix="/api/pipelines", tags=["pipelines"])


class PipelineAnswer(Model):
    name: str = Field(examples=["metrics"])
    file: str = Field(examples=["sql/10_metrics.sql"])
    """Where it is defined."""
    state: State
    """`paused`: its state is kept in memory; `draining`: it reads what is there and closes its windows, and has then
    `ended`; `stopped`: it is not in the memory of this process."""
    wanted: Wanted
    """What it is to do; kept in the project's database, so that the next process does it too."""
    wanted_since_ms: int | None
    """Since when, ms since 1970; null where nobody has said anything."""
    error: str | None
    """What has ended it, or kept it from beginning."""
    reads: list[str] = Field(examples=[["chat_events"]])
    """Topics."""
    writes: list[str] = Field(examples=[["meeting_metrics"]])
    """Topics."""
    rows: int
    """Rows read since it was started."""
    rows_per_second: float
    results: dict[str, int] = Field(examples=[{"meeting_metrics": 4100}])
    """Rows committed since it was started, by table."""
    late: int
    rejected: int
    watermark: int | None
    """Event time, ms since 1970."""
    lag: int | None
    """Records that it has not read."""
    state_bytes: int
    epoch: int
    """Its last checkpoint."""
    checkpoint_interval: int | None
    """Ms between checkpoints; null where the engine chooses."""
    remarks: list[str] = Field(examples=[["parallelism 4 is kept for a cluster: embedded, it runs as one"]])
    """What else is to be known, in sentences."""


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
    """Rows that it takes."""
    given_per_second: float
    state_bytes: int | None
    """In memory; null where the pipeline is not there."""
    topic: str | None
    """That a source reads or a sink writes."""
    watermark: int | None
    """That it has passed on last, ms since 1970."""
    lag: int | None
    """Records of its topic that a source has not read; null of what is none."""


class PipelineDetails(PipelineAnswer):
    operators: list[OperatorAnswer]
    """In the order in which rows pass them."""
    sql: str | None
    """The text of its file; null for who has row filters, as are all SQL files."""


class MadeOfAnswer(Model):
    table: str = Field(examples=["meeting_events"])
    column: str = Field(examples=["latency_ms"])
    topic: str | None = Field(examples=["meeting_events"])
    written_by: list[str]
    """Pipelines that write that topic; none where its rows come in."""


class ColumnOriginsAnswer(Model):
    table: str = Field(examples=["meeting_metrics"])
    column: str = Field(examples=["avg_latency_ms"])
    made_of: list[MadeOfAnswer]
    """What its values are computed from; nothing for constants, and for counts of rows."""


class Start(Given):
    parallelism: int | None = Field(None, ge=1, le=32_768, examples=[4])
    """Kept for a cluster: embedded, a pipeline runs as one."""
    checkpoint_interval_ms: int | None = Field(None, ge=1, le=86_400_000, examples=[10_000])
    """Instead of what SQL and settings say."""


Name = Annotated[str, Path(examples=["metrics"])]


@router.get("", operation_id="pipelines")
def list_pipelines(request: Request, penstock: Project) -> list[PipelineAnswer]:
    """All pipelines, in the order of their definition."""
    return [_answer(request, penstock, one) for one in penstock.pipelines()]


@router.get("/{name}", operation_id="pipeline")
def show_pipeline(request: Request, penstock: Project, name: Name) -> PipelineDetails:
    """One pipeline and its graph of operators; of one that is not in memory, as its last checkpoint has it."""
    found = _answer(request, penstock, standing_of(penstock, name))
    running = next((p for p in penstock.running if p.name == name), None)
    rates = request.app.state.rates
    if running is not None:
        operators = _operators(running, behind(running.log, running.input.position()), rates)
    else:
        rest = recalled(penstock, name)
        operators = [] if rest is None else _operators(*rest, rates, at_rest=True)
    text = None if entry_of(request.scope).caller.filters else penstock.definition.texts.get(found.file)
    return PipelineDetails(**found.model_dump(), operators=operators, sql=text)


@router.get("/{name}/columns", operation_id="pipeline_columns")
def show_columns(penstock: Project, name: Name) -> list[ColumnOriginsAnswer]:
    """What each column of the tables that it writes is made of."""
    found = column_origins(penstock, definition_of(penstock, name))
    return [ColumnOriginsAnswer.model_validate(one) for one in found]


@router.post("/{name}/start", operation_id="pipeline_start")
def start_pipeline(request: Request, penstock: Project, name: Name, how: Start) -> PipelineAnswer:
    """Begin from the last checkpoint; refused where it runs (409)."""
    return _steered(request, penstock, name, "start", how)


@router.post("/{name}/restart", operation_id="pipeline_restart")
def restart_pipeline(request: Request, penstock: Project, name: Name, how: Start) -> PipelineAnswer:
    """Commit and begin anew from that checkpoint; one that has failed, from its last."""
    return _steered(request, penstock, name, "restart", how)


@router.post("/{name}/pause", operation_id="pipeline_pause")
def pause_pipeline(request: Request, penstock: Project, name: Name) -> PipelineAnswer:
    """Commit and halt; its state stays in memory, and its lag grows."""
    return _steered(request, penstock, name, "pause")


@router.post("/{name}/resume", operation_id="pipeline_resume")
def resume_pipeline(request: Request, penstock: Project, name: Name) -> PipelineAnswer:
    """Go on after a pause."""
    return _steered(request, penstock, name, "resume")


@router.post("/{name}/stop", operation_id="pipeline_stop")
def stop_pipeline(request: Request, penstock: Project, name: Name) -> PipelineAnswer:
    """Commit and halt; its state leaves the memory."""
    return _steered(request, penstock, name, "stop")


@router.post("/{name}/drain", operation_id="pipeline_drain")
def drain_pipeline(request: Request, penstock: Project, name: Name) -> PipelineAnswer:
    """Begin to read what is there now, after which all windows close and it ends. It has then `ended`."""
    return _steered(request, penstock, name, "drain")


def _steered(request: Request, penstock: Penstock, name: str, act: Act, how: Start | None = None) -> PipelineAnswer:
    parallelism, interval = (how.parallelism, how.checkpoint_interval_ms) if how else (None, None)
    return _answer(request, penstock, penstock.steer(name, act, parallelism=parallelism, checkpoint_interval=interval))


def _answer(request: Request, penstock: Penstock, found: Standing) -> PipelineAnswer:
    rates: Rates = request.app.state.rates
    rate = (
        rates.of(found.name, found.rows, penstock.clock.monotonic()) if found.state in ("running", "draining") else 0.0
    )
    error = told_error(found.error, entry_of(request.scope).caller.filters)
    return PipelineAnswer(**{**asdict(found), "error": error}, rows_per_second=rate)


def _operators(
    pipeline: Pipeline, unread: dict[str, dict[int, int]], rates: Rates, *, at_rest: bool = False
) -> list[OperatorAnswer]:
    vertices = pipeline.executor.graph.vertices
    now = pipeline.clock.monotonic()
    found: list[OperatorAnswer] = []
    watermarks: list[int] = []
    for vertex, passed in zip(vertices, pipeline.executor.watermarks, strict=True):
        operator, counts = vertex.operator, vertex.operator.counts
        mark = f"{pipeline.name}/{operator.name}"
        watermarks.append(_watermark(vertex, passed, watermarks))
        topic = topic_of(vertex.node.table) if isinstance(vertex.node, (p.Scan, p.Sink)) else None
        lag = sum(unread[topic].values()) if isinstance(vertex.node, p.Scan) and topic in unread else None
        found.append(
            OperatorAnswer(
                name=operator.name,
                kind=operator.kind,
                inputs=[vertices[i].operator.name for i in vertex.inputs],
                details=[*details(vertex.node)],
                taken=counts.taken,
                given=counts.given,
                fates={fate: getattr(counts, fate) for fate in FATES if getattr(counts, fate)},
                rows_per_second=0 if at_rest else rates.of(mark, counts.taken, now),
                given_per_second=0 if at_rest else rates.of(f"{mark}/given", counts.given, now),
                topic=topic,
                state_bytes=None if at_rest else operator.state_bytes,
                watermark=None if watermarks[-1] in (NO_TIME, END_OF_TIME) else watermarks[-1],
                lag=lag,
            )
        )
    return found


def _watermark(vertex: Vertex, passed: int, before: list[int]) -> int:
    """That an operator has passed on; of one that has not worked since it was restored, that of its inputs."""
    if isinstance(vertex.operator, Source):
        return vertex.operator.watermarks.value if vertex.operator.has_time else NO_TIME
    return min((before[i] for i in vertex.inputs), default=NO_TIME) if passed == NO_TIME else passed
