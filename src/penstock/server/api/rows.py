"""Rows as answers: JSON of columns and rows, or Arrow for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio.to_thread
import orjson
import polars as pl
from pydantic import Field as Described
from starlette.responses import Response

from penstock.core.render import fields_of, plain_columns
from penstock.server.api.model import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from penstock.history import Result

__all__ = ["ARROW", "Rows", "answered", "respond", "rows_responses"]

ARROW = "application/vnd.apache.arrow.stream"


class Column(Model):
    name: str = Described(examples=["amount"])
    type: str = Described(examples=["DECIMAL(10, 2)"])
    """In Flink's words."""


class Rows(Model):
    """Rows as arrays of plain values.

    DECIMAL, dates and times are texts (2026-01-31 12:00:00.000, those of a moment in UTC with a Z), BYTES are 0x and
    hexadecimal digits.
    """

    columns: list[Column]
    rows: list[list[Any]] = Described(examples=[[["2026-01-31 12:00:00.000", "7.50"]]])
    next: str | None = None
    """The cursor of the next page, where there is one."""
    position: dict[str, Any] | None = Described(None, examples=[{"log": 48213, "checkpoints": {"metrics": 17}}])
    """For which commit the rows stand: the place in the log's order, and each pipeline's checkpoint."""


def rows_responses() -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of an answer of rows."""
    return {200: {"model": Rows, "description": "Rows", "content": {ARROW: {}}}}


def respond(
    request: Request, frame: pl.DataFrame, position: Any = None, following: str | None = None, **more: Any
) -> Response:
    """`frame` in the form that the request accepts; `more` are members beside the rows, JSON data.

    As Arrow the members stand in the header Penstock-Answer.
    """
    extra = {"next": following, "position": position, **more}
    if ARROW in request.headers.get("accept", ""):
        head = {"penstock-answer": orjson.dumps(extra).decode("latin-1"), "cache-control": "no-store"}
        return Response(arrow(frame), media_type=ARROW, headers=head)
    return Response(
        orjson.dumps({**table(frame), **extra}), media_type="application/json", headers={"cache-control": "no-store"}
    )


async def answered(request: Request, result: Result) -> Response:
    """The answer to a question, made in a thread: many rows take their time, and others wait for the event loop."""
    return await anyio.to_thread.run_sync(
        lambda: respond(request, result.frame, result.position, complete=result.complete)
    )


def table(frame: pl.DataFrame) -> Mapping[str, Any]:
    """A frame as `Rows` says, as JSON data."""
    frame = frame.with_columns(pl.col(pl.Int128).cast(pl.Decimal(38, 0)))  # more digits than a JSON number has
    fields = fields_of(frame)
    columns = plain_columns(frame, fields)
    rows = list(zip(*columns, strict=True)) if columns else [()] * frame.height
    return {"columns": [{"name": f.name, "type": f.type.name} for f in fields], "rows": rows}


def arrow(frame: pl.DataFrame) -> bytes:
    """A frame as an Arrow IPC stream."""
    from io import BytesIO

    stream = BytesIO()
    frame.write_ipc_stream(stream)
    return stream.getvalue()
