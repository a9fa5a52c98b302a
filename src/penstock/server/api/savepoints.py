"""Savepoints: checkpoints kept by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.project.savepoints import rows_again
from penstock.server.api.model import Given, Model, Project

if TYPE_CHECKING:
    from penstock.log import Savepoint
    from penstock.project.penstock import Penstock

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
    return [_answer(penstock, one) for one in penstock.log.state.savepoints()]


@router.post("", operation_id="savepoint_create", status_code=201)
def create_savepoint(penstock: Project, new: NewSavepoint) -> SavepointAnswer:
    """Commit the pipeline, and keep that checkpoint."""
    penstock.savepoint(new.name, new.pipeline)
    return next(_answer(penstock, one) for one in penstock.log.state.savepoints() if one.name == new.name)


@router.post("/{name}/restore", operation_id="savepoint_restore")
def restore_savepoint(penstock: Project, name: Name) -> RestoredAnswer:
    """Make it the checkpoint of its pipeline again; refused while that runs (409). The others go on."""
    return RestoredAnswer.model_validate(penstock.restore(name))


@router.delete("/{name}", operation_id="savepoint_drop", status_code=204)
def drop_savepoint(penstock: Project, name: Name) -> None:
    """Forget it."""
    penstock.drop_savepoint(name)


def _answer(penstock: Penstock, one: Savepoint) -> SavepointAnswer:
    again = rows_again(penstock, one)
    return SavepointAnswer(name=one.name, pipeline=one.pipeline, epoch=one.epoch, time_ms=one.time_ms, rows_again=again)
