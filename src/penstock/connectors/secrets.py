"""Secrets that a file names and the environment has."""

from __future__ import annotations

import os
import re

from penstock.core.errors import ConfigError

__all__ = ["REFERENCE", "revealed"]

REFERENCE = re.compile(r"\$\{(\w+)\}")
"""How a file names a variable of the environment."""


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
