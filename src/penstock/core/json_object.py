"""What may be a JSON object."""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["object_in"]


def object_in(text: bytes) -> dict[str, Any] | None:
    """The members of the JSON object that a text is; None where it is none."""
    try:  # one at a time: of 500 orjson takes 0.3 ms, a frame of the one column 10
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
