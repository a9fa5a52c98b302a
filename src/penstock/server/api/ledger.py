"""What became of the rows: the ledger, why nothing comes out, what was rejected or came too late."""

from __future__ import annotations

import base64
from datetime import datetime  # noqa: TC003  # a model needs it
from typing import TYPE_CHECKING, Annotated, Literal

import polars as pl
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import RequestError
from penstock.core.render import as_text
from penstock.server.api.model import Given, Model, Project
from penstock.server.api.rows import ARROW, respond, rows_responses

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["rows and their fates"])


class ReasonAnswer(Model):
    pipeline: str = Field(examples=["metrics"])
    """`alert.NAME`: the query of that alert rule."""
    operator: str = Field(examples=["window aggregate"])
    code: str = Field(examples=["silent-partition"])
    sentence: str = Field(examples=["Partition 3 of table chat_events holds it back: it is at 2026-01-31 12:00:00."])
    setting: str = Field(examples=["Set 'scan.watermark.idle-timeout' = '10 s' on the table."])
    """What would change it."""
    table: str = Field(examples=["meeting_metrics"])
    """The result table that waits; empty where a source has no event time at all."""
    attention: bool
    """Whether somebody has to act: time alone does not mend it."""


@router.get("/ledger", operation_id="ledger", responses=rows_responses(), response_class=Response)
def show_ledger(request: Request, penstock: Project) -> Response:
    """Per pipeline and operator: rows taken and given, and how many had which fate, as of the last commit.

    A pipeline `alert.NAME` is the query of that alert rule, here as everywhere.
    """
    return respond(request, penstock.ledger())


@router.get("/why", operation_id="why")
def show_why(penstock: Project) -> list[ReasonAnswer]:
    """Why nothing comes out: what each open window waits for, who holds it back, what to set."""
    return [ReasonAnswer.model_validate(reason) for reason in penstock.why()]


Kind = Annotated[Literal["rejected", "late"], Query(description="Rows that could not be used, or came too late")]


@router.get("/rejects", operation_id="rejects", responses=rows_responses(), response_class=Response)
def list_rejects(
    request: Request,
    penstock: Project,
    kind: Kind = "rejected",
    pipeline: Annotated[str | None, Query()] = None,
    code: Annotated[str | None, Query(description="Of rejected rows: those of this reason alone")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    cursor: Annotated[int | None, Query(ge=0, lt=1 << 63, description="`next` of the page before")] = None,
) -> Response:
    """The newest first, a page at a time: where each is from, why it is here, its bytes."""
    found = penstock.set_aside(kind, limit + 1, cursor, code, pipeline)
    more, page = found.height > limit, found.head(limit)
    if ARROW not in request.headers.get("accept", ""):
        page = page.with_columns(as_text(page["raw"]))
    return respond(request, page, following=str(page["id"][-1]) if more else None)


@router.get("/rejects/summary", operation_id="rejects_summary", responses=rows_responses(), response_class=Response)
def count_rejects(request: Request, penstock: Project, kind: Kind = "rejected") -> Response:
    """How many there are, by where they are from and why; the most first."""
    return respond(request, penstock.set_aside_counts(kind))


class Replaying(Given):
    kind: Literal["rejected", "late"] = "rejected"
    ids: list[Annotated[int, Field(ge=0, lt=1 << 63)]] = Field(max_length=100_000, examples=[[17, 18]])
    """Rows of the list of rejected, or of late ones."""
    values: dict[str, str] = Field(default={}, examples=[{"17": "eyJhbW91bnQiOjB9"}])
    """New bytes of some of them, base64, by id."""


class Replay(Replaying):
    force: bool = False
    """Rows that were replayed before too; they then count twice."""


class Discard(Given):
    kind: Literal["rejected", "late"] = "rejected"
    ids: list[Annotated[int, Field(ge=0, lt=1 << 63)]] = Field(max_length=100_000, examples=[[17, 18]])
    """Rows of the list of rejected, or of late ones."""
    reason: str = Field(examples=["test events of the vendor"])


class DiscardedAnswer(Model):
    discarded: int


class CopyAnswer(Model):
    id: int
    topic: str
    partition: int | None
    """Where it was appended; null where the row itself was brought into windows that had closed."""
    offset: int | None


class ClosedAnswer(Model):
    row: int
    """The id of the row."""
    pipeline: str
    operator: str
    window_start: datetime | None
    """Null where it is the row's own time that has passed, as for OVER."""
    window_end: datetime | None


@router.post("/rejects/closed", operation_id="rejects_closed")
def closed_windows(penstock: Project, rows: Replaying) -> list[ClosedAnswer]:
    """The windows that have closed to rows about to be replayed: there they would be late again."""
    mend = _mended(penstock, rows)
    found = penstock.closed_windows(rows.ids, late_rows=rows.kind == "late", mend=mend)
    return [ClosedAnswer.model_validate(one) for one in found]


@router.post("/rejects/replay", operation_id="rejects_replay")
def replay(penstock: Project, rows: Replay) -> list[CopyAnswer]:
    """Append rows to their topics again, mended or as they are, each tied to its original: one event counts once."""
    mend = _mended(penstock, rows)
    done = penstock.replay(rows.ids, late_rows=rows.kind == "late", mend=mend, force=rows.force)
    return [CopyAnswer(**row) for row in done.copies.to_dicts()]


@router.post("/rejects/discard", operation_id="rejects_discard")
def discard(penstock: Project, rows: Discard) -> DiscardedAnswer:
    """Give rows up, with a reason: they stay listed, and count as discarded in the ledger."""
    return DiscardedAnswer(discarded=penstock.discard(rows.kind, rows.ids, rows.reason))


def _mended(penstock: Penstock, rows: Replaying) -> Callable[[bytes], bytes] | None:
    """The new value of each old one. Raises RequestError for one that is not base64."""
    if not rows.values:
        return None
    listed = penstock.late() if rows.kind == "late" else penstock.rejects()
    raw = dict(listed.select(pl.col("id").cast(pl.String), "raw").iter_rows())
    try:
        new = {raw.get(number): base64.b64decode(value, validate=True) for number, value in rows.values.items()}
    except ValueError:  # of letters that are none of its, or too few
        raise RequestError("new bytes are given as base64", code="request-form", where="values") from None
    return lambda old: new.get(old, old)
