"""Base64 as Jackson reads it."""

from __future__ import annotations

import binascii
import re

__all__ = ["base64_value"]

_QUAD = re.compile("[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==")
_WHOLE = re.compile(f"[\\0- ]*(?:(?:{_QUAD.pattern})[\\0- ]*)*")


def base64_value(text: str) -> bytes:
    """The bytes; blanks may stand between groups of four, padding is demanded. Raises ValueError."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return b"".join(binascii.a2b_base64(quad) for quad in _QUAD.findall(text))
