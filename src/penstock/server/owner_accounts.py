"""Users and tokens of a project that another process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.project.access.accounts import Made, Token, User
from penstock.project.access.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.project.access.filters import Value

__all__ = ["OwnerAccounts"]


class OwnerAccounts:
    """`project.access.accounts.Accounts`, by calls of the API: `ask` takes a method, a path and a body."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def users(self) -> list[User]:
        return [_user(user) for user in self._ask("GET", "/api/users")]

    def add_user(self, name: str, role: str, password: str | None = None) -> User:
        return _user(self._ask("POST", "/api/users", {"name": name, "role": role, "password": password}))

    def set_role(self, name: str, role: str) -> User:
        return _user(self._ask("PUT", f"/api/users/{quote(name, safe='')}/role", {"role": role}))

    def set_password(self, name: str, password: str | None) -> User:
        return _user(self._ask("PUT", f"/api/users/{quote(name, safe='')}/password", {"password": password}))

    def set_filter(self, name: str, table: str, where: Mapping[str, Sequence[Value]] | None) -> User:
        path = f"/api/users/{quote(name, safe='')}/filters/{quote(table, safe='')}"
        return _user(self._ask("DELETE", path) if where is None else self._ask("PUT", path, {"where": where}))

    def remove_user(self, name: str) -> None:
        self._ask("DELETE", f"/api/users/{quote(name, safe='')}")

    def tokens(self) -> list[Token]:
        return [Token(**token) for token in self._ask("GET", "/api/tokens")]

    def make_token(self, user: str, scope: str, days: float, purpose: str = "") -> Made:
        asked = {"user": user, "scope": scope, "days": days, "purpose": purpose}
        made = self._ask("POST", "/api/tokens", asked)
        text = made.pop("token")
        return Made(Token(**made), text)

    def revoke_token(self, id_: str) -> None:
        self._ask("DELETE", f"/api/tokens/{quote(id_, safe='')}")


def _user(told: dict[str, Any]) -> User:
    filters = [
        Filter(tuple(one["path"]), tuple((column, tuple(values)) for column, values in one["where"]))
        for one in told.pop("filters")
    ]
    return User(**told, filters=tuple(filters))
