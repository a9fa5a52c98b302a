"""Where the values stand in messages of one producer, guessed from one message and then proven for each.

Producers write their keys in one order with one spacing. So what lies between the values of one message is looked
for, byte by byte, in all the others; a message in which it stands is read without parsing, the others go elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penstock.core import types as t
from penstock.formats.block import Block, Ints, Mask, find, stands
from penstock.formats.json import tokens as tk
from penstock.formats.json.tokens import JsonSyntaxError, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.formats.batch import Path
    from penstock.formats.block import Bytes

__all__ = ["Cells", "Layout", "Slot", "learn", "match"]

_QUOTE, _BACKSLASH = 34, 92
_MAX_ESCAPES = 200
_MARKS = (b"\xef", b"\xff", b"\xfe", b"\x00")
"""How a message that is not UTF-8, or has a byte order mark, begins."""
_WORDS = ((b"true", tk.TRUE), (b"false", tk.FALSE), (b"null", tk.NULL))


@dataclass(frozen=True, slots=True)
class Slot:
    """A value and what stands before it; `type` is None where the schema does not know the field."""

    before: bytes
    path: Path
    type: t.DataType | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Slots in the order of the text, and the end; `rows` are the ROW fields that are there and not null."""

    slots: tuple[Slot, ...]
    after: bytes
    rows: frozenset[Path]


class Cells(NamedTuple):
    """One slot of many messages: the text of each value (a string's without quotes) and its token kind.

    `kind` is one number where all are alike; `escaped` marks strings with escapes, None where there is none.
    """

    start: Ints
    end: Ints
    kind: int | Bytes
    escaped: Mask | None

    def take(self, rows: Ints) -> Cells:
        return Cells(
            self.start[rows],
            self.end[rows],
            self.kind if isinstance(self.kind, int) else self.kind[rows],
            None if self.escaped is None else self.escaped[rows],
        )


def learn(message: bytes, fields: tuple[t.Field, ...], *, all_fields: bool) -> Layout | None:
    """The layout of a message; None where it is no JSON object of single values and ROWs, or repeats a name.

    With `all_fields` a message that lacks a field of the schema has none either.
    """
    return None if message[:1] in _MARKS else _Learner(message, all_fields).learn(fields)


class _Learner:
    def __init__(self, message: bytes, all_fields: bool) -> None:
        self._message = message
        self._all_fields = all_fields
        self._slots: list[Slot] = []
        self._rows: set[Path] = set()
        self._at = 0

    def learn(self, fields: tuple[t.Field, ...]) -> Layout | None:
        tokens = Tokens(self._message)
        try:
            if tokens.next() != tk.OBJECT or not self._object(tokens, (), {f.name: f.type for f in fields}):
                return None
        except JsonSyntaxError:
            return None
        return Layout(tuple(self._slots), self._message[self._at :], frozenset(self._rows))

    def _object(self, tokens: Tokens, path: Path, types: Mapping[str, t.DataType]) -> bool:
        names = set()
        while tokens.next() != tk.END_OBJECT:
            name = tokens.text
            if name in names:
                return False
            names.add(name)
            if not self._value(tokens, (*path, name), types.get(name)):
                return False
        return not self._all_fields or names >= set(types)

    def _value(self, tokens: Tokens, path: Path, type_: t.DataType | None) -> bool:
        kind = tokens.next()
        if kind == tk.OBJECT and isinstance(type_, t.Row | None):
            self._rows.add(path)
            return self._object(tokens, path, {f.name: f.type for f in type_.fields} if type_ else {})
        if kind in {tk.OBJECT, tk.ARRAY}:
            return False
        begin, end = tokens.span()
        self._slots.append(Slot(self._message[self._at : begin], path, type_))
        self._at = end
        return True


def match(block: Block, layout: Layout, start: Ints, end: Ints) -> tuple[Mask, list[Cells]]:
    """Which of the messages ``start:end`` have the layout, and the cells of its slots (elsewhere, anything).

    A number's cell need not be a number yet; all else is proven.
    """
    at = start
    ok = np.ones(len(start), bool)
    cells = []
    stops = [slot.before[:1] for slot in layout.slots[1:]] + [layout.after[:1]]
    for slot, stop in zip(layout.slots, stops, strict=False):
        ok &= stands(block, at, slot.before)
        at = np.minimum(at + len(slot.before), end)
        cell, at = _cell(block, at, end, stop[0], ok)
        cells.append(cell)
    ok &= stands(block, at, layout.after)
    ok &= at + len(layout.after) == end
    return ok, cells


def _cell(block: Block, at: Ints, end: Ints, stop: int, ok: Mask) -> tuple[Cells, Ints]:
    """The values that begin at `at`, and where they end; clears `ok` where there is none."""
    lead = block.raw[at]
    quoted = lead == _QUOTE
    if quoted.all():
        return _strings(block, at, end, ok)
    if not quoted.any():
        return _bare(block, at, lead, end, stop, ok)
    texts, others = np.flatnonzero(quoted), np.flatnonzero(~quoted)
    fine, fine_others = ok[texts], ok[others]
    parts = [
        (texts, *_strings(block, at[texts], end[texts], fine)),
        (others, *_bare(block, at[others], lead[others], end[others], stop, fine_others)),
    ]
    ok[texts], ok[others] = fine, fine_others
    return _together(len(at), parts)


def _together(height: int, parts: list[tuple[Ints, Cells, Ints]]) -> tuple[Cells, Ints]:
    start, end, behind = (np.empty(height, np.int64) for _ in range(3))
    kind = np.empty(height, np.uint8)
    escaped = np.zeros(height, bool)
    for rows, cells, at in parts:
        start[rows], end[rows], kind[rows], behind[rows] = cells.start, cells.end, cells.kind, at
        if cells.escaped is not None:
            escaped[rows] = cells.escaped
    return Cells(start, end, kind, escaped if escaped.any() else None), behind


def _strings(block: Block, at: Ints, end: Ints, ok: Mask) -> tuple[Cells, Ints]:
    start = at + 1
    quote = find(block, start, _QUOTE, end)
    escaped = None
    if block.escapes:
        slash = find(block, start, _BACKSLASH, np.minimum(quote, end))
        escaped = slash < quote
        _past_escapes(block, slash, quote, end, np.flatnonzero(escaped & ok))
    ok &= quote < end
    quote = np.minimum(quote, end)
    return Cells(start, quote, tk.TEXT, escaped), np.minimum(quote + 1, end)


def _past_escapes(block: Block, slash: Ints, quote: Ints, end: Ints, rows: Ints) -> None:
    """Set `quote` of the strings `rows`, whose first escape is at `slash`, to their closing quotes."""
    for _ in range(_MAX_ESCAPES):
        if not rows.size:
            return
        limit = end[rows]
        at = np.minimum(slash[rows] + 2, limit)
        quote[rows] = found = find(block, at, _QUOTE, limit)
        slash[rows] = again = find(block, at, _BACKSLASH, np.minimum(found, limit))
        rows = rows[again < np.minimum(found, limit)]
    quote[rows] = end[rows]


def _bare(block: Block, at: Ints, lead: Bytes, end: Ints, stop: int, ok: Mask) -> tuple[Cells, Ints]:
    """Numbers, true, false and null: up to the byte that stands behind the slot."""
    behind = find(block, at, stop, end)
    ok &= behind < end
    behind = np.minimum(behind, end)
    number = (lead - np.uint8(48) < 10) | (lead == 45)
    if number.all():
        return Cells(at, behind, tk.NUMBER, None), behind
    kind = np.full(len(at), tk.NUMBER, np.uint8)
    for word, what in _WORDS:
        rows = np.flatnonzero(lead == word[0])
        fine = stands(block, at[rows], word) & (behind[rows] - at[rows] == len(word))
        kind[rows[fine]] = what
        number[rows[fine]] = True
    ok &= number
    return Cells(at, behind, int(kind[0]) if (kind == kind[0]).all() else kind, None), behind
