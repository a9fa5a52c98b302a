"""One CSV record, character by character, as Jackson reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from penstock.formats.csv.rules import Rules

__all__ = ["CsvSyntaxError", "Record", "read_record"]

_ENDS = "\r\n"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class CsvSyntaxError(ValueError):
    """Not CSV; the text says why."""


class Record(NamedTuple):
    """The texts of a record's fields, and where the next record begins."""

    fields: list[str]
    end: int


def read_record(text: str, at: int, rules: Rules) -> Record | None:
    """The record that begins at `at`; None if there is none but comments and, before those, blank lines.

    Raises CsvSyntaxError.
    """
    if rules.comments:
        at = _past_comments(text, at)
    if at >= len(text):
        return None
    fields = []
    while True:
        field, at = _field(text, at, rules)
        fields.append(field)
        if at >= len(text):
            return Record(fields, at)
        if text[at] in _ENDS:
            return Record(fields, at + (2 if text.startswith("\r\n", at) else 1))
        at += 1


def _past_comments(text: str, at: int) -> int:
    """The first character of the first line that is neither blank nor a comment."""
    while at < len(text):
        here = at
        while here < len(text) and text[here] == " ":
            here += 1
        if here < len(text) and text[here] not in "#\r\n":
            return here
        while here < len(text) and text[here] not in _ENDS:
            here += 1
        at = here + (2 if text.startswith("\r\n", here) else 1)
    return len(text)


def _field(text: str, at: int, rules: Rules) -> tuple[str, int]:
    """The field that begins at `at`, and the place of the delimiter or line end behind it."""
    if rules.trim:
        while at < len(text) and text[at] in " \t":
            at += 1
    if rules.quote is not None and text.startswith(rules.quote, at):
        return _quoted(text, at + 1, rules.quote, rules)
    begin = at
    pieces: list[str] = []
    while at < len(text) and text[at] != rules.delimiter and text[at] not in _ENDS:
        if text[at] == rules.escape:
            pieces += (text[begin:at], _unescaped(text, at + 1))
            begin = at = at + 2
        else:
            at += 1
    field = "".join((*pieces, text[begin:at]))
    return (field.rstrip(" \t") if rules.trim else field), at


def _quoted(text: str, at: int, quote: str, rules: Rules) -> tuple[str, int]:
    begin = at
    pieces: list[str] = []
    while True:
        if at >= len(text):
            raise CsvSyntaxError("not valid CSV: a quoted field does not end")
        if text[at] == rules.escape:
            pieces += (text[begin:at], _unescaped(text, at + 1))
            begin = at = at + 2
        elif text[at] == quote:
            if not text.startswith(quote, at + 1):
                break
            pieces.append(text[begin : at + 1])
            begin = at = at + 2
        else:
            at += 1
    field = "".join((*pieces, text[begin:at]))
    at += 1
    while at < len(text) and text[at] in " \t" and text[at] != rules.delimiter:
        at += 1
    if at < len(text) and text[at] != rules.delimiter and text[at] not in _ENDS:
        raise CsvSyntaxError(
            f"not valid CSV: {text[at]!r} stands behind a quoted field, where a delimiter was expected"
        )
    return field, at


def _unescaped(text: str, at: int) -> str:
    if at >= len(text):
        raise CsvSyntaxError("not valid CSV: it ends in an escape")
    return _ESCAPES.get(text[at], text[at])
