"""Texts with names of columns in braces: ``latency is {avg_latency_ms} ms``; ``{{`` is a brace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["template_columns", "template_parts"]

_PART = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")


def template_parts(text: str) -> Iterator[tuple[str, str]]:
    """Literal text and the name of the column after it, in turns; either may be empty."""
    at, literal = 0, ""
    for found in _PART.finditer(text):
        literal += text[at : found.start()]
        at = found.end()
        if found[1] is None:
            literal += found[0][0]
        else:
            yield literal, found[1].strip()
            literal = ""
    yield literal + text[at:], ""


def template_columns(text: str) -> list[str]:
    """The columns that it names, in order."""
    return [column for _, column in template_parts(text) if column]
