"""Who asks for something, and by which way they have come in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.project.access.rights import ALL

if TYPE_CHECKING:
    from penstock.project.access.filters import Filter
    from penstock.project.access.rights import Right

__all__ = ["Caller", "Way", "system_user"]

Way = Literal["command", "socket", "loopback", "login", "token", "bootstrap"]
"""By a command in a process of its own, or through the socket of the one that runs the project; from this machine
without a login; with a password, with a token; with the token of the environment."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Two are equal where the same holds for both: what is shared between callers is shared by that."""

    name: str
    """A user's name; without a login, that of whom the process belongs to."""
    rights: frozenset[Right] = ALL
    way: Way = "command"
    token: str = ""
    """Of a token its id."""
    filters: tuple[Filter, ...] = ()
    """What of tables may be seen, where that is not all."""


def system_user() -> str:
    """The name by which the operating system knows whom this process belongs to, or its number."""
    import pwd

    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
