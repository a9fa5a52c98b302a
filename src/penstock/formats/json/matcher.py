"""Messages of one layout, found and cut into cells, all at once.

First with a guess: a value that had the same width in all messages before (an id, a date, a word) will have it again,
so that it and what stands around it are compared in one go, as one text with holes. What a hole holds is proven
afterwards: numbers when they are read, strings by counting. If a block has just the quotes that its messages' layout
asks for, none is inside a string.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penstock.formats.block import Block, Ints, Mask, Pattern, find, stands
from penstock.formats.json import tokens as tk

if TYPE_CHECKING:
    from penstock.formats.block import Bytes
    from penstock.formats.json.layout import Layout

__all__ = ["Cells", "Matcher"]

_QUOTE, _BACKSLASH = 34, 92
_MAX_ESCAPES = 200
_WORDS = ((b"true", tk.TRUE), (b"false", tk.FALSE), (b"null", tk.NULL))
_MANY = 64
"""A guess is given up that fails for more than one in so many, and made after so many messages."""
_FEW = 100
"""So many messages are sooner read one by one than matched again."""
_PATIENCE = 100
"""For so many blocks no guess is made after strings turned out to hold quotes."""


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

    def stand_in(self, rows: Ints, like: int) -> None:
        """Put the cell of the row `like` at `rows`, which nobody will look at."""
        self.start[rows], self.end[rows] = self.start[like], self.end[like]
        if not isinstance(self.kind, int):
            self.kind[rows] = self.kind[like]
        if self.escaped is not None:
            self.escaped[rows] = self.escaped[like]

    def patched(self, rows: Ints, part: Cells) -> Cells:
        """These cells, with those at `rows` replaced by `part`."""
        kind = self.kind
        if not (isinstance(kind, int) and isinstance(part.kind, int) and part.kind == kind):
            kind = np.array(np.broadcast_to(np.asarray(kind, np.uint8), self.start.shape))
            kind[rows] = part.kind
        start, end = self.start.copy(), self.end.copy()
        start[rows], end[rows] = part.start, part.end
        return Cells(start, end, kind, self.escaped)


@dataclass(frozen=True, slots=True)
class _Hole:
    """The value of slot `slot`, at ``start:end`` of a stretch."""

    slot: int
    kind: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What stands between two values of unknown width: a text with holes."""

    pattern: Pattern
    holes: tuple[_Hole, ...]


class Width(NamedTuple):
    """What a slot's values had in common: their kind and their bytes, quotes included."""

    kind: int
    size: int


@dataclass(slots=True)
class Matcher:
    """Finds messages of one layout, and remembers how wide their values were."""

    layout: Layout
    _stretches: list[_Stretch] | None = None
    _plain: list[_Stretch] = field(default_factory=list)
    _wait: int = 0

    def __post_init__(self) -> None:
        self._plain = _stretches(self.layout, [None] * len(self.layout.slots))

    def match(self, block: Block, start: Ints, end: Ints, *, whole: bool) -> tuple[Mask, list[Cells]]:
        """Which of the messages ``start:end`` have the layout, and the cells of its slots (elsewhere, anything).

        A number's cell need not be a number yet; all else is proven. `whole`: these are all messages of the block.
        """
        if whole and self._stretches is not None and not block.escapes:
            found = self._guess(block, self._stretches, start, end)
            if found is not None:
                return found
        ok, cells = _match(block, self._plain, self.layout, start, end)
        self._wait -= 1
        if whole and self._wait <= 0 and not block.escapes:
            self._learn(ok, cells)
        return ok, cells

    def _guess(
        self, block: Block, stretches: list[_Stretch], start: Ints, end: Ints
    ) -> tuple[Mask, list[Cells]] | None:
        """A match in which all strings were shown to end where they were thought to; None if they were not."""
        ok, cells = _match(block, stretches, self.layout, start, end)
        odd = np.flatnonzero(~ok)
        if len(odd) * _MANY > len(ok):
            self._stretches = None
            return None
        quotes = int(np.count_nonzero(block.raw == _QUOTE))
        quotes -= sum(m.count(b'"') for m in block.slices(start[odd], end[odd]))
        if quotes != self._quotes(cells, ok) + (len(ok) - len(odd)) * self.layout.quotes:
            self._stretches, self._wait = None, _PATIENCE
            return None
        if len(odd) > _FEW:
            fine, some = _match(block, self._plain, self.layout, start[odd], end[odd])
            if fine.any():
                ok[odd] = fine
                cells = [whole.patched(odd, part) for whole, part in zip(cells, some, strict=True)]
        return ok, cells

    def _quotes(self, cells: list[Cells], ok: Mask) -> int:
        """The quotes around the strings of the messages that are `ok`."""
        count = 0
        for cell in cells:
            texts = cell.kind == tk.TEXT
            count += 2 * int(np.count_nonzero(ok & texts))
        return count

    def _learn(self, ok: Mask, cells: list[Cells]) -> None:
        """Take the widths that all values of a slot have."""
        rows = np.flatnonzero(ok)
        if len(rows) < _MANY:
            return
        widths: list[Width | None] = []
        for cell in (c.take(rows) for c in cells):
            kind = cell.kind if isinstance(cell.kind, int) else int(cell.kind[0])
            sizes = cell.end - cell.start
            alike = np.all(cell.kind == kind) and (sizes == sizes[0]).all()
            fixed = alike and kind in {tk.TEXT, tk.NUMBER}
            widths.append(Width(kind, int(sizes[0]) + 2 * (kind == tk.TEXT)) if fixed else None)
        self._stretches = _stretches(self.layout, widths) if any(widths) else None


def _stretches(layout: Layout, widths: list[Width | None]) -> list[_Stretch]:
    """The layout as texts with holes; after each but the last comes a value of unknown width."""
    found = []
    text, mask = bytearray(), bytearray()
    holes: list[_Hole] = []
    for i, (slot, width) in enumerate(zip(layout.slots, widths, strict=True)):
        text += slot.before
        mask += b"\xff" * len(slot.before)
        if width is None:
            found.append(_Stretch(Pattern(bytes(text), bytes(mask)), tuple(holes)))
            text, mask, holes = bytearray(), bytearray(), []
            continue
        quote = width.kind == tk.TEXT
        holes.append(_Hole(i, width.kind, len(text) + quote, len(text) + width.size - quote))
        text += (b'"' + bytes(width.size - 2) + b'"') if quote else bytes(width.size)
        mask += (b"\xff" + bytes(width.size - 2) + b"\xff") if quote else bytes(width.size)
    text += layout.after
    mask += b"\xff" * len(layout.after)
    found.append(_Stretch(Pattern(bytes(text), bytes(mask)), tuple(holes)))
    return found


def _match(block: Block, stretches: list[_Stretch], layout: Layout, start: Ints, end: Ints) -> tuple[Mask, list[Cells]]:
    at = start
    ok = np.ones(len(start), bool)
    cells: list[Cells] = []
    for stretch in stretches:
        ok &= stretch.pattern.stands(block, np.minimum(at, block.last(len(stretch.pattern.text))))
        cells += [Cells(at + hole.start, at + hole.end, hole.kind, None) for hole in stretch.holes]
        at = at + len(stretch.pattern.text)
        if len(cells) < len(layout.slots):
            ok &= at <= end
            at = np.where(ok, at, end)  # where nothing is left to look for
            stop = layout.stop(len(cells))
            cell, at = _cell(block, at, end, stop, ok)
            cells.append(cell)
    ok &= at == end
    return ok, cells


def _cell(block: Block, at: Ints, end: Ints, stop: int, ok: Mask) -> tuple[Cells, Ints]:
    """The values that begin at `at`, and where they end; clears `ok` where there is none."""
    lead = block.raw[at]
    quoted = lead == _QUOTE
    if not np.any(quoted < ok):
        return _strings(block, at, end, ok)
    if not np.any(quoted & ok):
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
    if not np.any(number < ok):
        return Cells(at, behind, tk.NUMBER, None), behind
    kind = np.full(len(at), tk.NUMBER, np.uint8)
    for word, what in _WORDS:
        rows = np.flatnonzero(lead == word[0])
        fine = stands(block, at[rows], word) & (behind[rows] - at[rows] == len(word))
        kind[rows[fine]] = what
        number[rows[fine]] = True
    ok &= number
    return Cells(at, behind, int(kind[0]) if (kind == kind[0]).all() else kind, None), behind
