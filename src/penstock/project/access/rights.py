"""What can be allowed: rights, the roles of users that have them, and the scopes that a token is confined to."""

from __future__ import annotations

from typing import Literal, cast, get_args

from penstock.core.errors import ConfigError, did_you_mean

__all__ = ["ALL", "ROLES", "SCOPES", "Right", "Role", "Scope", "role_of", "scope_of"]

Right = Literal["read", "ingest", "operate", "admin"]
"""read: look and ask; ingest: append events; operate: change topics, files and what runs; admin: who may do that."""
Role = Literal["viewer", "operator", "admin"]
Scope = Literal["read", "ingest", "operate", "admin"]

ALL: frozenset[Right] = frozenset(get_args(Right))

ROLES: dict[Role, frozenset[Right]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "ingest", "operate"}),
    "admin": ALL,
}
SCOPES: dict[Scope, frozenset[Right]] = {
    "read": frozenset({"read"}),
    "ingest": frozenset({"ingest"}),
    "operate": frozenset({"read", "ingest", "operate"}),
    "admin": ALL,
}
"""A token may do what its scope and its user's role both allow."""


def role_of(text: str) -> Role:
    """Raises ConfigError for what is no role."""
    return cast("Role", _one_of(text, "role", ROLES))


def scope_of(text: str) -> Scope:
    """Raises ConfigError for what is no scope."""
    return cast("Scope", _one_of(text, "scope", SCOPES))


def _one_of(text: str, what: str, known: dict[Role, frozenset[Right]] | dict[Scope, frozenset[Right]]) -> str:
    if text not in known:
        raise ConfigError(
            f"there is no {what} '{text}'",
            code=f"access-{what}",
            hint=did_you_mean(text, known) or "there are " + ", ".join(known),
        )
    return text
