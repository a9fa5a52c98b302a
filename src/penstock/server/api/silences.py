"""Silences: for a while nobody is told of some incidents."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.incidents.silence import silences_of
from penstock.server.api.model import Given, Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/silences", tags=["alerts"])

_LONGEST = 366 * 86_400_000


class SilenceGiven(Given):
    rule: str = Field(max_length=100, examples=["high_latency"])
    key: dict[str, str] = Field(default_factory=dict, examples=[{"meeting_id": "m1"}])
    """Values of the rule's key columns; without any all of its incidents."""
    milliseconds: int = Field(ge=1, le=_LONGEST, examples=[7_200_000])
    """For how long, from now."""
    by: str = Field(default="", max_length=200)
    """Who wants it; whoever asks, where it is left out."""
    note: str = Field(default="", max_length=2_000)


class SilenceAnswer(Model):
    id: str
    rule: str
    key: dict[str, Any]
    begin: int
    until: int
    """Ms since 1970, by the clock."""
    by: str
    note: str


@router.get("", operation_id="silences")
def list_silences(penstock: Project) -> list[SilenceAnswer]:
    """Those that have not ended, the next to end first."""
    return [SilenceAnswer.model_validate(s) for s in silences_of(penstock.log, penstock.clock.now_ms())]


@router.delete("/{identity}", operation_id="silence_end", status_code=204)
def remove_silence(penstock: Project, identity: Annotated[str, Path(examples=["9f3a21bc44d0"])]) -> None:
    """End a silence; what is still firing is told now."""
    penstock.alerts.end_silence(identity)


@router.post("", operation_id="silence_begin", status_code=201)
def add_silence(penstock: Project, body: SilenceGiven) -> SilenceAnswer:
    """Tell nobody of a rule's incidents for a while; what still fires when it ends is told then."""
    made = penstock.alerts.silence(body.rule, body.key, body.milliseconds, body.by, body.note)
    return SilenceAnswer.model_validate(made)
