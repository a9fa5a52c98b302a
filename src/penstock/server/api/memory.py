"""The memory of the process: one number, and who holds what."""

from __future__ import annotations

from dataclasses import fields
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
    own: int | None
    """Those that it has allocated: files that the system keeps for it are not among them."""
    limit: int | None
    """What penstock.toml gives it; else what the container, or else the machine, has."""
    full: bool
    """Whether all that penstock.toml gives is taken: then events and questions are refused (503, `memory-full`)."""
    available: int | None
    """What the machine could still give."""
    held: list[HeldAnswer]
    """What the states of operators take, the largest first."""
    for_states: int
    """What is meant for all of them; 0 where penstock.toml sets no limit."""
    viewers: int
    """Bytes that wait for viewers who have not taken them yet."""
    asked: int
    """Questions that are being answered."""
    questions: int
    """Bytes that they may take now, where penstock.toml sets a limit."""
    for_questions: int
    """What all of them may take; 0 where penstock.toml sets no limit: then each takes up to its own."""


@router.get("", operation_id="memory")
async def memory(request: Request, penstock: Project) -> MemoryAnswer:
    """What the process has, and who holds what of it."""
    hub: Hub = request.app.state.hub
    waiting = hub.watching().waiting  # of the loop; the rest may take its time in a thread
    found = await anyio.to_thread.run_sync(memory_of, penstock)
    told = {field.name: getattr(found, field.name) for field in fields(found)}
    held = [HeldAnswer.model_validate(one) for one in found.held]
    asked = penstock.questions.running
    return MemoryAnswer(**{**told, "held": held}, full=penstock.budget.full, viewers=waiting, asked=asked)
