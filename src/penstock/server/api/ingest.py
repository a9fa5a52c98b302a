"""Events into topics: one, a batch, or a stream of lines; each is answered by itself."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Annotated, Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import LogError, PenstockError, RequestError
from penstock.formats.json.elements import elements
from penstock.project.ingest import Delivery, Once, deliver
from penstock.server.api.model import Model
from penstock.server.problem import MEDIA_TYPE, problem_of
from penstock.server.rights import require_allowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from starlette.types import Receive, Scope, Send

    from penstock.log import Log
    from penstock.project.ingest import Way
    from penstock.server.inlet import Inlet

__all__ = ["router"]

_LINE_BYTES = 4 << 20
"""A line of more is no event: a topic may be told to take larger ones, but not by lines."""
_WHOLE_BYTES = 1 << 20
"""Lines of at most so many are one append; of more, or of who knows how many, they are appended as they come."""
_TOLD_BYTES = 1 << 20
"""Of the answer to a stream, so much is in memory."""
_SMALL_BYTES = 16 << 10
"""A body of at most so many is cut while the event loop waits, and shares a commit with others."""
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
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
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


class _Route(APIRoute):
    """Requests without parameters, of which there may be thousands a second, go past FastAPI's reading of them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        with_parameters = super().get_route_handler()

        async def handle(request: Request) -> Response:
            await require_allowed(request)
            if request.scope["query_string"] or "idempotency-key" in request.headers:
                return await with_parameters(request)
            return await _taken(request, (request.path_params["name"], None, None), None)

        return handle


router = APIRouter(prefix="/api/topics", tags=["ingest"], route_class=_Route)


@router.post(
    "/{name}/records",
    operation_id="ingest",
    openapi_extra=_BODY,
    responses={200: {"model": IngestAnswer, "description": "What became of each event"}},
    response_class=Response,
)
async def ingest(
    request: Request,
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
    """Append events: a JSON object, an array of them, or a line each (NDJSON, of any length); or the bytes of one.

    Their bytes are kept as they are, and once this is answered they are durable. An event that no table can read is
    taken too: it then stands among the rejects, with its bytes and the reason. With an Idempotency-Key all are
    appended at once, and the request must fit into memory.
    """
    return await _taken(request, (name, key, partition), idempotency_key)


async def _taken(request: Request, asked: tuple[str, str | None, int | None], once: str | None) -> Response:
    inlet: Inlet = request.app.state.inlet
    way = await inlet.way(asked)
    kind = _media_type(request)
    lines = kind.endswith(("ndjson", "jsonl"))
    if lines and once is None and not 0 <= int(request.headers.get("content-length", -1)) <= _WHOLE_BYTES:
        return await _stream(request, way)
    body = await request.body()
    if len(body) > _SMALL_BYTES or way.tracer is not None:
        return await anyio.to_thread.run_sync(_delivered_alone, request, way, body, once)
    delivery = _delivery(request, way, body, once)
    await inlet.take(delivery)
    if isinstance(delivery.error, LogError) and delivery.error.code == "topic-unknown":
        inlet.forget(way)  # it was deleted: a table makes it anew
        delivery = replace(delivery, way=await inlet.way(asked), error=None)
        await inlet.take(delivery)
    return _answer(delivery)


def _delivered_alone(request: Request, way: Way, body: bytes, once: str | None) -> Response:
    """What takes its time is cut, appended and answered in a thread of its own."""
    delivery = _delivery(request, way, body, once)
    deliver(request.app.state.penstock.log, delivery)
    return _answer(delivery)


def _delivery(request: Request, way: Way, body: bytes, once: str | None) -> Delivery:
    return Delivery(
        way, _values(_media_type(request), body), None if once is None else Once(once, _digest(request, body))
    )


def _values(kind: str, body: bytes) -> list[bytes]:
    """The events of a body. Raises RequestError where it has none, or has them in an envelope."""
    if kind.endswith(("ndjson", "jsonl")):
        return _lines(body)
    if kind == "application/octet-stream":
        return [body]
    if kind.startswith("application/vnd.kafka."):
        raise RequestError(
            f"events do not come in an envelope, as {kind} has them",
            code="request-type",
            hint="JSON comes as application/json, the bytes of one event as application/octet-stream",
        )
    return _events(body)


async def _stream(request: Request, way: Way) -> Response:
    """Append lines as they come; what is appended stays where a later line is refused or the disk is full.

    The client may answer to nothing before it has sent all: until then, what is told it waits in a file.
    """
    log: Log = request.app.state.penstock.log
    told = tempfile.SpooledTemporaryFile(_TOLD_BYTES)  # noqa: SIM115  # the answer ends it
    counts = {"accepted": 0, "refused": 0}
    error: PenstockError | None = None
    try:
        async for values in _line_batches(request):
            part = Delivery(way, values)
            await anyio.to_thread.run_sync(_append_told, log, part, told)
            counts["accepted"] += len(values) - len(part.refused)
            counts["refused"] += len(part.refused)
    except PenstockError as stopped:
        error = stopped
    except BaseException:
        told.close()
        raise
    status, said = 200, counts
    if error is not None:
        problem = problem_of(error, **counts)
        status, said = problem.status, problem.model_dump()
    head = orjson.dumps(said)[:-1] + b',"events":['
    kind = "application/json" if error is None else MEDIA_TYPE
    return _Told(head, told, status, kind)


def _append_told(log: Log, part: Delivery, told: IO[bytes]) -> None:
    """Append a part of a stream, and write what became of it behind what is `told`."""
    deliver(log, part)
    if part.error is not None:
        raise part.error
    if told.tell():
        told.write(b",")
    told.write(part.told())


class _Told(Response):
    """An answer that ends with the events that are `told` in a file; what the client still sends is not read."""

    def __init__(self, head: bytes, told: IO[bytes], status: int, media_type: str) -> None:
        super().__init__(None, status, {"cache-control": "no-store"}, media_type)
        del self.headers["content-length"]
        self._head = head
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._told as told:
            told.seek(0)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self._head, "more_body": True})
            while piece := await anyio.to_thread.run_sync(told.read, _TOLD_BYTES):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"]}"})


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
    """As `elements`. Raises RequestError."""
    try:
        return elements(body)
    except ValueError as error:
        raise RequestError(f"the body is {error}", code="request-json", hint="one event is {...}") from None


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "application/json").split(";", maxsplit=1)[0].strip().lower()


def _digest(request: Request, body: bytes) -> bytes:
    said = f"{request.url.path}?{request.url.query}\n{_media_type(request)}\n".encode()
    return hashlib.sha256(said + body).digest()


def _answer(delivery: Delivery) -> Response:
    """Raises what has prevented it all; a single event that is refused is an error too."""
    if delivery.once is None and len(delivery.values) == 1 and delivery.refused:
        raise delivery.refused[0]
    return _response(delivery.answer)


def _response(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
