"""Savepoints: checkpoints kept by name."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field

from penstock.server.api.model import Given, Model, Project
from penstock.server.audited import changed

__all__ = ["router"]

router = APIRouter(prefix="/api/savepoints", tags=["pipelines"])


class NewSavepoint(Given):
    name: str = Field(min_length=1, max_length=200, examples=["before-change"])
    pipeline: str = Field(examples=["metrics"])


class SavepointAnswer(Model):
    name: str = Field(examples=["before-change"])
    pipeline: str = Field(examples=["metrics"])
    epoch: int
    """The checkpoint that it keeps."""
    time_ms: int
    """When that was taken, ms since 1970."""


@router.get("", operation_id="savepoints")
def list_savepoints(penstock: Project) -> list[SavepointAnswer]:
    """All of them, by name."""
    return [SavepointAnswer.model_validate(one) for one in penstock.log.state.savepoints()]


@router.post("", operation_id="savepoint_create", status_code=201)
def create_savepoint(request: Request, penstock: Project, new: NewSavepoint) -> SavepointAnswer:
    """Commit the pipeline, and keep that checkpoint."""
    penstock.savepoint(new.name, new.pipeline)
    changed(request, new.name, after={"pipeline": new.pipeline})
    return next(SavepointAnswer.model_validate(s) for s in penstock.log.state.savepoints() if s.name == new.name)
