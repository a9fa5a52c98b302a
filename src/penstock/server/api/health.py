"""Whether the process lives and is ready for work; how the parts are that it needs, and how they were over days."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  # pydantic reads it
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from penstock.core.errors import RequestError
from penstock.project.health.standing import health_of, uptime_of
from penstock.server.api.model import Model, Project

__all__ = ["router"]

router = APIRouter(tags=["health"])


class Alive(Model):
    status: Literal["alive"] = "alive"


class Ready(Model):
    status: Literal["ready", "degraded"] = Field(examples=["ready"])
    """`degraded` where a pipeline has failed: the others go on."""
    failed: list[str] = Field(examples=[[]])
    """The pipelines that have failed."""


State = Literal["up", "down", "unknown", "stopped"]


class PartAnswer(Model):
    component: str = Field(examples=["disk"])
    state: State
    since: int
    """Since when, ms since 1970; no longer than a week is looked back."""
    probed: int
    """When it was probed last."""
    took: float
    """How long that took, seconds."""
    value: float | None
    """What it has measured: of a disk what is free."""
    unit: str = Field(examples=["bytes"])
    detail: str
    """Why it is down."""


class HealthAnswer(Model):
    state: State
    """The worst one; `unknown` where nothing has probed for too long."""
    parts: list[PartAnswer]


class ShareAnswer(Model):
    """How much of a time a part was what, in ms."""

    up: int
    down: int
    unknown: int
    """No probe tells of it, and no stop was recorded: it counts as if the part was down."""
    stopped: int
    """The process was ended as it should be: it does not count."""
    up_share: float | None = Field(examples=[0.9987])
    """Of the time that counts; null where there is none."""


class DayAnswer(Model):
    day: dt.date
    share: ShareAnswer


class PartUptimeAnswer(Model):
    component: str = Field(examples=["disk"])
    share: ShareAnswer
    meets: bool | None
    """Whether that is the target at least; null where no time counts."""
    days: list[DayAnswer]


class UptimeAnswer(Model):
    since: int
    """The first moment of the first day, ms since 1970."""
    until: int
    zone: str = Field(examples=["Europe/Zurich"])
    """Whose days these are."""
    target: float = Field(examples=[0.995])
    parts: list[PartUptimeAnswer]


@router.get("/livez", operation_id="live")
async def live() -> Alive:
    """Whether the process answers."""
    return Alive()


@router.get("/readyz", operation_id="ready")
async def ready(request: Request, penstock: Project) -> Ready:
    """Whether the engine runs and takes work; 503 before it has started, and while it ends."""
    run = penstock.current
    if run is None or getattr(request.app.state, "draining", False):
        what = "the engine has not started" if run is None else "the process is ending"
        raise RequestError(what, code="request-draining")
    failed = sorted(run.errors)
    return Ready(status="degraded" if failed else "ready", failed=failed)


@router.get("/api/health", operation_id="health")
def health(penstock: Project) -> HealthAnswer:
    """The parts that the project needs (log, warehouse, disk, memory, processors), each as its last probe found it."""
    return HealthAnswer.model_validate(health_of(penstock))


@router.get("/api/uptime", operation_id="uptime")
def uptime(penstock: Project, days: Annotated[int, Query(ge=1, le=400)] = 30) -> UptimeAnswer:
    """How much of the last days each part was up, of the probes that are kept, against the target."""
    found = uptime_of(penstock, days)
    parts = [
        PartUptimeAnswer(
            component=part.component,
            share=ShareAnswer.model_validate(part.share),
            meets=part.meets(found.target),
            days=[DayAnswer.model_validate(day) for day in part.days],
        )
        for part in found.parts
    ]
    return UptimeAnswer(since=found.since, until=found.until, zone=found.zone, target=found.target, parts=parts)
