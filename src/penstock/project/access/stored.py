"""Users, tokens and logins as facts of the project's database; of secrets there are hashes alone.

A user is the fact `access/user/NAME`, a token `access/token/ID`, a login `access/login/HASH`. Passwords can be guessed,
so they have argon2; tokens and logins are 256 random bits, for which SHA-256 is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.errors import ConfigError, did_you_mean
from penstock.project.access.accounts import Made, Token, User
from penstock.project.access.caller import Caller
from penstock.project.access.filters import Filter, filter_of
from penstock.project.access.passwords import hashed, matches
from penstock.project.access.rights import ROLES, SCOPES, role_of, scope_of
from penstock.project.audit import audit_record, open_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.clock import Clock
    from penstock.log import Log
    from penstock.project.access.caller import Way
    from penstock.project.access.filters import Value
    from penstock.project.access.rights import Right
    from penstock.sql.catalog import Catalog

__all__ = ["LOGIN_DAYS", "StoredAccounts"]

LOGIN_DAYS = 30
_DAY_MS = 86_400_000
_LONGEST_DAYS = 3_660
_USER, _TOKEN, _LOGIN = "access/user/", "access/token/", "access/login/"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_TOKEN_TEXT = re.compile(r"pst_([0-9a-f]{12})_([\w-]{43})")
_PURPOSE = 200
_OF_CONFINED: frozenset[Right] = frozenset({"read", "ingest"})
"""Who does not see all rows changes nothing that others have made of them."""


class StoredAccounts:
    """`Accounts` over a log. What changes is audited as done by `by`, from a network `address` if any."""

    def __init__(self, log: Log, clock: Clock, catalog: Callable[[], Catalog], by: Caller, address: str = "") -> None:
        self._log = log
        self._clock = clock
        self._catalog = catalog
        self._by = by
        self._address = address

    # -- users -------------------------------------------------------------------------------------

    def users(self) -> list[User]:
        return [_user(key.removeprefix(_USER), orjson.loads(v)) for key, v in self._log.facts.scan(_USER).items()]

    def add_user(self, name: str, role: str, password: str | None = None) -> User:
        role = role_of(role)
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"'{name}' is no name of a user",
                code="access-name",
                hint="up to 64 lower-case letters, digits, and after the first one . _ - @",
            )
        if self._log.facts.get(_USER + name) is not None:
            raise ConfigError(f"there is a user '{name}' already", code="access-user-exists")
        kept = None if password is None else hashed(password)
        made = {"role": role, "password": kept, "since": self._clock.now_ms()}
        user = _user(name, made)
        self._change({_USER + name: None}, {_USER + name: made}, "user-add", name, after=_told(user))
        return user

    def set_role(self, name: str, role: str) -> User:
        changed = {**(seen := self._of(name)), "role": role_of(role)}
        before, after = _user(name, seen), _user(name, changed)
        self._change(
            {_USER + name: seen}, {_USER + name: changed}, "user-role", name, before=_told(before), after=_told(after)
        )
        return after

    def set_password(self, name: str, password: str | None) -> User:
        changed = {**(seen := self._of(name)), "password": None if password is None else hashed(password)}
        ended = dict.fromkeys(self._belonging(_LOGIN, name))
        self._change({_USER + name: seen}, {_USER + name: changed, **ended}, "user-password", name)
        return _user(name, changed)

    def set_filter(self, name: str, table: str, where: Mapping[str, Sequence[Value]] | None) -> User:
        seen = self._of(name)
        before = _user(name, seen)
        made = filter_of(self._catalog(), table, where or {})
        others = tuple(one for one in before.filters if one.path != made.path)
        after = sorted(others if where is None else (*others, made))
        changed = {**seen, "filters": [[one.path, one.where] for one in after]}
        user = _user(name, changed)
        told = {"before": _told(before), "after": _told(user)}
        self._change({_USER + name: seen}, {_USER + name: changed}, "user-filter", name, **told)
        return user

    def remove_user(self, name: str) -> None:
        seen = self._of(name)
        gone = dict.fromkeys([_USER + name, *self._belonging(_LOGIN, name), *self._belonging(_TOKEN, name)])
        self._change({_USER + name: seen}, gone, "user-remove", name, before=_told(_user(name, seen)))

    # -- tokens ------------------------------------------------------------------------------------

    def tokens(self) -> list[Token]:
        now = self._clock.now_ms()
        found = [_token(k.removeprefix(_TOKEN), orjson.loads(v)) for k, v in self._log.facts.scan(_TOKEN).items()]
        return sorted((t for t in found if t.expires > now), key=lambda t: (t.user, t.made, t.id))

    def make_token(self, user: str, scope: str, days: float, purpose: str = "") -> Made:
        seen = self._of(user)
        if not 0 < days <= _LONGEST_DAYS:
            raise ConfigError(f"a token holds for up to {_LONGEST_DAYS:,} days, not {days:g}", code="access-days")
        if len(purpose) > _PURPOSE or not purpose.isprintable():
            raise ConfigError(f"a purpose is a line of up to {_PURPOSE} characters", code="access-purpose")
        id_, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), self._clock.now_ms()
        made = {
            "user": user,
            "scope": scope_of(scope),
            "purpose": purpose,
            "made": now,
            "expires": now + round(days * _DAY_MS),
            "hash": _digest(secret),
        }
        token = _token(id_, made)
        changed = {_TOKEN + id_: made, **dict.fromkeys(self._expired(_TOKEN))}
        self._change({_USER + user: seen}, changed, "token-make", id_, after=_told(token))
        return Made(token, f"pst_{id_}_{secret}")

    def revoke_token(self, id_: str) -> None:
        kept = self._kept(_TOKEN + id_)
        if kept is None:
            known = [token.id for token in self.tokens()]
            hint = did_you_mean(id_, known) or ("there are " + ", ".join(known) if known else "no token was made")
            raise ConfigError(f"there is no token '{id_}'", code="access-token-unknown", hint=hint)
        self._change({}, {_TOKEN + id_: None}, "token-revoke", id_, before=_told(_token(id_, kept)))

    # -- coming in ---------------------------------------------------------------------------------

    def log_in(self, name: str, password: str) -> str | None:
        """The secret of a new login, None where there is no user of that name and password.

        It takes as long for a name that is none.
        """
        seen = self._kept(_USER + name) if _NAME.fullmatch(name) else None
        if not matches(password, None if seen is None else seen["password"]):
            return None
        return self._begin_login({_USER + name: seen}, {"user": name})

    def log_in_holder(self, bootstrap: str) -> str:
        """The secret of a new login of whoever has shown the environment's token, which was `bootstrap`."""
        return self._begin_login({}, {"user": self._by.name, "bootstrap": _digest(bootstrap)})

    def _begin_login(self, seen: Mapping[str, Mapping[str, Any] | None], made: dict[str, Any]) -> str:
        secret, now = secrets.token_urlsafe(32), self._clock.now_ms()
        made |= {"made": now, "expires": now + LOGIN_DAYS * _DAY_MS}
        changed = {_LOGIN + _digest(secret): made, **dict.fromkeys(self._expired(_LOGIN))}
        self._change(seen, changed, "login", made["user"])
        return secret

    def log_out(self, secret: str) -> None:
        """Nothing happens where there is no such login."""
        kept = self._kept(_LOGIN + _digest(secret))
        if kept is not None:
            self._change({}, {_LOGIN + _digest(secret): None}, "logout", kept["user"])

    def caller_of_login(self, secret: str, bootstrap: str = "") -> Caller | None:
        """Who has logged in and been given that secret, as of now; `bootstrap` is the environment's token, if any."""
        kept = self._kept(_LOGIN + _digest(secret))
        if kept is None or kept["expires"] <= self._clock.now_ms():
            return None
        if "bootstrap" in kept:
            same = bool(bootstrap) and hmac.compare_digest(kept["bootstrap"], _digest(bootstrap))
            return Caller(kept["user"], way="bootstrap") if same else None
        return self._caller(kept["user"], "login")

    def caller_of_token(self, text: str) -> Caller | None:
        """Whose token that is, as of now."""
        found = _TOKEN_TEXT.fullmatch(text)
        kept = self._kept(_TOKEN + found[1]) if found else None
        if found is None or kept is None or kept["expires"] <= self._clock.now_ms():
            return None
        if not hmac.compare_digest(kept["hash"], _digest(found[2])):
            return None
        token = _token(found[1], kept)
        caller = self._caller(token.user, "token")
        return caller and replace(caller, rights=caller.rights & SCOPES[token.scope], token=token.id)

    def _caller(self, name: str, way: Way) -> Caller | None:
        kept = self._kept(_USER + name)
        if kept is None:
            return None
        user = _user(name, kept)
        rights = ROLES[user.role] & _OF_CONFINED if user.filters else ROLES[user.role]
        return Caller(name, rights, way, filters=user.filters)

    # -- facts -------------------------------------------------------------------------------------

    def _kept(self, key: str) -> dict[str, Any] | None:
        value = self._log.facts.get(key)
        return None if value is None else orjson.loads(value)

    def _of(self, name: str) -> dict[str, Any]:
        kept = self._kept(_USER + name)
        if kept is None:
            known = [user.name for user in self.users()]
            hint = did_you_mean(name, known) or ("there are " + ", ".join(known) if known else "no user was added")
            raise ConfigError(f"there is no user '{name}'", code="access-user-unknown", hint=hint)
        return kept

    def _belonging(self, prefix: str, name: str) -> list[str]:
        return [key for key, value in self._log.facts.scan(prefix).items() if orjson.loads(value)["user"] == name]

    def _expired(self, prefix: str) -> list[str]:
        now, found = self._clock.now_ms(), self._log.facts.scan(prefix)
        return [key for key, value in found.items() if orjson.loads(value)["expires"] <= now]

    def _change(
        self,
        seen: Mapping[str, Mapping[str, Any] | None],
        changed: Mapping[str, Mapping[str, Any] | None],
        act: str,
        on: str,
        **more: Any,
    ) -> None:
        """Put facts (None deletes one), and the record of it, if those in `seen` are as they were seen; or nothing."""
        topic = open_audit(self._log)
        with self._log.transaction() as transaction:
            for key, value in seen.items():
                transaction.expect(key, None if value is None else orjson.dumps(value))
            for key, value in changed.items():
                transaction.delete(key) if value is None else transaction.put(key, orjson.dumps(value))
            transaction.append(topic, audit_record(self._by, self._address, act, on, **more))


def _user(name: str, kept: Mapping[str, Any]) -> User:
    filters = [
        Filter(tuple(path), tuple((column, tuple(values)) for column, values in where))
        for path, where in kept.get("filters", ())
    ]
    return User(name, kept["role"], kept["password"] is not None, kept["since"], tuple(filters))


def _token(id_: str, kept: Mapping[str, Any]) -> Token:
    return Token(id_, kept["user"], kept["scope"], kept["purpose"], kept["made"], kept["expires"])


def _told(one: User | Token) -> dict[str, Any]:
    """What the audit log says of it: neither has a secret."""
    told = {name: getattr(one, name) for name in one.__slots__ if name != "name"}
    return told if isinstance(one, Token) else {**told, "filters": [str(filter_) for filter_ in one.filters]}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
