"""What is asked, as a part of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["encoded"]


def encoded(asked: Mapping[str, object]) -> str:
    """The part behind the question mark; what is None is left out."""
    return urlencode({name: value for name, value in asked.items() if value is not None})
