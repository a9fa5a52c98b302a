"""Patterns of dates and times (``yyyy-MM-dd HH:mm:ss``), of which Java has two kinds, with the same letters mostly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from penstock.sql.functions.signatures import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MONTHS", "WEEKDAYS", "Part", "refuse", "split"]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Part:
    """A letter `count` times over; or, where `count` is 0, the plain text `text`; or a bracket."""

    text: str
    count: int = 0
    bracket: bool = False

    def __str__(self) -> str:
        return self.text * (self.count or 1)


@cache
def split(pattern: str, *, brackets: bool) -> tuple[Part, ...]:
    """The parts of a pattern, neighbouring texts joined.

    With `brackets`, ``[`` and ``]`` enclose what is optional, and ``{ } #`` are reserved: the newer kind.
    Raises ArgumentError where a quote is not closed.
    """
    parts: list[Part] = []
    for part in _parts(pattern, brackets):
        if parts and not (part.count or part.bracket or parts[-1].count or parts[-1].bracket):
            parts[-1] = Part(parts[-1].text + part.text)
        else:
            parts.append(part)
    return tuple(parts)


def _parts(pattern: str, brackets: bool) -> Iterator[Part]:
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char.isascii() and char.isalpha():
            count = len(pattern[place:]) - len(pattern[place:].lstrip(char))
            yield Part(char, count)
            place += count
        elif char == "'":
            text, place = _quoted(pattern, place)
            yield Part(text)
        elif brackets and char in "[]":
            yield Part(char, bracket=True)
            place += 1
        elif brackets and char in "{}#":
            raise ArgumentError(f"takes a pattern without the reserved {char}: '{pattern}'")
        else:
            yield Part(char)
            place += 1


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    """The text of a quoted part, and the place after it; two quotes are one."""
    if pattern[start + 1 : start + 2] == "'":
        return "'", start + 2
    text, place = "", start + 1
    while place < len(pattern):
        if pattern[place] != "'":
            text, place = text + pattern[place], place + 1
        elif pattern[place + 1 : place + 2] == "'":
            text, place = text + "'", place + 2
        else:
            return text, place + 1
    raise ArgumentError(f"takes a pattern whose quotes are closed: '{pattern}'")


_REASONS = {
    "w": "the number of a week depends on the locale",
    "W": "the number of a week depends on the locale",
    "Y": "the year of a week depends on the locale, use y",
    "e": "the number of a weekday depends on the locale",
    "c": "the number of a weekday depends on the locale",
    "z": "the names of zones are Java's own",
    "v": "the names of zones are Java's own",
}


def refuse(part: Part, allowed: str, reason: str = "") -> ArgumentError:
    """The error for a letter of a pattern that cannot be used."""
    why = reason or _REASONS.get(part.text, "")
    return ArgumentError(f"cannot use '{part}' in a pattern{f': {why}' if why else ''}; letters are {allowed}")
