"""Secrets that a file names and the environment has."""

from __future__ import annotations

import os
import re

from penstock.core.errors import ConfigError
from penstock.core.options import Kind

__all__ = ["REFERENCE", "require_no_password", "revealed", "secret"]

REFERENCE = re.compile(r"\$\{(\w+)\}")
"""How a file names a variable of the environment."""


def secret(example: str, where: str = "") -> Kind[str]:
    """A value that names a variable of the environment, as `example` does; anything else is refused.

    The error is for `where`, by default the place of the option.
    """

    def read(value: str) -> str:
        if not REFERENCE.fullmatch(value):
            raise ConfigError(
                "a secret stands in the file, and is allowed in the environment alone",
                code="secret-literal",
                where=where,
                hint=f"name the variable that has it: {example}",
            )
        return value

    return Kind('a variable of the environment, "${NAME}": a secret is in no file', read)


def require_no_password(url: str, where: str, hint: str) -> None:
    """Raises ConfigError where the url of a server has a password in it; it may be the name of a variable."""
    user = url.partition("://")[2].rpartition("@")[0]
    if not REFERENCE.fullmatch(url) and (":" in user or "password=" in url):
        raise ConfigError(
            "the url has a password, and a secret is allowed in the environment alone",
            code="secret-literal",
            where=where,
            hint=hint,
        )


def revealed(value: str, where: str) -> str:
    """`value`, or where it is ``${NAME}`` what the environment has under that name. Raises ConfigError if nothing."""
    found = REFERENCE.fullmatch(value)
    if not found:
        return value
    if found[1] not in os.environ:
        raise ConfigError(
            f"the environment has no variable {found[1]}",
            code="secret-missing",
            where=where,
            hint=f"export {found[1]}=...",
        )
    return os.environ[found[1]]
