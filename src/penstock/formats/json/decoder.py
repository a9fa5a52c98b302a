"""JSON messages to columns: by learnt layouts, else one by one."""

from __future__ import annotations

import base64
from dataclasses import replace
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.formats.batch import Leaf, Part, column_of, frame_of_parts, list_column
from penstock.formats.block import PAD, Block, words_of
from penstock.formats.json import tokens as tk
from penstock.formats.json.cells import Cells, Lists
from penstock.formats.json.exact import ExactReader, Reading, fault_of
from penstock.formats.json.layout import Slot, learn
from penstock.formats.json.leaves import Leaves
from penstock.formats.json.matcher import Matcher
from penstock.formats.json.quick import QuickReader
from penstock.formats.json.slots import false_numbers, is_text, values_of
from penstock.formats.json.tree import MisfitError
from penstock.formats.pieces import Piece, assemble, piece_of_rows
from penstock.formats.portions import joined, portions_of_lines, portions_of_values

if TYPE_CHECKING:
    from penstock.core.types import Field
    from penstock.formats.batch import Path
    from penstock.formats.block import Ints, Mask
    from penstock.formats.format import Decoded, Touched
    from penstock.formats.json.rules import Rules

__all__ = ["JsonDecoder"]

_MAX_LAYOUTS = 8
_MAX_SAMPLES = 3
_WORTH_A_LAYOUT = 100
"""Matching one more layout costs about as much as reading so many messages one by one."""
_SINGLY = 16
"""Of so many messages each is read by itself: a layout costs as much to match in one message as in twenty."""
_FEW = 16
"""Of so many rows one that cannot be used is carried along to the end rather than taken out at once."""
_NESTED = (t.Row, t.Array, t.Map, t.Multiset)


class JsonDecoder:
    """Decodes JSON as Flink's json format does."""

    def __init__(self, schema: tuple[Field, ...], wanted: tuple[Field, ...], rules: Rules) -> None:
        """Raises UnsupportedError for a type that JSON does not have."""
        self.schema = schema
        self.wanted = wanted
        self.rules = rules
        self.exact = ExactReader(schema, rules)
        self.leaves = Leaves(rules)
        self.quick = QuickReader(schema, rules, self.leaves)
        self.matchers: list[Matcher] = []

    def decode(self, values: pl.Series) -> Decoded:
        return joined([_Run(self, Block.of_values(portion)).result() for portion in portions_of_values(values)])

    def decode_lines(self, block: bytes) -> Decoded:
        done, starts, at = [], [], 0
        for portion in portions_of_lines(block):
            lines = Block.of_lines(portion)
            done.append(_Run(self, lines).result())
            starts.append(lines.start + (at - PAD))
            at += len(portion)
        return replace(joined(done), starts=np.concatenate(starts))

    def whole_lines(self, block: bytes) -> int:
        return block.rfind(b"\n") + 1

    def read(self, message: bytes) -> Reading:
        """One message alone."""
        return self.quick.read(message) or self.exact.read(message)

    def learn(self, message: bytes) -> Matcher | None:
        """A matcher of the layout of a message, if it has one that is not known yet."""
        found = learn(message, self.schema, all_fields=self.rules.fail_on_missing)
        return None if found is None or found in [known.layout for known in self.matchers] else Matcher(found)


class _Run:
    """One block on its way."""

    def __init__(self, decoder: JsonDecoder, block: Block) -> None:
        self._decoder = decoder
        self._block = block
        self._kept = {f.name for f in decoder.wanted}
        self._height = len(block.start)
        self._parts: list[Part] = []
        self._pieces: list[Piece] = []
        self._bad: Touched = {}
        self._ignored: Touched = {}

    def result(self) -> Decoded:
        block = self._block
        filled = block.end > block.start
        broken = block.broken()
        odd = np.zeros(0, np.int64)
        if broken is not None:
            odd = np.flatnonzero(filled & broken)
            filled &= ~broken
        rest = np.flatnonzero(filled)
        if self._height > _SINGLY:
            rest = self._by_layouts(rest)
        self._one_by_one(np.sort(np.concatenate((rest, odd))))
        pieces = self._pieces
        if self._parts or not pieces:
            frame, rows = frame_of_parts(block, self._parts, self._decoder.wanted, base64=True)
            pieces = [(rows, frame), *pieces]
        return assemble(pieces, self._bad, self._ignored, self._height)

    def _by_layouts(self, rest: Ints) -> Ints:
        """Read what has a layout; the rows left."""
        decoder = self._decoder
        for matcher in list(decoder.matchers):
            if rest.size and (rest.size >= _WORTH_A_LAYOUT or matcher is decoder.matchers[0]):
                rest = self._by_layout(matcher, rest)
        for k in range(_MAX_SAMPLES):
            if not rest.size or (decoder.matchers and rest.size < _WORTH_A_LAYOUT):
                break
            message = self._message(rest[len(rest) * (2 * k + 1) // (2 * _MAX_SAMPLES)])
            if decoder.matchers and decoder.read(message).fault is not None:
                continue
            new = decoder.learn(message)
            if new is not None:
                decoder.matchers = [*decoder.matchers[: _MAX_LAYOUTS - 1], new]
                rest = self._by_layout(new, rest)
        return rest

    def _message(self, row: int) -> bytes:
        return self._block.slice(int(self._block.start[row]), int(self._block.end[row]))

    def _by_layout(self, matcher: Matcher, rows: Ints) -> Ints:
        block, decoder = self._block, self._decoder
        whole = len(rows) == self._height
        start, end = (block.start, block.end) if whole else (block.start[rows], block.end[rows])
        ok, cells = matcher.match(block, start, end, whole=whole)
        if not ok.all():
            good, odd = np.flatnonzero(ok), np.flatnonzero(~ok)
            if not len(good):
                return rows
            if 2 * len(good) > self._height and matcher is not decoder.matchers[0]:
                decoder.matchers = [matcher, *(known for known in decoder.matchers if known is not matcher)]
            if len(odd) * _FEW < len(rows):
                cells = [cell.stand_in(odd, int(good[0])) for cell in cells]
            else:
                left, rows, ok = rows[odd], rows[good], ok[good]
                cells = [c.take(good) for c in cells]
                return np.sort(np.concatenate((left, self._columns(matcher, rows, ok, cells))))
        return self._columns(matcher, rows, ok, cells)

    def _columns(self, matcher: Matcher, rows: Ints, ok: Mask, cells: list[Cells | Lists]) -> Ints:
        """Read the cells of those `rows` that are `ok`; the rows left."""
        slots = _Slots(self._decoder, self._block, rows, ok, self._kept)
        for slot, cell in zip(matcher.layout.slots, cells, strict=True):
            slots.read(slot, cell)
        self._bad.update(slots.bad)
        self._ignored.update(slots.ignored)
        part = Part(rows, slots.leaves, {path: np.ones(len(rows), bool) for path in matcher.layout.rows})
        if slots.fine.all():
            self._parts.append(part)
        elif slots.fine.any():
            self._parts.append(part.take(np.flatnonzero(slots.fine)))
        return rows[slots.astray | ~ok]

    def _one_by_one(self, rows: Ints) -> None:
        decoder = self._decoder
        sources: list[int] = []
        values: list[list[Any]] = []
        unlearnt = self._height > _SINGLY
        block = self._block
        for row, message in zip(rows.tolist(), block.slices(block.start[rows], block.end[rows]), strict=True):
            reading = decoder.read(message)
            if reading.fault is not None:
                (self._ignored if decoder.rules.ignore_errors else self._bad)[row] = reading.fault
            elif unlearnt and len(decoder.matchers) < _MAX_LAYOUTS:
                new = decoder.learn(message)
                if new is not None:
                    decoder.matchers = [*decoder.matchers, new]
                    unlearnt = False
            sources.extend([row] * len(reading.rows))
            values.extend(reading.rows)
        if values:
            self._pieces.append(piece_of_rows(sources, values, decoder.schema, decoder.wanted))


class _Slots:
    """The slots of one layout, read for the rows that have it.

    `fine`: which rows are to be kept; `astray`: which must be read one by one after all.
    """

    def __init__(self, decoder: JsonDecoder, block: Block, rows: Ints, ok: Mask, kept: set[str]) -> None:
        self._decoder = decoder
        self._block = block
        self.rows = rows
        self._kept = kept
        self.fine = ok.copy()
        self.astray = np.zeros(len(rows), bool)
        self.leaves: dict[tuple[str, ...], Leaf] = {}
        self.bad: Touched = {}
        self.ignored: Touched = {}

    def read(self, slot: Slot, cells: Cells | Lists) -> None:
        if isinstance(cells, Lists):
            self._lists(slot, cells)
            return
        if not isinstance(slot.type, t.Integer | t.Float | t.Double | t.Decimal):
            strays = false_numbers(self._block, cells)
            if strays is not None:
                self.astray |= strays
                self.fine &= ~strays
        if slot.type is None:
            return
        values, valid, ok = values_of(self._block, cells, slot.type, self._decoder.rules)
        leaf = Leaf(values, None, None, valid)
        if is_text(slot.type):
            leaf = Leaf(None, cells.start, cells.end, valid)
        if ok is not None:
            leaf = self._odd(slot, cells, leaf, np.flatnonzero(~ok & self.fine))
        if slot.path[0] in self._kept and not isinstance(slot.type, _NESTED):
            self.leaves[slot.path] = leaf

    def _lists(self, slot: Slot, lists: Lists) -> None:
        """Read the items of all lists; what is wrong with one is wrong with its row."""
        owners = lists.owners
        inner = _Slots(self._decoder, self._block, self.rows[owners], self.fine[owners], self._kept)
        layout = slot.items.layout if slot.items else None
        for item, cells in zip(layout.slots if layout else (), lists.items, strict=True):
            inner.read(item, cells)
        present = {path: np.ones(len(owners), bool) for path in layout.rows} if layout else {}
        part = Part(inner.rows, inner.leaves, present)
        of_map = isinstance(slot.type, t.Map | t.Multiset)
        if of_map and layout and len(owners):
            inner.astray |= self._false_keys(owners, layout.slots[0].path, lists.items[0], part)
        self.bad = inner.bad | self.bad
        self.ignored = inner.ignored | self.ignored
        self.astray[owners[inner.astray]] = True
        self.fine[owners[inner.astray | ~inner.fine]] = False
        if slot.type is not None and slot.path[0] in self._kept:
            series = list_column(self._block, part, slot.path, slot.type, lists.sizes, lists.valid)
            self.leaves[slot.path] = Leaf(None, None, None, None, series)

    def _false_keys(self, owners: Ints, path: Path, cells: Cells | Lists, part: Part) -> Mask:
        """Which keys of maps are no strings, or stand in their map twice."""
        assert isinstance(cells, Cells)
        keys = pl.DataFrame({"row": owners, "key": column_of(self._block, part, path, t.STRING)})
        return keys.is_duplicated().to_numpy() | (cells.kind != tk.TEXT)

    def _odd(self, slot: Slot, cells: Cells, leaf: Leaf, odd: Ints) -> Leaf:
        """Read the cells `odd` one by one."""
        assert slot.type is not None
        strange = cells.take(odd)
        nested = isinstance(slot.type, _NESTED)
        stray = np.full(len(odd), True) if nested else false_numbers(self._block, strange)
        leaf = leaf.writable(len(cells.start))
        texts: list[bytes] = []
        at: list[int] = []
        read = None if nested else self._decoder.leaves.reader(slot.type)
        for i, k in enumerate(odd.tolist()):
            token = None if stray is not None and stray[i] else self._token(strange, i)
            if token is None or read is None:
                self.astray[k], self.fine[k] = True, False
                continue
            try:
                value = read(*token)
            except ValueError:
                if self._decoder.leaves.loses_place(*token, slot.type):
                    self.astray[k], self.fine[k] = True, False
                    continue
                self._misfit(k, MisfitError(list(slot.path), *token, slot.type))
                value = None
            if value is None and leaf.valid is not None:
                leaf.valid[k] = False
            elif leaf.values is None:
                texts.append(_stored(value, slot.type))
                at.append(k)
            elif isinstance(slot.type, t.Decimal):
                leaf.values[k] = words_of(value)
            else:
                leaf.values[k] = value
        if texts and leaf.start is not None and leaf.end is not None:
            leaf.start[at], leaf.end[at] = self._block.extend(texts)
        return leaf

    def _misfit(self, k: int, error: MisfitError) -> None:
        row = int(self.rows[k])
        if self._decoder.rules.ignore_errors:
            self.ignored.setdefault(row, fault_of(error))
        else:
            self.bad.setdefault(row, fault_of(error))
            self.fine[k] = False

    def _token(self, cells: Cells, i: int) -> tuple[int, str] | None:
        """The cell as a token; None for a string with a wrong escape."""
        kind = cells.kind if isinstance(cells.kind, int) else int(cells.kind[i])
        text = self._block.slice(int(cells.start[i]), int(cells.end[i])).decode()
        if kind == tk.TEXT and "\\" in text:
            try:
                text = scanstring(text + '"', 0, False)[0]
            except ValueError:
                return None
        return kind, text


def _stored(value: Any, type_: t.DataType) -> bytes:
    """How a text or bytes value stands in a block."""
    if isinstance(type_, t.Char | t.Varchar):
        return bytes(value, "utf-8")
    return base64.b64encode(value)
