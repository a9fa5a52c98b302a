"""Savepoints: checkpoints kept by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.server.api.model import Given, Model, Project

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
    rows_again: int
    """Rows that the pipeline has read since, and would read again if it were restored."""
    misfit: str = Field(examples=[""])
    """Why the pipeline could not go on from it with the SQL as it is; empty where it could."""


class RestoredAnswer(Model):
    pipeline: str = Field(examples=["metrics"])
    epoch: int
    """The checkpoint that it goes on from."""
    rows_again: int
    """Rows that it had read since, and will read again; an append-only table then gets their results twice."""


Name = Annotated[str, Path(examples=["before-change"])]


@router.get("", operation_id="savepoints")
def list_savepoints(penstock: Project) -> list[SavepointAnswer]:
    """All of them, by name."""
    return [SavepointAnswer.model_validate(one) for one in penstock.savepoints()]


@router.post("", operation_id="savepoint_create", status_code=201)
def create_savepoint(penstock: Project, new: NewSavepoint) -> SavepointAnswer:
    """Commit the pipeline, and keep that checkpoint."""
    penstock.savepoint(new.name, new.pipeline)
    return next(SavepointAnswer.model_validate(one) for one in penstock.savepoints() if one.name == new.name)


@router.post("/{name}/restore", operation_id="savepoint_restore")
def restore_savepoint(penstock: Project, name: Name) -> RestoredAnswer:
    """Make it the checkpoint of its pipeline again; refused while that runs, or where it fits no more (409)."""
    return RestoredAnswer.model_validate(penstock.restore(name))


@router.delete("/{name}", operation_id="savepoint_drop", status_code=204)
def drop_savepoint(penstock: Project, name: Name) -> None:
    """Forget it."""
    penstock.drop_savepoint(name)
