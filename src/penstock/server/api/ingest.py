"""Events into topics: one, a batch, or a stream of lines; each is answered by itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any

import anyio.to_thread
import orjson
import polars as pl
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import PenstockError, RequestError
from penstock.project.ingest import Ingested, Once, events_appended, once_appended, way_into
from penstock.server.api.model import Model, Project
from penstock.server.problem import MEDIA_TYPE, problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from penstock.project.ingest import Way
    from penstock.project.penstock import Penstock

__all__ = ["router"]

router = APIRouter(prefix="/api/topics", tags=["ingest"])

_LINE_BYTES = 4 << 20
"""A line of more is no event: a topic may be told to take larger ones, but not by lines."""
_JSON_SPACE = b" \t\r\n"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {}}]},
                "examples": {
                    "one": {"value": {"event_id": "e1", "meeting_id": "m1", "timestamp": 1767225600000}},
                    "batch": {"value": [{"event_id": "e2"}, {"event_id": "e3"}]},
                },
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"event_id": "e4"}\n{"event_id": "e5"}\n',
            },
        },
    }
}


class EventError(Model):
    code: str = Field(examples=["record-too-large"])
    detail: str
    hint: str


class EventAnswer(Model):
    partition: int | None = None
    offset: int | None = None
    error: EventError | None = None
    """Why it was refused; the others are taken all the same."""


class IngestAnswer(Model):
    accepted: int = Field(examples=[2])
    refused: int = Field(examples=[0])
    events: list[EventAnswer] = Field(examples=[[{"partition": 3, "offset": 1741}, {"partition": 0, "offset": 1702}]])
    """Of each event, in their order."""


@router.post(
    "/{name}/records",
    operation_id="ingest",
    openapi_extra=_BODY,
    responses={200: {"model": IngestAnswer, "description": "What became of each event"}},
    response_class=Response,
)
async def ingest(
    request: Request,
    penstock: Project,
    name: Annotated[str, Path(description="A topic, or a table over one", examples=["chat_events"])],
    key: Annotated[
        str | None, Query(description="The field that is the key; by default as the table over the topic declares it")
    ] = None,
    partition: Annotated[int | None, Query(ge=0, description="All into this partition, whatever the key")] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,200}$",
            description="Done once, however often it is asked for within 24 h: the answer is the same each time",
        ),
    ] = None,
) -> Response:
    """Append events: a JSON object, an array of them, or a line each (NDJSON, of any length).

    Their bytes are kept as they are, and once this is answered they are durable. An event that no table can read is
    taken too: it then stands among the rejects, with its bytes and the reason. With an Idempotency-Key all are
    appended at once, and the request must fit into memory.
    """
    way = await anyio.to_thread.run_sync(way_into, penstock, name, key, partition)
    lines = _media_type(request).endswith(("ndjson", "jsonl"))
    if lines and idempotency_key is None:
        return await _stream(request, penstock, way)
    body = await request.body()
    values = _lines(body) if lines else _events(body)
    if idempotency_key is not None:
        once = Once(idempotency_key, _digest(request, body))
        done = await anyio.to_thread.run_sync(once_appended, penstock.log, way, values, once)
        return _answer(done)
    ingested = await anyio.to_thread.run_sync(events_appended, penstock.log, way, values)
    if len(values) == 1 and ingested.refused:
        raise ingested.refused[0]
    return _answer(ingested.body())


async def _stream(request: Request, penstock: Penstock, way: Way) -> Response:
    """Append lines as they come; what is appended stays where a later line is refused or the disk is full."""
    places: list[pl.DataFrame] = []
    ingested = Ingested(pl.DataFrame())
    count = 0
    error: PenstockError | None = None
    try:
        async for values in _line_batches(request):
            done = await anyio.to_thread.run_sync(events_appended, penstock.log, way, values)
            ingested.refused |= {count + n: refused for n, refused in done.refused.items()}
            count += len(values)
            places.append(done.places)
    except PenstockError as stopped:
        error = stopped
    ingested.places = pl.concat(places) if places else pl.DataFrame(schema={"partition": pl.Int32, "offset": pl.Int64})
    if error is None:
        return _answer(ingested.body())
    problem = problem_of(error, **orjson.loads(ingested.body()))
    return Response(orjson.dumps(problem.model_dump()), problem.status, media_type=MEDIA_TYPE)


async def _line_batches(request: Request) -> AsyncIterator[list[bytes]]:
    """The lines that have come whole. Raises RequestError for one that is too long."""
    rest = b""
    async for chunk in request.stream():
        head, newline, tail = (rest + chunk).rpartition(b"\n")
        rest = tail
        if newline and (values := _lines(head)):
            yield values
        if len(rest) > _LINE_BYTES:
            raise RequestError(
                f"a line has more than {_LINE_BYTES >> 20} MB",
                code="request-too-large",
                hint="lines are separated by a newline",
            )
    if values := _lines(rest):
        yield values


def _lines(body: bytes) -> list[bytes]:
    """The lines that have something in them."""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    return [line for line in body.split(b"\n") if line]


def _events(body: bytes) -> list[bytes]:
    """The text of a JSON object, or that of each element of an array. Raises RequestError where it is neither."""
    stripped = body.strip(_JSON_SPACE)
    try:
        found = orjson.loads(stripped)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error}", code="request-json") from None
    if isinstance(found, dict):
        return [stripped]
    if not isinstance(found, list):
        raise RequestError(
            "the body is neither an object nor an array of events", code="request-json", hint="one event is {...}"
        )
    text, decoder = stripped.decode(), json.JSONDecoder()
    values, at = [], 1
    for _ in found:
        while text[at] in " \t\r\n,":
            at += 1
        _, end = decoder.raw_decode(text, at)  # for where it ends: its own text is kept
        values.append(text[at:end].encode())
        at = end
    return values


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "application/json").split(";", maxsplit=1)[0].strip().lower()


def _digest(request: Request, body: bytes) -> bytes:
    said = f"{request.url.path}?{request.url.query}\n{_media_type(request)}\n".encode()
    return hashlib.sha256(said + body).digest()


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
