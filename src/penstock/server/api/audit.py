"""The audit log: who has changed what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from penstock.project.audit_trail import Asked, changes
from penstock.server.api.model import Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/audit", tags=["access"])

_LAST = 1 << 62


class ChangeAnswer(Model):
    offset: int
    """In the topic `__audit`."""
    time: int
    """Ms since 1970."""
    act: str = Field(examples=["topic-alter"])
    on: str = Field(examples=["orders"])
    """What it was done to."""
    by: str = Field(examples=["anna"])
    way: str = Field(examples=["login"])
    """command, socket, loopback, login, token or bootstrap."""
    address: str = Field(examples=["192.0.2.7"])
    """The network address that it came from; empty for commands."""
    token: str
    """The id of the token, where it came in by one."""
    before: Any
    after: Any
    more: dict[str, Any]
    """What else tells it."""


class Changes(Model):
    changes: list[ChangeAnswer]
    next: int | None
    """The cursor of the next page, where there may be one."""


@router.get("", operation_id="audit")
def list_changes(
    penstock: Project,
    by: Annotated[str | None, Query(max_length=200)] = None,
    act: Annotated[
        str | None, Query(max_length=200, description="topic-alter, or its beginning: topic", examples=["topic"])
    ] = None,
    on: Annotated[str | None, Query(max_length=1_000)] = None,
    since: Annotated[int | None, Query(ge=0, le=_LAST, description="Ms since 1970")] = None,
    until: Annotated[int | None, Query(ge=0, le=_LAST, description="Ms since 1970; not with it")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[int | None, Query(ge=0, le=_LAST, description="`next` of the page before")] = None,
) -> Changes:
    """Who has changed what, the newest first, a page at a time."""
    found = changes(penstock.log, Asked(by, act, on, since, until), limit, cursor)
    following = found[-1].offset if len(found) == limit else None
    return Changes(changes=[ChangeAnswer.model_validate(one) for one in found], next=following)
