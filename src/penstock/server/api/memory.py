"""The memory of the process: one number, and who holds what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import Field

from penstock.project.memory import memory_of
from penstock.server.api.model import Model, Project

if TYPE_CHECKING:
    from penstock.server.push.hub import Hub

__all__ = ["router"]

router = APIRouter(prefix="/api/memory", tags=["project"])


class HeldAnswer(Model):
    pipeline: str = Field(examples=["metrics"])
    operator: str = Field(examples=["window_aggregate-1"])
    bytes: int


class MemoryAnswer(Model):
    running: bool
    """Whether an engine runs in this process."""
    resident: int | None
    """Bytes that the process has of the machine's memory; null where the system does not tell."""
    limit: int | None
    """What the container, or else the machine, has."""
    available: int | None
    """What the machine could still give."""
    held: list[HeldAnswer]
    """What the states of operators take, the largest first."""
    viewers: int
    """Bytes that wait for viewers who have not taken them yet."""
    questions: int
    """Questions that are being answered: each takes up to its own limit."""


@router.get("", operation_id="memory")
async def memory(request: Request, penstock: Project) -> MemoryAnswer:
    """What the process has, and who holds what of it."""
    hub: Hub = request.app.state.hub
    waiting = hub.watching().waiting  # of the loop; the rest may take its time in a thread
    found = await anyio.to_thread.run_sync(memory_of, penstock)
    return MemoryAnswer(
        running=found.running,
        resident=found.resident,
        limit=found.limit,
        available=found.available,
        held=[HeldAnswer.model_validate(one) for one in found.held],
        viewers=waiting,
        questions=penstock.questions.running,
    )
