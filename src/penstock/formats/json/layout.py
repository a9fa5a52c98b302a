"""Where the values stand in messages of one producer, guessed from one message and then proven for each.

Producers write their keys in one order with one spacing. So what lies between the values of one message is looked
for, byte by byte, in all the others; a message in which it stands is read without parsing, the others go elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.formats.json import tokens as tk
from penstock.formats.json.tokens import JsonSyntaxError, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.formats.batch import Path

__all__ = ["Layout", "Slot", "learn"]

_MARKS = (b"\xef", b"\xff", b"\xfe")
"""How a message with a byte order mark begins; one that is not UTF-8 has zeros in its first four bytes."""


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

    def stop(self, slot: int) -> int:
        """The byte behind the value of a slot."""
        return (self.slots[slot + 1].before if slot + 1 < len(self.slots) else self.after)[0]

    @property
    def quotes(self) -> int:
        """The quotes in a message of this layout, but for those around strings."""
        return sum(slot.before.count(b'"') for slot in self.slots) + self.after.count(b'"')


def learn(message: bytes, fields: tuple[t.Field, ...], *, all_fields: bool) -> Layout | None:
    """The layout of a message; None where it is no JSON object of single values and ROWs, or repeats a name.

    With `all_fields` a message that lacks a field of the schema has none either.
    """
    return None if message[:1] in _MARKS or 0 in message[:4] else _Learner(message, all_fields).learn(fields)


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
