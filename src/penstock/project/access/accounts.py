"""Users and their tokens, as commands and the API ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.project.access.filters import Filter, Value
    from penstock.project.access.rights import Role, Scope

__all__ = ["Accounts", "Made", "Token", "User"]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody, or a program, that may come in; times in ms since 1970."""

    name: str
    role: Role
    password: bool
    """Whether there is a password: without one there are tokens alone."""
    since: int
    filters: tuple[Filter, ...] = ()
    """Which rows of tables may be seen; with a filter nobody does more than look and append."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed: what it was shown as is not kept. Times in ms since 1970."""

    id: str
    user: str
    scope: Scope
    purpose: str
    made: int
    expires: int


@dataclass(frozen=True, slots=True)
class Made:
    """A token that has just been made, and its text, which is told this once."""

    token: Token
    text: str


class Accounts(Protocol):
    """Each change holds at once, ends what no longer may be, and is told in the audit log.

    Raises ConfigError for a name, a role or a password that does not fit, or that is taken or unknown.
    """

    def users(self) -> list[User]:
        """By name."""
        ...

    def add_user(self, name: str, role: str, password: str | None = None) -> User: ...

    def set_role(self, name: str, role: str) -> User: ...

    def set_password(self, name: str, password: str | None) -> User:
        """None takes it away. Who is logged in as this user no longer is."""
        ...

    def set_filter(self, name: str, table: str, where: Mapping[str, Sequence[Value]] | None) -> User:
        """Let a user see only rows of a table whose columns have one of their values; {} all of them.

        None takes the filter away.
        """
        ...

    def remove_user(self, name: str) -> None:
        """With the user's tokens."""
        ...

    def tokens(self) -> list[Token]:
        """By user and age, without those that have expired."""
        ...

    def make_token(self, user: str, scope: str, days: float, purpose: str = "") -> Made: ...

    def revoke_token(self, id_: str) -> None: ...
