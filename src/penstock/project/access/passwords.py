"""Passwords: what is kept of them is an argon2id hash (RFC 9106), with a salt and the cost in its text.

The cost is what OWASP's cheat sheet on storing passwords asks for at least: 19 MB, twice over, in one thread.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["hashed", "matches"]

SHORTEST, LONGEST = 12, 256
_MEMORY_KB, _TIMES = 19 * 1024, 2


def hashed(password: str) -> str:
    """What is kept of a password. Raises ConfigError for one that is too short, too long or no text."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(
            f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}", code="access-password"
        )
    if not password.isprintable():
        raise ConfigError("a password has no line breaks, tabs or other control characters", code="access-password")
    return _hasher().hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one of which `kept` was kept; it takes as long where there is none.

    Each takes 19 MB while it is computed: whoever lets strangers ask lets them ask one after the other.
    """
    from argon2.exceptions import VerificationError

    if len(password) > LONGEST:
        return False
    try:
        _hasher().verify(kept or _of_nobody(), password)
    except (VerificationError, UnicodeEncodeError):
        return False
    return kept is not None


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(_TIMES, _MEMORY_KB, parallelism=1)


@cache
def _of_nobody() -> str:
    return _hasher().hash("no password of anybody")
