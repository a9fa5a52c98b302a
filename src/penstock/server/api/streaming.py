"""The calls by which a streaming platform was operated before: status, topics, pipelines, metrics, ingest."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from penstock.connectors.http.poller import polled
from penstock.core.errors import RequestError
from penstock.formats.json.elements import elements
from penstock.project.streams import pipeline_of, take, topic_figures, topic_of_stream
from penstock.server.api.model import Given, Model, Project

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock
    from penstock.project.streams import Taken

__all__ = ["PREFIX", "router"]

PREFIX = "/api/streaming"
"""Errors of these calls say `"success": false` beside what all errors say."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RETENTION_HOURS = 24

router = APIRouter(prefix=PREFIX, tags=["streaming"])


class Component(Model):
    healthy: bool
    message: str = Field(examples=["embedded log: 5 topics, 25,344 records, 3.1 MB"])


class TopicStatus(Model):
    name: str = Field(examples=["stavanger_parking_events"])
    partitions: int = Field(examples=[3])
    replicas: int = Field(examples=[1])
    size: int
    """Bytes of keys, values and headers, before compression."""
    messages: int


class StreamStatus(Model):
    id: str = Field(examples=["live"])
    name: str = Field(examples=["live"])
    status: str = Field(examples=["running"])
    start_time: str | None = Field(examples=["2026-01-31T12:00:00.000Z"])
    end_time: str | None
    duration: float | None = Field(examples=[3600.2])
    """Seconds from start to end, or to now."""


class StatusAnswer(Model):
    overall_status: Literal["healthy", "degraded", "error"]
    """`error`: no engine runs, or no pipeline does; `degraded`: a pipeline has failed, or a source does not answer."""
    kafka: Component
    flink: Component
    topics: list[TopicStatus]
    streams: list[StreamStatus]
    """The pipelines."""
    mode: Literal["embedded", "cluster"]


@router.get("/status", operation_id="streaming_status")
def status(penstock: Project) -> StatusAnswer:
    """The health of the log and the engine, the topics, the pipelines."""
    topics = [
        TopicStatus(name=held.topic, partitions=len(held.ends), replicas=1, size=held.bytes, messages=held.records)
        for held in penstock.log.held()
        if not held.topic.startswith("__")
    ]
    streams = _streams(penstock)
    states = [one.status for one in streams]
    bad = [one.name for one in streams if one.status == "failed"]
    out = [one.table for one in polled(penstock.log) if one.since is not None]
    goes = penstock.current is not None and any(state in ("running", "draining") for state in states)
    degraded = bool(bad or out)
    size = sum(one.size for one in topics) / 1e6
    return StatusAnswer(
        overall_status="error" if not goes else "degraded" if degraded else "healthy",
        kafka=Component(
            healthy=True,
            message=f"embedded log: {len(topics)} topics, {sum(t.messages for t in topics):,} records, {size:.1f} MB",
        ),
        flink=Component(healthy=goes and not bad, message=_engine(states, bad, out)),
        topics=topics,
        streams=streams,
        mode="embedded",
    )


def _engine(states: list[str], bad: list[str], out: list[str]) -> str:
    said = f"embedded engine: {states.count('running')} of {len(states)} pipelines run"
    said += f"; failed: {', '.join(bad)}" if bad else ""
    return said + (f"; no answer for table {', '.join(out)}" if out else "")


def _streams(penstock: Penstock) -> list[StreamStatus]:
    run, now = penstock.current, penstock.clock.now_ms()
    found = []
    for one in penstock.pipelines():
        life = run.lives.get(one.name) if run is not None else None
        began, ended = (life.began_ms, life.ended_ms) if life is not None else (None, None)
        found.append(
            StreamStatus(
                id=one.name,
                name=one.name,
                status=one.state,
                start_time=_time(began),
                end_time=_time(ended),
                duration=None if began is None else ((ended or now) - began) / 1000,
            )
        )
    return found


class TopicConfig(Given):
    partitions: int = Field(1, ge=1, le=10_000)
    replication_factor: int = Field(1, ge=1, le=32_767)
    retention_hours: float = Field(_RETENTION_HOURS, gt=0, le=1e6)
    cleanup_policy: Literal["delete", "compact", "compact,delete"] = "delete"


class NewTopic(Given):
    """The name as `topic_name` or `name`; the configuration as `config` or beside it."""

    topic_name: str | None = Field(None, examples=["stavanger_parking_realtime"])
    name: str | None = None
    config: TopicConfig | None = None
    partitions: int | None = Field(None, ge=1, le=10_000)
    replication_factor: int | None = Field(None, ge=1, le=32_767)
    retention_hours: float | None = Field(None, gt=0, le=1e6)
    cleanup_policy: Literal["delete", "compact", "compact,delete"] | None = None


class CreatedConfig(Model):
    name: str
    partitions: int
    replicas: int
    configs: dict[str, str] = Field(examples=[{"retention.ms": "604800000", "cleanup.policy": "delete"}])


class CreatedTopic(Model):
    success: bool = True
    topic: str
    message: str
    config: CreatedConfig
    warnings: list[str]


@router.post("/topics", operation_id="streaming_topic_create")
def create_topic(penstock: Project, topic: NewTopic) -> CreatedTopic:
    """Make a topic; of a stream that the project knows the name is enough. 409 where it exists."""
    named = topic.topic_name or topic.name
    if not named:
        raise RequestError("a topic has a name", code="request-form", hint='{"topic_name": "..."}')
    flat = topic.model_dump(exclude_none=True, exclude={"topic_name", "name", "config"})
    given = flat | (topic.config.model_dump(exclude_unset=True) if topic.config else {})
    name = topic_of_stream(penstock, named)
    known = penstock.settings.topics.get(name)
    wanted = TopicConfig(**given)
    configs: dict[str, str] = {} if known is not None else _configs(wanted)
    if known is not None:
        configs |= {key: value for key, value in _configs(wanted).items() if _CONFIG_OF[key] in given}
    partitions = penstock.create_topic(name, given.get("partitions", None if known else 1), configs)
    made = penstock.log.topic(name)
    asked = wanted.replication_factor
    warnings = [f"replication_factor {asked} is for real brokers: the embedded log keeps one copy"] if asked > 1 else []
    shown = {key: made.configs.get(key, "") for key in _CONFIG_OF}
    return CreatedTopic(
        topic=name,
        message=f"topic {name} is made" + (f" for stream {named}" if named != name else ""),
        config=CreatedConfig(name=name, partitions=partitions, replicas=1, configs=shown),
        warnings=warnings,
    )


_CONFIG_OF = {"retention.ms": "retention_hours", "cleanup.policy": "cleanup_policy"}


def _configs(wanted: TopicConfig) -> dict[str, str]:
    return {
        "retention.ms": str(round(wanted.retention_hours * 3_600_000)),
        "cleanup.policy": wanted.cleanup_policy,
    }


class PipelineConfig(Given):
    parallelism: int | None = Field(default=None, ge=1, le=32_768)
    checkpoint_interval_ms: int | None = Field(default=None, ge=1, le=86_400_000)


class StartedPipeline(Model):
    success: bool = True
    pipeline: str
    job_id: str
    """The pipeline's name: it has one life at a time."""
    status: str = Field(examples=["running"])
    message: str


class NewPipeline(Given):
    pipeline_name: str = Field(examples=["live"])
    """A pipeline, or the stream that it makes."""
    config: PipelineConfig = PipelineConfig()


@router.post("/pipelines", operation_id="streaming_pipeline_start")
def start_pipeline(penstock: Project, pipeline: NewPipeline) -> StartedPipeline:
    """Start a pipeline from its last checkpoint; 404 where there is none of that name, 409 where it runs."""
    config = pipeline.config
    found = penstock.steer(
        pipeline_of(penstock, pipeline.pipeline_name),
        "start",
        parallelism=config.parallelism,
        checkpoint_interval=config.checkpoint_interval_ms,
    )
    message = "; ".join([f"pipeline {found.name} goes on from checkpoint {found.epoch}", *found.remarks])
    return StartedPipeline(pipeline=found.name, job_id=found.name, status=found.state, message=message)


class PartitionFigures(Model):
    partition: int
    messages: int
    lag: int


class MetricsAnswer(Model):
    topic: str
    timestamp: str
    time_range: str
    messages_per_second: float
    """Messages of the range by its seconds."""
    total_messages: int
    """Those that were appended in the range and are kept."""
    active_consumers: int
    """Pipelines that read it and run now."""
    lag: int
    """Records that the group which is furthest behind has not read."""
    throughput_mb_s: float
    """Keys, values and headers, before compression; a MB is a million bytes."""
    error_rate: float
    """Which share of the messages a pipeline has rejected."""
    partition_info: list[PartitionFigures]


@router.get("/metrics/{topic}", operation_id="streaming_metrics")
def metrics(
    penstock: Project,
    topic: Annotated[str, Path(examples=["stavanger_parking_events"])],
    time_range: Annotated[str, Query(description="A number of s, m, h or d", examples=["1h"])] = "1h",
) -> MetricsAnswer:
    """What came into a topic, or a stream's, by the time of its appends; it survives a restart."""
    seconds = _seconds(time_range)
    found = topic_figures(penstock, topic, seconds)
    total = sum(found.records)
    return MetricsAnswer(
        topic=found.topic,
        timestamp=_time(penstock.clock.now_ms()) or "",
        time_range=time_range,
        messages_per_second=total / seconds,
        total_messages=total,
        active_consumers=len(found.readers),
        lag=sum(found.lags),
        throughput_mb_s=found.bytes / seconds / 1e6,
        error_rate=found.rejected / total if total else 0.0,
        partition_info=[
            PartitionFigures(partition=n, messages=messages, lag=lag)
            for n, (messages, lag) in enumerate(zip(found.records, found.lags, strict=True))
        ],
    )


def _seconds(time_range: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", time_range)
    if found is None:
        raise RequestError(
            f"time_range is '{time_range}', allowed is a number of s, m, h or d",
            code="request-form",
            hint="time_range=1h",
        )
    return int(found[1]) * _UNITS[found[2]]


@router.post(
    "/ingest/{topic}",
    operation_id="streaming_ingest",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {}}]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    },
    response_class=Response,
)
async def ingest(
    request: Request, penstock: Project, topic: Annotated[str, Path(examples=["parking_feed"])]
) -> Response:
    """Append one event, an array or a line each (NDJSON); those that the topic's table cannot read are refused.

    400 where the body is not JSON (nothing is appended), 422 where no event was accepted.
    """
    body = await request.body()
    lines = request.headers.get("content-type", "").split(";")[0].strip().endswith(("ndjson", "jsonl"))
    try:
        values = [line for line in body.splitlines() if line.strip()] if lines else elements(body)
    except ValueError as error:
        raise RequestError(f"the body is {error}", code="request-json", hint="one event is {...}") from None
    taken = await anyio.to_thread.run_sync(take, penstock, topic, values)
    now = _time(penstock.clock.now_ms())
    return JSONResponse(_ingested(taken, len(values), len(body), now), 200 if taken.places or not values else 422)


def _ingested(taken: Taken, count: int, size: int, now: str | None) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    for number in range(count):
        if (error := taken.refused.get(number)) is not None:
            results.append({"index": number, "error": {"code": error.code, "message": error.message}})
        else:
            partition, offset = taken.places[number]
            results.append({"index": number, "partition": partition, "offset": offset})
    return {
        "success": bool(taken.places) or not count,
        "topic": taken.topic,
        "timestamp": now,
        "accepted": len(taken.places),
        "rejected": len(taken.refused),
        "data_size": size,
        "results": results,
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="milliseconds")
