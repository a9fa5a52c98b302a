"""Tables and views: what they are, and their rows page by page."""

from __future__ import annotations

from typing import Annotated, Literal

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import RequestError
from penstock.core.sql_text import quoted
from penstock.history import Limits
from penstock.project.descriptions import describe_table, describe_tables
from penstock.server.api.model import Asker, Model, Project
from penstock.server.api.rows import respond, rows_responses

__all__ = ["router"]

router = APIRouter(prefix="/api/tables", tags=["tables"])

_PAGE_MAX = 10_000


class ColumnAnswer(Model):
    name: str = Field(examples=["window_end"])
    type: str = Field(examples=["TIMESTAMP(3)"])
    nullable: bool
    rowtime: bool
    """Whether it carries the watermark."""


class TableAnswer(Model):
    name: str = Field(examples=["meeting_metrics"])
    kind: Literal["table", "view"]
    columns: list[ColumnAnswer]
    primary_key: list[str]
    connector: str = Field(examples=["kafka"])
    topic: str | None = Field(examples=["meeting_metrics"])
    """The topic that it stands on."""
    upsert: bool
    """Whether it holds the last row of each primary key."""
    windowed: bool
    """Whether its open windows can be asked for as NAME$open."""
    written_by: list[str] = Field(examples=[["metrics"]])
    """Pipelines."""
    read_by: list[str] = Field(examples=[[]])
    """Pipelines."""


Name = Annotated[str, Path(description="NAME, or DATABASE.NAME", examples=["meeting_metrics"])]


@router.get("", operation_id="tables")
def list_tables(penstock: Project) -> list[TableAnswer]:
    """All tables and views, by name."""
    return [TableAnswer.model_validate(one) for one in describe_tables(penstock)]


@router.get("/{name}", operation_id="table")
def show_table(penstock: Project, name: Name) -> TableAnswer:
    """One table or view."""
    return TableAnswer.model_validate(describe_table(penstock, name))


@router.get("/{name}/rows", operation_id="table_rows", responses=rows_responses(), response_class=Response)
async def table_rows(
    request: Request,
    penstock: Project,
    asking: Asker,
    name: Name,
    limit: Annotated[int, Query(ge=1, le=_PAGE_MAX)] = 100,
    cursor: Annotated[str, Query(description="`next` of the page before")] = "",
    open_windows: Annotated[
        bool, Query(alias="open", description="The windows not yet closed, in place of the rows")
    ] = False,
) -> Response:
    """Its rows in their order, a page at a time; with `open` what its open windows would give, not final."""
    await anyio.to_thread.run_sync(describe_table, penstock, name)
    first = _offset(cursor)
    *database, last = name.split(".")
    path = ".".join(map(quoted, (*database, last + "$open" * open_windows)))
    sql = f"SELECT * FROM {path} LIMIT {limit + 1} OFFSET {first}"
    result = await asking.ask(request, sql, Limits(rows=limit + 1))
    following = str(first + limit) if result.frame.height > limit else None
    return await anyio.to_thread.run_sync(respond, request, result.frame.head(limit), result.position, following)


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise RequestError(
            f"'{cursor}' is no cursor", code="request-cursor", hint="give `next` of the page before, as it is"
        )
    return int(cursor)
