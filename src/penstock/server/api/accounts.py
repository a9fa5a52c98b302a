"""Users and their tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field, StrictBool, StrictInt, StrictStr

from penstock.project.access.rights import Role, Scope  # noqa: TC001  # a model needs them
from penstock.project.access.stored import StoredAccounts
from penstock.server.access import entry_of
from penstock.server.api.model import Given, Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["access"])


def _accounts(request: Request, penstock: Project) -> StoredAccounts:
    entry = entry_of(request.scope)
    return penstock.accounts_by(entry.caller, entry.address)


By = Annotated[StoredAccounts, Depends(_accounts)]
"""The accounts, as changed by whoever asks."""


class FilterAnswer(Model):
    path: tuple[str, str, str] = Field(examples=[("default_catalog", "default_database", "orders")])
    """Catalog, database and name of the table."""
    where: list[tuple[str, list[str | int | bool | None]]] = Field(examples=[[("customer", ["c1", "c2"])]])
    """Columns, and the values that each may have; none: every row."""


class NewFilter(Given):
    where: dict[str, list[StrictStr | StrictInt | StrictBool | None]] = Field(examples=[{"customer": ["c1", "c2"]}])
    """Columns, and the values that each may have; {}: every row, of a table that would be closed otherwise."""


class UserAnswer(Model):
    name: str = Field(examples=["anna"])
    role: Role
    password: bool
    """Whether there is one: without it there are tokens alone."""
    since: int
    """ms since 1970."""
    filters: list[FilterAnswer]
    """Which rows of tables this user may see; of a table that is made of those none, unless it is here too."""


class NewUser(Given):
    name: str = Field(examples=["anna"])
    role: str = Field(examples=["viewer"])
    password: str | None = None
    """12 to 256 characters; left out for a program, which has tokens."""


class NewRole(Given):
    role: str = Field(examples=["operator"])


class NewPassword(Given):
    password: str | None
    """null: it is taken away."""


class TokenAnswer(Model):
    id: str = Field(examples=["9f86d081884c"])
    user: str = Field(examples=["collector"])
    scope: Scope
    purpose: str = Field(examples=["ingest from the gate"])
    made: int
    """ms since 1970."""
    expires: int
    """ms since 1970."""


class NewToken(Given):
    user: str = Field(examples=["collector"])
    scope: str = Field(examples=["ingest"])
    """read, ingest, operate or admin; no more than the user's role allows has an effect."""
    days: float = 90
    """How long it holds."""
    purpose: str = Field("", examples=["ingest from the gate"])


class TokenMade(TokenAnswer):
    token: str = Field(examples=["pst_9f86d081884c_..."])
    """Its text, told this once: what is kept is a hash."""


Name = Annotated[str, Path(examples=["anna"])]
Table = Annotated[str, Path(description="NAME, or DATABASE.NAME", examples=["orders"])]


@router.get("/users", operation_id="users")
def list_users(accounts: By) -> list[UserAnswer]:
    """All users, by name."""
    return [UserAnswer.model_validate(user) for user in accounts.users()]


@router.post("/users", operation_id="user_add", status_code=201)
def add_user(accounts: By, user: NewUser) -> UserAnswer:
    """Add a user: viewer (look and ask), operator (change what runs, too) or admin (decide who may, too)."""
    return UserAnswer.model_validate(accounts.add_user(user.name, user.role, user.password))


@router.put("/users/{name}/role", operation_id="user_role")
def set_role(accounts: By, name: Name, given: NewRole) -> UserAnswer:
    """Give a user another role; it holds from the next request on, and ends open WebSockets."""
    return UserAnswer.model_validate(accounts.set_role(name, given.role))


@router.put("/users/{name}/password", operation_id="user_password")
def set_password(accounts: By, name: Name, given: NewPassword) -> UserAnswer:
    """Give a user another password, which ends all logins, or none."""
    return UserAnswer.model_validate(accounts.set_password(name, given.password))


@router.put("/users/{name}/filters/{table}", operation_id="user_filter")
def set_filter(accounts: By, name: Name, table: Table, given: NewFilter) -> UserAnswer:
    """Let a user see only such rows of a table, and of views over it; what pipelines made of it is closed then.

    Who has a filter may look and append, and nothing more.
    """
    return UserAnswer.model_validate(accounts.set_filter(name, table, given.where))


@router.delete("/users/{name}/filters/{table}", operation_id="user_filter_remove")
def remove_filter(accounts: By, name: Name, table: Table) -> UserAnswer:
    """Take a filter away."""
    return UserAnswer.model_validate(accounts.set_filter(name, table, None))


@router.delete("/users/{name}", operation_id="user_remove", status_code=204)
def remove_user(accounts: By, name: Name) -> None:
    """Remove a user, with all logins and tokens."""
    accounts.remove_user(name)


@router.get("/tokens", operation_id="tokens")
def list_tokens(accounts: By) -> list[TokenAnswer]:
    """All tokens that hold, by user; none can be shown again."""
    return [TokenAnswer.model_validate(token) for token in accounts.tokens()]


@router.post("/tokens", operation_id="token_make", status_code=201)
def make_token(accounts: By, given: NewToken) -> TokenMade:
    """Make a token of a user, for a program; its text is told this once."""
    made = accounts.make_token(given.user, given.scope, given.days, given.purpose)
    return TokenMade(**TokenAnswer.model_validate(made.token).model_dump(), token=made.text)


@router.delete("/tokens/{id}", operation_id="token_revoke", status_code=204)
def revoke_token(accounts: By, id_: Annotated[str, Path(alias="id")]) -> None:
    """End a token."""
    accounts.revoke_token(id_)
