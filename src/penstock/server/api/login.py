"""Logging in from a browser: a password, or the environment's token, becomes a cookie that no script reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from penstock.core.errors import RequestError
from penstock.project.access.caller import Way  # noqa: TC001  # a model needs it
from penstock.project.access.rights import Right  # noqa: TC001  # a model needs it
from penstock.project.access.stored import LOGIN_DAYS
from penstock.server.access import COOKIE, TOKEN, access_of, cookies, entry_of, entry_or_none
from penstock.server.api.model import Given, Model

if TYPE_CHECKING:
    from penstock.server.access import Gate

__all__ = ["router"]

router = APIRouter(prefix="/api/login", tags=["access"])

_HASHES = anyio.CapacityLimiter(2)
"""A password takes 19 MB to be looked at: a crowd that logs in waits."""


class Login(Given):
    user: str | None = Field(None, max_length=64, examples=["anna"])
    password: str | None = Field(None, max_length=1_000)
    token: str | None = Field(None, max_length=1_000)
    """That of the server's environment, in place of user and password."""

    @model_validator(mode="after")
    def _is_one(self) -> Login:
        if (self.token is None) is (self.user is None or self.password is None):
            raise ValueError("a login is a user and a password, or a token")
        return self


class OwnPassword(Given):
    password: str = Field(max_length=1_000)
    """As it is."""
    new: str = Field(max_length=1_000)
    """12 to 256 characters."""


class LoginState(Model):
    needed: bool
    """Whether this server needs a login or a token at all."""
    user: str | None
    """Who asks; null where nobody is logged in and a login is needed."""
    way: Way | None
    rights: list[Right]
    """What this user may do."""
    filters: list[str]
    """The tables of which this user sees a part of the rows; what is made of rows of all tables is closed then."""


@router.get("", operation_id="login_state")
async def state(request: Request) -> LoginState:
    """Whether a login is needed, which is decided by the address that is listened on; who asks, and may do what."""
    needed = access_of(request.scope).gate is not None
    entry = entry_or_none(request.scope)
    if entry is None:
        return LoginState(needed=needed, user=None, way=None, rights=[], filters=[])
    caller = entry.caller
    filters = sorted({one.path[-1] for one in caller.filters})
    return LoginState(needed=needed, user=caller.name, way=caller.way, rights=sorted(caller.rights), filters=filters)


@router.post("", operation_id="login", status_code=204)
async def login(request: Request, given: Login) -> Response:
    """Log in: a cookie holds for 30 days, or until the password is changed. It is a new one each time."""
    gate = access_of(request.scope).gate
    response = Response(status_code=204)
    if gate is None:
        return response
    address = request.client.host if request.client else ""
    if given.user is None:
        secret = await _of_bootstrap(gate, given.token or "", address)
    else:
        secret = await _of_user(gate, given.user, given.password or "", address)
    await _end(gate, request, address)
    _remember(response, request, secret)
    return response


@router.put("/password", operation_id="own_password", status_code=204)
async def set_own_password(request: Request, given: OwnPassword) -> Response:
    """Change the password that one has logged in with: all other logins end, and this one gets a new cookie."""
    gate, caller = access_of(request.scope).gate, entry_of(request.scope).caller
    if gate is None or caller.way != "login":
        raise RequestError(
            f"{caller.name} has not logged in with a password",
            code="request-login",
            hint="log in with it, then change it",
        )
    address = request.client.host if request.client else ""
    await _of_user(gate, caller.name, given.password, address)
    accounts = gate.accounts(caller.name, address)
    await anyio.to_thread.run_sync(accounts.set_password, caller.name, given.new, limiter=_HASHES)
    response = Response(status_code=204)
    _remember(response, request, await _of_user(gate, caller.name, given.new, address))
    return response


def _remember(response: Response, request: Request, secret: str) -> None:
    """Give a browser the cookie of a login."""
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    response.set_cookie(COOKIE, secret, LOGIN_DAYS * 86_400, httponly=True, samesite="strict", secure=secure)


async def _of_bootstrap(gate: Gate, token: str, address: str) -> str:
    gate.tries.begin(f"from {address}")
    if not gate.is_bootstrap(token):
        raise RequestError("this is not the token", code="request-token")
    gate.tries.right(f"from {address}")
    accounts = gate.accounts(TOKEN, address)
    return await anyio.to_thread.run_sync(accounts.log_in_holder, token)


async def _of_user(gate: Gate, user: str, password: str, address: str) -> str:
    whose = f"from {address}", f"for user {user}"
    gate.tries.begin(*whose)
    accounts = gate.accounts(user, address)
    secret = await anyio.to_thread.run_sync(accounts.log_in, user, password, limiter=_HASHES)
    if secret is None:
        raise RequestError("there is no such user, or this is not the password", code="request-password")
    gate.tries.right(*whose)
    return secret


@router.delete("", operation_id="logout", status_code=204)
async def logout(request: Request) -> Response:
    """End this login, and forget the cookie."""
    gate = access_of(request.scope).gate
    if gate is not None:
        await _end(gate, request, request.client.host if request.client else "")
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


async def _end(gate: Gate, request: Request, address: str) -> None:
    """End the logins whose cookies the request has brought."""
    entry = entry_or_none(request.scope)
    accounts = gate.accounts(entry.caller.name if entry else "", address)
    given = {b"cookie": request.headers.getlist("cookie")}
    for secret in cookies(given):
        await anyio.to_thread.run_sync(accounts.log_out, secret)
