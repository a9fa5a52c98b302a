"""The elements of a JSON array, each with the bytes that it has there."""

from __future__ import annotations

import json

import orjson

__all__ = ["elements"]

_SPACE = b" \t\r\n"
_BETWEEN = (b"},{", b"}, {", b"},\n{")
"""What stands between the objects of an array, as programs write it."""


def elements(body: bytes) -> list[bytes]:
    """The text of a JSON object, or that of each element of an array.

    Raises ValueError where `body` is neither; what it says ends the sentence "the body is".
    """
    stripped = body.strip(_SPACE)
    if stripped[:1] + stripped[-1:] == b"[]" and (objects := _objects(stripped[1:-1].strip(_SPACE))) is not None:
        return objects
    try:
        found = orjson.loads(stripped)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if isinstance(found, dict):
        return [stripped]
    if not isinstance(found, list):
        raise ValueError("neither an object nor an array of events")  # noqa: TRY004  # as what is no JSON at all
    text, decoder = stripped.decode(), json.JSONDecoder()
    values, at = [], 1
    for _ in found:
        while text[at] in " \t\r\n,":
            at += 1
        _, end = decoder.raw_decode(text, at)  # for where it ends: its own text is kept
        values.append(text[at:end].encode())
        at = end
    return values


def _objects(inside: bytes) -> list[bytes] | None:
    """The texts of the objects inside an array, cut where they most likely are; None where that does not prove right.

    Where all pieces are JSON, what they are pieces of has these elements and no others.
    """
    between = next((space for space in _BETWEEN if space in inside), _BETWEEN[0])
    first, *others = inside.split(between)
    if not others:
        return None
    pieces = [first + b"}", *(b"{%b}" % piece for piece in others[:-1]), b"{" + others[-1]]
    try:
        for piece in pieces:
            orjson.loads(piece)
    except orjson.JSONDecodeError:
        return None
    return pieces
