"""The folder inside a project that holds its log and what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HOME", "made"]

HOME = ".penstock"
"""Its name."""


def made(home: Path) -> Path:
    """The folder, there. Raises StorageError where it cannot be made."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make {home}: {error.strerror}", code="storage-open", hint=f"make {home.parent} writable"
        ) from None
    return home
