"""Operations: long work that was begun by a call, and goes on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.project.operations import Kind, State  # noqa: TC001  # a model needs it
from penstock.server.api.model import Model, Project

__all__ = ["OperationAnswer", "router"]

router = APIRouter(prefix="/api/operations", tags=["keeping"])

Identity = Annotated[str, Path(examples=["9f3a21bc44d0"])]


class OperationAnswer(Model):
    id: str = Field(examples=["9f3a21bc44d0"])
    kind: Kind
    on: str = Field(examples=["monday"])
    """What it is about: the name of a backup, or of the project."""
    by: str
    began: int
    ended: int | None
    """Ms since 1970."""
    state: State
    doing: str = Field(examples=["the log"])
    """What it is at."""
    done: int
    all: int
    """Bytes, of how many; of upkeep partitions. 0: that is not known yet."""
    result: Any
    """Once it is done: what a backup holds, or what upkeep did with each partition."""
    error: str
    """Why it has failed."""


@router.get("", operation_id="operations")
def list_operations(penstock: Project) -> list[OperationAnswer]:
    """Those of this process, the newest first; of the ended ones the last hundred."""
    return [OperationAnswer.model_validate(one) for one in penstock.operations.list()]


@router.get("/{identity}", operation_id="operation")
def show_operation(penstock: Project, identity: Identity) -> OperationAnswer:
    """How far one is."""
    return OperationAnswer.model_validate(penstock.operations.get(identity))


@router.delete("/{identity}", operation_id="operation_cancel")
def cancel_operation(penstock: Project, identity: Identity) -> OperationAnswer:
    """End one: a backup that was not whole is removed, partitions that upkeep has dealt with stay as they are."""
    return OperationAnswer.model_validate(penstock.operations.cancel(identity))
