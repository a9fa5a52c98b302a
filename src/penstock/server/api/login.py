"""Logging in from a browser: the token becomes a cookie that no script reads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import RequestError
from penstock.server.api.model import Given, Model
from penstock.server.security import COOKIE, access_of

__all__ = ["router"]

router = APIRouter(prefix="/api/login", tags=["project"])

_SECONDS = 30 * 86_400


class Login(Given):
    token: str = Field(max_length=1_000)


class LoginState(Model):
    needed: bool
    """Whether this server needs a token at all."""


@router.get("", operation_id="login_state")
async def state(request: Request) -> LoginState:
    """Whether a login is needed: that is decided by the address that is listened on."""
    return LoginState(needed=access_of(request.scope).token is not None)


@router.post("", operation_id="login", status_code=204)
async def login(request: Request, given: Login) -> Response:
    """Take a token, and keep it in a cookie for 30 days."""
    access = access_of(request.scope)
    if access.token is not None and not access.lets_in(request.scope, [given.token]):
        raise RequestError("this is not the token", code="request-token")
    response = Response(status_code=204)
    if access.token is not None:
        secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        response.set_cookie(COOKIE, given.token, _SECONDS, httponly=True, samesite="strict", secure=secure)
    return response


@router.delete("", operation_id="logout", status_code=204)
async def logout() -> Response:
    """Forget the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response
