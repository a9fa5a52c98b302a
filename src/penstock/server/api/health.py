"""Whether the process lives, and whether it is ready for work."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from penstock.core.errors import RequestError
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
