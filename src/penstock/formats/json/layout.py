"""Where the values stand in messages of one producer, guessed from one message and then proven for each.

Producers write their keys in one order with one spacing. So what lies between the values of one message is looked
for, byte by byte, in all the others; a message in which it stands is read without parsing, the others go elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.formats.batch import KEY
from penstock.formats.json import tokens as tk
from penstock.formats.json.tokens import JsonSyntaxError, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.formats.batch import Path

__all__ = ["Items", "Layout", "Slot", "learn"]

_MARKS = (b"\xef", b"\xff", b"\xfe")
"""How a message with a byte order mark begins; one that is not UTF-8 has zeros in its first four bytes."""
_LISTS = (t.Array, t.Map, t.Multiset)


@dataclass(frozen=True, slots=True)
class Slot:
    """A value and what stands before it; `type` is None where the schema does not know the field."""

    before: bytes
    path: Path
    type: t.DataType | None
    items: Items | None = None
    """What is in it, of an array or a map."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Slots in the order of the text, and the end; `rows` are the ROW fields that are there and not null."""

    slots: tuple[Slot, ...]
    after: bytes
    rows: frozenset[Path]

    def stops(self, slot: int) -> bytes:
        """The byte behind the value of a slot; none where the layout ends with it."""
        return (self.slots[slot + 1].before if slot + 1 < len(self.slots) else self.after)[:1]

    @property
    def quotes(self) -> int:
        """The quotes in a message of this layout, but for those around strings."""
        return sum(slot.before.count(b'"') for slot in self.slots) + self.after.count(b'"')


@dataclass(frozen=True, slots=True)
class Items:
    """How an array (``[]``) or a map (``{}``) is written; `layout` is that of an item, None if it is not known."""

    brackets: bytes
    layout: Layout | None


def learn(message: bytes, fields: tuple[t.Field, ...], *, all_fields: bool) -> Layout | None:
    """The layout of a message; None where it is no JSON object of values of the schema's shape, or repeats a name.

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
        self._colon = b":"

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
            tokens.next()
            if not self._value(tokens, (*path, name), types.get(name)):
                return False
        return not self._all_fields or names >= set(types)

    def _value(self, tokens: Tokens, path: Path, type_: t.DataType | None) -> bool:
        """The value of the current token."""
        if tokens.kind == tk.OBJECT and isinstance(type_, t.Row | None):
            self._rows.add(path)
            return self._object(tokens, path, {f.name: f.type for f in type_.fields} if type_ else {})
        if isinstance(type_, t.Array | t.Map | t.Multiset) or (type_ is None and tokens.kind == tk.ARRAY):
            return self._list(tokens, path, type_)
        if tokens.kind in {tk.OBJECT, tk.ARRAY}:
            return False
        self._slot(tokens, path, type_, None)
        return True

    def _slot(self, tokens: Tokens, path: Path, type_: t.DataType | None, items: Items | None) -> None:
        begin, end = tokens.span()
        self._slots.append(Slot(self._message[self._at : begin], path, type_, items))
        self._at = end

    def _list(self, tokens: Tokens, path: Path, type_: t.DataType | None) -> bool:
        """An array or a map, or what stands in its place."""
        before = self._message[self._at : tokens.span()[0]]
        colon = before[before.rfind(b'"') + 1 :] or self._colon
        items = _items(path, type_, colon)
        self._slot(tokens, path, type_, items)
        kind = tokens.kind
        if kind == tk.ARRAY and not isinstance(type_, t.Map | t.Multiset):
            element = type_.element if isinstance(type_, t.Array) else None
            if tokens.next() == tk.END_ARRAY:
                self._at = tokens.span()[1]
                return True
            inner = _Learner(self._message, self._all_fields)
            inner._at, inner._colon = tokens.span()[0], colon
            if not inner._value(tokens, path, element):
                return False
            after = b""
            if tokens.kind == tk.END_OBJECT and inner._at < tokens.span()[1]:
                after = self._message[inner._at : tokens.span()[1]]
            items = Items(items.brackets, Layout(tuple(inner._slots), after, frozenset(inner._rows)))
            self._slots[-1] = replace(self._slots[-1], items=items)
        if kind in {tk.OBJECT, tk.ARRAY}:
            tokens.skip()
            self._at = tokens.span()[1]
        return True


def _items(path: Path, type_: t.DataType | None, colon: bytes) -> Items:
    """How a list of the type is written as far as the type tells; `colon` stands behind the keys of maps."""
    match type_:
        case t.Map() | t.Multiset():
            value = type_.value if isinstance(type_, t.Map) else t.INT
            if isinstance(value, t.Row):
                return Items(b"{}", None)
            inner = _items(path, value, colon) if isinstance(value, _LISTS) else None
            slots = (Slot(b"", (*path, KEY), t.STRING), Slot(colon, path, value, inner))
            return Items(b"{}", Layout(slots, b"", frozenset()))
        case t.Array(element=element) if not isinstance(element, t.Row):
            inner = _items(path, element, colon) if isinstance(element, _LISTS) else None
            return Items(b"[]", Layout((Slot(b"", path, element, inner),), b"", frozenset()))
    return Items(b"[]", None)
