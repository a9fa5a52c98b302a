"""Quality rules: how they went, and the rows that they have set aside: mended, brought in or given up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from penstock.project.quality import State  # noqa: TC001  # a model needs it
from penstock.server.api.ledger import DiscardedAnswer
from penstock.server.api.model import Given, Project
from penstock.server.api.rows import respond, rows_responses

__all__ = ["router"]

router = APIRouter(prefix="/api/quality", tags=["quality"])

_Ids = Annotated[list[str], Field(min_length=1, max_length=100_000, examples=[["17", "18"]])]


@router.get("", operation_id="quality", responses=rows_responses(), response_class=Response)
def show_quality(request: Request, penstock: Project) -> Response:
    """The newest result of each rule on each table; the table `quality_results` has all of them."""
    return respond(request, penstock.quality.results())


@router.get("/rows", operation_id="quality_rows", responses=rows_responses(), response_class=Response)
def list_rows(
    request: Request,
    penstock: Project,
    rule: Annotated[str | None, Query(description="Those of this rule: `FILE.RULE`")] = None,
    state: Annotated[State | None, Query(description="What has become of them")] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 100,
) -> Response:
    """The rows that rules have set aside, the newest first: which rule, why, the row, and what has become of it."""
    return respond(request, penstock.quality.rows(limit, rule, state))


class Fix(Given):
    ids: _Ids
    values: dict[str, Any] = Field(default={}, examples=[{"age": 42}])
    """What to put into columns."""
    expressions: dict[str, str] = Field(default={}, examples=[{"amount": "ABS(amount)"}])
    """What to compute of the row as it is, in Flink's SQL, by column."""


class Again(Given):
    ids: _Ids


@router.post("/fix", operation_id="quality_fix", responses=rows_responses(), response_class=Response)
def fix_rows(request: Request, penstock: Project, rows: Fix) -> Response:
    """Mend rows; they stay set aside until they are replayed. Answers them as they are now."""
    return respond(request, penstock.quality.fix(rows.ids, rows.values, rows.expressions))


@router.post("/replay", operation_id="quality_replay", responses=rows_responses(), response_class=Response)
def replay_rows(request: Request, penstock: Project, rows: Again) -> Response:
    """Bring rows in again as they are now, through all rules; one that breaks a rule still is set aside anew."""
    return respond(request, penstock.quality.replay(rows.ids))


class GiveUp(Again):
    reason: str = Field(examples=["test customers of the vendor"])


@router.post("/discard", operation_id="quality_discard")
def discard_rows(penstock: Project, rows: GiveUp) -> DiscardedAnswer:
    """Give rows up, with a reason: they stay listed, and are in no result."""
    return DiscardedAnswer(discarded=penstock.quality.discard(rows.ids, rows.reason))
