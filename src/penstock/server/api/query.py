"""Questions: one SELECT each, within limits; those that are being answered, and ending one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import RequestError
from penstock.history import Limits
from penstock.history.functions import functions
from penstock.server.access import access_of, entry_of
from penstock.server.api.model import Asker, Given, Model
from penstock.server.api.rows import answered, rows_responses

__all__ = ["MOST", "router"]

router = APIRouter(prefix="/api/query", tags=["query"])

MOST = Limits(rows=100_000, seconds=300.0, memory=512 << 20)
"""What a question of others than the project's owner may have."""


class Query(Given):
    sql: str = Field(examples=["SELECT meeting_id FROM meeting_metrics WHERE meeting_health = $health"])
    """A SELECT in DuckDB's SQL over tables, views, topics, "NAME$open", penstock.*; DESCRIBE, SHOW TABLES."""
    parameters: dict[str, str | bool | int | float | None] = Field(default={}, examples=[{"health": "poor"}])
    """The values of $NAME in it: bound, never pasted."""
    rows: int = Field(1_000, ge=1)
    """Rows of the answer at most, up to 100,000; `complete` is false where there are more."""
    cut: bool = True
    """False: more rows are an error."""
    seconds: float = Field(30.0, gt=0)
    """How long it may take, up to 300."""
    memory: int = Field(MOST.memory, ge=1 << 20)
    """Bytes of memory, up to 512 MB."""
    zone: str = Field("UTC", max_length=64, examples=["Europe/Oslo"])
    """The zone of moments that are written as text, in the question or by it."""
    id: str | None = Field(None, pattern=r"^[\w.-]{1,64}$", examples=["panel-7.1"])
    """A name by which it can be ended while it runs."""


class Running(Model):
    id: str
    sql: str
    """Of a back-test, which rule is tested."""
    since: int
    """When it was asked, ms since 1970."""


@router.post("", operation_id="query", responses=rows_responses(), response_class=Response)
async def ask(request: Request, asking: Asker, query: Query) -> Response:
    """Ask a question. It ends when its asker hangs up."""
    limits = Limits(query.rows, query.seconds, query.memory, cut=query.cut)
    if not access_of(request.scope).owner:
        _require_modest(limits)
    result = await asking.ask(request, query.sql, limits, parameters=query.parameters, zone=query.zone, id_=query.id)
    return await answered(request, result)


def _require_modest(limits: Limits) -> None:
    for name, value, most in (
        ("rows", limits.rows, MOST.rows),
        ("seconds", limits.seconds, MOST.seconds),
        ("memory", limits.memory, MOST.memory),
    ):
        if value > most:
            raise RequestError(f"{name} is {value:g}, {most:g} at most are allowed", code="request-form", where=name)


class FunctionAnswer(Model):
    name: str = Field(examples=["date_trunc"])
    aggregate: bool
    parameters: list[str] = Field(examples=[["part, timestamp"]])
    """Their names, in each way in which it can be called."""


@router.get("/functions", operation_id="query_functions")
def list_functions() -> list[FunctionAnswer]:
    """The functions that a question may call."""
    return [FunctionAnswer.model_validate(one) for one in functions()]


@router.get("", operation_id="queries_running")
async def running(request: Request, asking: Asker) -> list[Running]:
    """The questions that are being answered or wait; of who only reads, the own ones."""
    return [Running.model_validate(one) for one in asking.seen_by(entry_of(request.scope).caller)]


@router.delete("/{id}", operation_id="query_cancel", status_code=204)
async def cancel(request: Request, asking: Asker, id_: Annotated[str, Path(alias="id")]) -> None:
    """End a question; its asker gets the error query-cancelled."""
    asking.cancel(id_, entry_of(request.scope).caller)
