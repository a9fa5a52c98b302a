"""`Forgotten`: what forgetting a person has come to in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FORGOTTEN", "Forgotten"]

FORGOTTEN = "its content was removed, since a person was forgotten"
"""The reason of a row whose content is gone."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done in a place, in numbers: `act` is removed, emptied, replaced, left or untouched."""

    place: str
    act: str
    count: int
    what: str
