"""Base64 as Jackson reads it."""

from __future__ import annotations

import binascii
import re

__all__ = ["base64_value", "ends_early"]

_QUAD = re.compile("[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==")
_WHOLE = re.compile(f"[\\0- ]*(?:(?:{_QUAD.pattern})[\\0- ]*)*")

_EARLY = re.compile(f"{_WHOLE.pattern}[A-Za-z0-9+/](?:[A-Za-z0-9+/]=)?")


def base64_value(text: str) -> bytes:
    """The bytes; blanks may stand between groups of four, padding is demanded. Raises ValueError."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return b"".join(binascii.a2b_base64(quad) for quad in _QUAD.findall(text))


def ends_early(text: str) -> bool:
    """Whether the text is over where Jackson must have one character more, so that it takes the quote behind for it."""
    return _EARLY.fullmatch(text) is not None
