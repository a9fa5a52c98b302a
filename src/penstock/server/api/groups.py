"""Consumer groups: how far each has read, and moving one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.core.errors import RequestError
from penstock.project.groups import pipelines_of
from penstock.server.api.model import Given, Model, Project

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["router"]

router = APIRouter(prefix="/api/groups", tags=["consumer groups"])


class GroupAnswer(Model):
    group: str = Field(examples=["billing"])
    topics: list[str] = Field(examples=[["orders"]])
    lag: int
    """Offsets that it has not read, of all its topics."""
    committed_ms: int
    """When it last said how far it is, ms since 1970."""
    pipelines: list[str]
    """Those that read as this group; one that has a checkpoint goes on from there, wherever its group is."""


class GroupPartition(Model):
    topic: str
    partition: int
    offset: int
    """The next that it reads."""
    end: int
    lag: int
    committed_ms: int


class GroupDetails(GroupAnswer):
    partitions: list[GroupPartition]


class Reset(Given):
    """Exactly one of `to`, `offsets`, `shift` and `time`."""

    topic: str = Field(examples=["orders"])
    to: Literal["earliest", "latest"] | None = None
    offsets: dict[int, Annotated[int, Field(ge=0, lt=1 << 62)]] | None = Field(None, examples=[{"0": 1200}])
    """By partition; the others stay."""
    shift: int | None = Field(None, gt=-(1 << 62), lt=1 << 62, examples=[-100])
    """By so many offsets in each partition, within what is kept."""
    time: str | None = Field(None, max_length=64, examples=["2026-01-31T09:00"])
    """The first record of at least that time (UTC unless it names its zone); the end, if there is none."""


class MovedAnswer(Model):
    partition: int
    before: int | None
    """null where it had read nothing."""
    after: int


Name = Annotated[str, Path(examples=["billing"])]


@router.get("", operation_id="groups")
def list_groups(penstock: Project) -> list[GroupAnswer]:
    """All groups that have said how far they are, by name."""
    return [_group(penstock, name) for name in penstock.log.groups.names()]


@router.get("/{name}", operation_id="group")
def show_group(penstock: Project, name: Name) -> GroupDetails:
    """One group, by topic and partition."""
    return _group(penstock, name)


@router.post("/{name}/reset", operation_id="group_reset")
def reset_group(penstock: Project, name: Name, reset: Reset) -> list[MovedAnswer]:
    """Move it in a topic; refused while a pipeline that reads as this group is in memory (409)."""
    return _reset(penstock, name, reset, preview=False)


@router.post("/{name}/reset/preview", operation_id="group_reset_preview")
def preview_reset(penstock: Project, name: Name, reset: Reset) -> list[MovedAnswer]:
    """Where a reset would move it; nothing moves."""
    return _reset(penstock, name, reset, preview=True)


@router.delete("/{name}", operation_id="group_delete", status_code=204)
def delete_group(penstock: Project, name: Name) -> None:
    """Forget how far it is; refused as a reset."""
    penstock.delete_group(name)


def _reset(penstock: Penstock, name: str, reset: Reset, *, preview: bool) -> list[MovedAnswer]:
    if reset.to is not None and reset.offsets is not None:
        raise RequestError("a reset has `to` or `offsets`, not both", code="request-form", where="body")
    to = reset.to or reset.offsets
    moved = penstock.reset_group(name, reset.topic, to, shift=reset.shift, time=reset.time, preview=preview)
    return [MovedAnswer.model_validate(one) for one in moved]


def _group(penstock: Project, name: str) -> GroupDetails:
    rows = penstock.log.groups.describe(name)
    return GroupDetails(
        group=name,
        topics=sorted({row.topic for row in rows}),
        lag=sum(row.lag for row in rows),
        committed_ms=max(row.committed_ms for row in rows),
        pipelines=pipelines_of(penstock, name),
        partitions=[GroupPartition.model_validate(row) for row in rows],
    )
