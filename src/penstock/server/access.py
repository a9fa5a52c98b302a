"""By what right a request comes in: decided by the address that is listened on, and by what the request shows."""

from __future__ import annotations

import hmac
import ipaddress
import os
from dataclasses import dataclass, field
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, RequestError
from penstock.project.access.caller import Caller, system_user
from penstock.server.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.types import Scope

    from penstock.project.access.rights import Right
    from penstock.project.access.stored import StoredAccounts
    from penstock.project.penstock import Penstock

__all__ = [
    "COOKIE",
    "TOKEN",
    "Access",
    "Entry",
    "Gate",
    "access_of",
    "cookies",
    "entry_of",
    "entry_or_none",
    "is_loopback",
    "require_right",
    "require_whole",
]

TOKEN = "PENSTOCK_TOKEN"  # noqa: S105  # the variable's name
COOKIE = "penstock_login"
_LEAST_TOKEN = 16
_BOOTSTRAP = Caller(TOKEN, way="bootstrap")
_ENTRY, _ACCESS = "penstock.entry", "penstock.access"


@dataclass(frozen=True, slots=True)
class Entry:
    """How a request has come in: who asks, from which network address, and whether it would come in so again."""

    caller: Caller
    address: str
    _again: Callable[[], Caller | None] = field(compare=False)

    def holds(self) -> bool:
        """Whether the caller still may all that it could, and nothing more."""
        return self._again() == self.caller


class Gate:
    """Lets in who shows a login's cookie or a token, where those are needed."""

    def __init__(self, penstock: Penstock, bootstrap: str) -> None:
        self._penstock = penstock
        self.bootstrap = bootstrap
        """The token of the environment, the holder of which is an admin; empty where there is none."""
        self.tries = Tries()

    def accounts(self, name: str, address: str) -> StoredAccounts:
        """The accounts, as whoever logs in as `name` changes them."""
        return self._penstock.accounts_by(Caller(name, frozenset(), "login"), address)

    def entry(self, address: str, given: Mapping[bytes, Sequence[str]]) -> Entry | None:
        """How a request with these headers comes in. Raises RequestError after too many wrong tokens."""
        for token in _bearers(given):
            if (entry := _entry(address, partial(self._of_token, token))) is not None:
                return entry  # nobody guesses 256 bits: wrong tokens of others do not keep this one out
            self.tries.begin(f"from {address}")
            if self.is_bootstrap(token):
                self.tries.right(f"from {address}")
                return Entry(_BOOTSTRAP, address, lambda: _BOOTSTRAP)
        for secret in cookies(given):
            if (entry := _entry(address, partial(self._of_login, secret))) is not None:
                return entry
        return None

    def is_bootstrap(self, token: str) -> bool:
        """Whether a token is that of the environment."""
        return bool(self.bootstrap) and hmac.compare_digest(token.encode(), self.bootstrap.encode())

    def _of_token(self, token: str) -> Caller | None:
        return self.accounts("", "").caller_of_token(token)

    def _of_login(self, secret: str) -> Caller | None:
        return self.accounts("", "").caller_of_login(secret, self.bootstrap)


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts` are names that a request may give beside loopback's; where `anyone` is None, only a `gate` lets in.

    `owner` is the project's own socket: its folder's rights have decided already.
    """

    hosts: frozenset[str] = frozenset()
    anyone: Caller | None = field(default_factory=lambda: Caller(system_user(), way="loopback"))
    owner: bool = False
    gate: Gate | None = None

    @classmethod
    def at(cls, penstock: Penstock, address: str, hosts: Iterable[str]) -> Access:
        """For who listens on `address`, an IP. Raises ConfigError where that needs a login, and nobody could log in."""
        names = frozenset(h.lower().rstrip(".") for h in hosts)
        if is_loopback(address):
            return cls(names)
        token = os.environ.get(TOKEN, "")
        if token and len(token) < _LEAST_TOKEN:
            what = f"{TOKEN} is shorter than {_LEAST_TOKEN} characters"
        elif not token and not penstock.accounts.users():
            what = f"{TOKEN} is not set, and there is no user"
        else:
            return cls(names, None, gate=Gate(penstock, token))
        raise ConfigError(
            f"{address} can be reached from other machines, and {what}",
            code="serve-token",
            hint=f"export {TOKEN}=$(openssl rand -hex 24), or penstock user add, or listen on 127.0.0.1",
        )

    @classmethod
    def of_owner(cls) -> Access:
        """For the project's own socket."""
        return cls(anyone=Caller(system_user(), way="socket"), owner=True)

    def entry(self, scope: Scope, given: Mapping[bytes, Sequence[str]]) -> Entry | None:
        """How a request with these headers comes in; None where it does not."""
        address = scope["client"][0] if scope.get("client") else ""
        if self.anyone is not None:
            anyone = self.anyone
            return Entry(anyone, address, lambda: anyone)
        assert self.gate is not None
        return self.gate.entry(address, given)

    def enter(self, scope: Scope, entry: Entry | None) -> None:
        """Say to what comes after how a request has come in; None where it has not, and may only see what all may."""
        scope[_ACCESS], scope[_ENTRY] = self, entry


def access_of(scope: Scope) -> Access:
    """By what a request was let in."""
    found: Access = scope[_ACCESS]
    return found


def entry_or_none(scope: Scope) -> Entry | None:
    """How a request has come in; None where it has not."""
    found: Entry | None = scope[_ENTRY]
    return found


def entry_of(scope: Scope) -> Entry:
    """How a request has come in. Raises RequestError where it has not."""
    found = entry_or_none(scope)
    if found is None:
        raise RequestError(
            "this server needs a login or a token",
            code="request-token",
            hint="log in at its page, or send the header Authorization: Bearer TOKEN",
        )
    return found


def require_right(scope: Scope, right: Right | None) -> None:
    """Raises RequestError where whoever asks may not do what needs `right`; None: all may."""
    if right is None:
        return
    caller = entry_of(scope).caller
    if right in caller.rights:
        return
    has = ", ".join(sorted(caller.rights)) or "none"
    whose = f"this token of {caller.name}" if caller.token else caller.name
    raise RequestError(
        f"{whose} may not do this: it needs the right to {right}, and there is {has}",
        code="request-right",
        hint="an admin can make a token of another scope" if caller.token else "an admin can give another role",
    )


def require_whole(scope: Scope) -> None:
    """Raises RequestError where whoever asks may see a part of the rows only."""
    caller = entry_of(scope).caller
    if caller.filters:
        raise RequestError(
            f"this is closed to {caller.name}: it has rows of all tables, of some of which a part may be seen only",
            code="request-right",
            hint="an admin can take the filters away",
        )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an IP address."""
    return ipaddress.ip_address(address.split("%", maxsplit=1)[0]).is_loopback


def cookies(given: Mapping[bytes, Sequence[str]]) -> list[str]:
    """The secrets of logins that a request's headers show."""
    found = []
    for text in given.get(b"cookie", ()):
        try:
            cookie = SimpleCookie(text).get(COOKIE)
        except CookieError:
            continue
        if cookie is not None:
            found.append(cookie.value)
    return found


def _bearers(given: Mapping[bytes, Sequence[str]]) -> list[str]:
    return [v[7:].strip() for v in given.get(b"authorization", ()) if v[:7].lower() == "bearer "]


def _entry(address: str, look: Callable[[], Caller | None]) -> Entry | None:
    caller = look()
    return None if caller is None else Entry(caller, address, look)
