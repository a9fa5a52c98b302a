"""The ASGI app of a project: routers, errors, compression; the page for all other addresses."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import WebSocketRoute

import penstock as package
from penstock.core.errors import InternalError, PenstockError, RequestError
from penstock.core.logs import tell
from penstock.project.project_file import FileConflictError
from penstock.project.rate import Rates
from penstock.server.access import COOKIE
from penstock.server.api import ROUTERS, TAGS, streaming
from penstock.server.asking import Asking
from penstock.server.inlet import Inlet
from penstock.server.metrics.requests import Requests
from penstock.server.page import Page
from penstock.server.problem import MEDIA_TYPE, Problem, problem_of, sayable
from penstock.server.push.hub import Hub
from penstock.server.push.websocket import WebSocketDoor
from penstock.server.rights import require_allowed, right_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.routing import BaseRoute

    from penstock.project.penstock import Penstock

__all__ = ["make_app"]

_PACK_FROM = 1_000
_PACK_LEVEL = 4
_PROBLEM: dict[str, Any] = {
    "description": "What went wrong",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_ALLOWED = [Depends(require_allowed)]


@cache
def _calls() -> list[BaseRoute]:
    """The routes of all routers, in their order: each works out once what it takes and gives, not for each project."""
    every = APIRouter(dependencies=_ALLOWED, responses={"default": _PROBLEM, 422: _PROBLEM})
    for router in ROUTERS:
        every.include_router(router)
    return every.routes


def make_app(penstock: Penstock) -> FastAPI:
    """The app that serves `penstock`, without what stands at its door (`security`, `intake`)."""
    app = FastAPI(
        lifespan=_life,
        dependencies=_ALLOWED,
        title="Penstock",
        version=package.__version__,
        description=f"The API of the project {penstock.settings.name}. Every error is an RFC 9457 problem.",
        docs_url=None,
        redoc_url=None,
        openapi_tags=TAGS,
    )
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    app.state.penstock = penstock
    app.state.requests = Requests()
    app.state.hub = Hub(penstock)
    app.router.routes.append(WebSocketRoute("/ws", WebSocketDoor(app.state.hub)))
    app.state.asking = Asking(penstock)
    app.state.inlet = Inlet(penstock)
    app.state.rates = Rates(penstock.clock.monotonic())
    app.add_middleware(GZipMiddleware, minimum_size=_PACK_FROM, compresslevel=_PACK_LEVEL)
    app.router.routes.extend(_calls())
    page = Page()

    @app.get("/{path:path}", include_in_schema=False)
    def show_page(request: Request, path: str) -> Response:
        return page.respond(request, path)

    app.add_exception_handler(PenstockError, _penstock_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.hub:
        yield
    app.state.inlet.close()


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = FastAPI.openapi(app)
        made["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        made["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "login": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        made["security"] = [{}, {"token": []}, {"login": []}]
        for operations in made["paths"].values():
            for operation in operations.values():
                operation["x-right"] = right_to(operation["operationId"])
        app.openapi_schema = made
    return app.openapi_schema


def _answer(request: Request, error: PenstockError, headers: dict[str, str] | None = None, **more: object) -> Response:
    if request.url.path.startswith(streaming.PREFIX):
        more = {"success": False, **more}
    problem = problem_of(error, **more)
    given = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(problem.model_dump()), problem.status, given, MEDIA_TYPE)


_RETRY_AFTER = {"query-busy": "1", "memory-full": "10", "storage-low": "10"}
"""Seconds after which to ask again, by the code of an error that time may mend."""


def _penstock_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PenstockError)
    if isinstance(error, InternalError):
        tell("error", "request-failed", f"{request.method} {request.url.path} has failed", error=error)
    if isinstance(error, FileConflictError):
        return _answer(request, error, difference=error.difference)
    again = _RETRY_AFTER.get(error.code)
    return _answer(request, error, None if again is None else {"retry-after": again})


def _invalid(request: Request, error: Exception) -> Response:
    """A request whose parameters or body do not have the form that OpenAPI says."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    first: dict[str, Any] = found[0]
    wrong = [{"where": _place(one), "detail": sayable(one["msg"])} for one in found]
    place = wrong[0]["where"]
    code = "request-json" if first["type"] == "json_invalid" else "request-form"
    return _answer(
        request,
        RequestError(f"{place}: {first['msg']}", code=code, where=place, hint="/openapi.json says what is allowed"),
        errors=wrong,
    )


def _place(one: Mapping[str, Any]) -> str:
    return sayable(".".join(str(part) for part in one["loc"]))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, PenstockError):  # while a body was read
        return _answer(request, error.__cause__)
    path = request.url.path
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        refused = RequestError(
            f"{request.method} is not possible at {path}",
            code="request-method",
            hint=f"possible are {allowed}" if allowed else "",
        )
        return _answer(request, refused, dict(error.headers or {}))
    if error.status_code == 404:
        return _answer(
            request,
            RequestError(f"there is nothing at {path}", code="request-path", hint="/openapi.json lists what there is"),
        )
    return _answer(request, RequestError(str(error.detail), code="request-body"))


def _gone(_: Request, __: Exception) -> Response:
    """Whoever sent the request hung up before its end: nobody reads this."""
    return Response(status_code=400)


def _unforeseen(request: Request, error: Exception) -> Response:
    """An error that is none of ours: what it says is told in the log alone, as over push."""
    hint = "please report this with what the process has written and what led to it"
    return _answer(request, InternalError(f"{type(error).__name__} inside the server", hint=hint))
