"""Errors over HTTP: one body for all of them, application/problem+json (RFC 9457), made of our own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pydantic import BaseModel, ConfigDict, Field

from penstock.core.errors import (
    CorruptLogError,
    InternalError,
    LockedError,
    PenstockError,
    PositionLostError,
    RequestError,
    StateError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Send

__all__ = ["MEDIA_TYPE", "Problem", "problem_of", "sayable", "send_problem", "status_of"]

MEDIA_TYPE = "application/problem+json"

_OF_CODE = {
    "request-body": 400,
    "request-host": 421,
    "request-token": 401,
    "request-password": 401,
    "request-login": 403,
    "request-right": 403,
    "request-tries": 429,
    "request-forwarded": 403,
    "request-origin": 403,
    "request-type": 415,
    "request-encoding": 415,
    "request-too-large": 413,
    "request-head": 431,
    "request-busy": 429,
    "request-rate": 429,
    "request-path": 404,
    "request-method": 405,
    "request-draining": 503,
    "record-too-large": 413,
    "request-if-match": 428,
    "request-key": 422,
    "file-changed": 409,
    "fact-changed": 409,
    "savepoint-pipeline": 404,
    "topic-written": 409,
    "topic-system": 403,
    "topic-unconfirmed": 428,
    "query-busy": 503,
    "memory-full": 503,
    "query-closed": 403,
    "query-cancelled": 409,
    "registry-subject": 404,
    "registry-version": 404,
    "registry-no-level": 404,
    "registry-not-deleted": 404,
    "registry-incompatible": 409,
    "storage-full": 507,
}
_OF_KIND: tuple[tuple[type[PenstockError], int], ...] = (
    (RequestError, 400),
    (CorruptLogError, 500),
    (PositionLostError, 410),
    (StorageError, 503),
    (LockedError, 409),
    (StateError, 409),
    (InternalError, 500),
)
_TITLES = {
    400: "The request cannot be read",
    401: "A login or a token is needed",
    403: "The request is refused",
    404: "There is no such thing",
    405: "This cannot be done here",
    409: "This does not fit what is there",
    410: "This is gone",
    412: "It has changed",
    413: "This is too large",
    415: "This type is not taken",
    421: "This host is not served here",
    422: "This does not fit",
    428: "Say what is to be replaced, or to go",
    429: "This is too much at once",
    431: "This is too large",
    500: "A promise of Penstock does not hold",
    503: "This cannot be done now",
    507: "The disk is full",
}


class Problem(BaseModel):
    """What went wrong, where, and the likely fix."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str = Field(examples=["urn:penstock:query-unknown-table"])
    """`urn:penstock:` and the code."""
    title: str = Field(examples=["This does not fit"])
    """What kind of error the status means."""
    status: int = Field(examples=[422])
    detail: str = Field(examples=["there is no table, view or topic 'order'"])
    """What went wrong, in a sentence."""
    code: str = Field(examples=["query-unknown-table"])
    """Which error it is; a code never changes."""
    where: str = ""
    """The place: the line of SQL underlined, a file, a field of the request."""
    hint: str = Field("", examples=["did you mean orders?"])
    """The likely fix."""


def status_of(error: PenstockError) -> int:
    """The HTTP status of an error: by its code, else by its class; 422 for what its sender can mend."""
    if error.code in _OF_CODE:
        return _OF_CODE[error.code]
    if error.code.endswith("-unknown"):
        return 404
    if error.code.endswith("-exists"):
        return 409
    return next((status for kind, status in _OF_KIND if isinstance(error, kind)), 422)


def problem_of(error: PenstockError, **more: object) -> Problem:
    """The body that says `error`; `more` are members that this kind of error has beside."""
    status = status_of(error)
    return Problem(
        type=f"urn:penstock:{error.code}",
        title=_TITLES.get(status, "It went wrong"),
        status=status,
        detail=sayable(error.message),
        code=error.code,
        where=sayable(error.where),
        hint=sayable(error.hint),
        **more,
    )


def sayable(text: str) -> str:
    """`text` as it can be sent: JSON may bring halves of characters, which an error then repeats."""
    return text.encode("utf-8", "replace").decode()


async def send_problem(send: Send, error: PenstockError, headers: Mapping[str, str] | None = None) -> None:
    """Answer a request with `error`, where no router has been reached."""
    problem = problem_of(error)
    body = orjson.dumps(problem.model_dump())
    given = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), "cache-control": "no-store"}
    given |= headers or {}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
