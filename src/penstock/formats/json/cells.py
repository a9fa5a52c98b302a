"""The values of one slot of many messages: where they stand, and how they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penstock.formats.block import Block, Ints, Mask, find, stands
from penstock.formats.json import tokens as tk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.formats.block import Bytes

__all__ = ["Cells", "Lists", "joined", "scalars"]

_QUOTE, _BACKSLASH = 34, 92
_MAX_ESCAPES = 200
_WORDS = ((b"true", tk.TRUE), (b"false", tk.FALSE), (b"null", tk.NULL))


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

    def quotes(self, ok: Mask) -> int:
        """The quotes around the strings of the messages that are `ok`."""
        return 2 * int(np.count_nonzero(ok & (self.kind == tk.TEXT)))

    def stand_in(self, rows: Ints, like: int) -> Cells:
        """These cells, changed: that of the row `like` at `rows`, which nobody will look at."""
        self.start[rows], self.end[rows] = self.start[like], self.end[like]
        if not isinstance(self.kind, int):
            self.kind[rows] = self.kind[like]
        if self.escaped is not None:
            self.escaped[rows] = self.escaped[like]
        return self

    def patched(self, rows: Ints, part: Cells | Lists) -> Cells | Lists:
        """These cells, with those at `rows`, which have no escapes, replaced by `part`."""
        assert isinstance(part, Cells)
        kind = self.kind
        if not (isinstance(kind, int) and isinstance(part.kind, int) and part.kind == kind):
            kind = np.array(np.broadcast_to(np.asarray(kind, np.uint8), self.start.shape))
            kind[rows] = part.kind
        start, end = self.start.copy(), self.end.copy()
        start[rows], end[rows] = part.start, part.end
        return Cells(start, end, kind, self.escaped)


class Lists(NamedTuple):
    """One slot of many messages whose values are arrays or maps of `sizes` items, or null where not `valid`.

    The slots of an item are `items`, those of all messages one behind the other; `between` quotes stand around them.
    """

    sizes: Ints
    valid: Mask
    items: list[Cells | Lists]
    between: int

    @property
    def owners(self) -> Ints:
        """For each item its row."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def take(self, rows: Ints) -> Lists:
        sizes = self.sizes[rows]
        first = np.cumsum(self.sizes) - self.sizes
        moved = np.repeat(first[rows] - (np.cumsum(sizes) - sizes), sizes)
        at = moved + np.arange(len(moved))
        return Lists(sizes, self.valid[rows], [item.take(at) for item in self.items], self.between)

    def patched(self, rows: Ints, part: Cells | Lists) -> Cells | Lists:
        """These lists, with those at `rows` replaced by `part`."""
        at = np.arange(len(self.sizes))
        at[rows] = len(at) + np.arange(len(rows))
        return joined([self, part]).take(at)

    def quotes(self, ok: Mask) -> int:
        """The quotes in the lists of the messages that are `ok`."""
        inside = np.repeat(ok, self.sizes)
        return self.between * int(np.count_nonzero(inside)) + sum(item.quotes(inside) for item in self.items)

    def stand_in(self, rows: Ints, like: int) -> Lists:
        """These lists, with that of the row `like` at `rows`, which nobody will look at."""
        at = np.arange(len(self.sizes))
        at[rows] = like
        return self.take(at)


def joined(parts: Sequence[Cells | Lists]) -> Cells | Lists:
    """All rows of `parts`, which are of one slot."""
    cells = [p for p in parts if isinstance(p, Cells)]
    if cells:
        return _joined_cells(cells)
    lists = [p for p in parts if isinstance(p, Lists)]
    items = [joined(same) for same in zip(*(p.items for p in lists), strict=True)]
    sizes, valid = np.concatenate([p.sizes for p in lists]), np.concatenate([p.valid for p in lists])
    return Lists(sizes, valid, items, lists[0].between)


def _joined_cells(parts: list[Cells]) -> Cells:
    kind = parts[0].kind
    if not isinstance(kind, int) or any(not isinstance(p.kind, int) or p.kind != kind for p in parts):
        kind = np.concatenate([np.broadcast_to(np.asarray(p.kind, np.uint8), p.start.shape) for p in parts])
    escaped = None
    if any(p.escaped is not None for p in parts):
        escaped = np.concatenate([np.zeros(p.start.shape, bool) if p.escaped is None else p.escaped for p in parts])
    return Cells(np.concatenate([p.start for p in parts]), np.concatenate([p.end for p in parts]), kind, escaped)


def scalars(block: Block, at: Ints, end: Ints, stops: bytes, ok: Mask) -> tuple[Cells, Ints]:
    """The values that begin at `at` and where they end, which one of `stops` says; clears `ok` where there is none."""
    lead = block.raw[at]
    quoted = lead == _QUOTE
    if not np.any(quoted < ok):
        return _strings(block, at, end, ok)
    if not np.any(quoted & ok):
        return _bare(block, at, lead, end, stops, ok)
    texts, others = np.flatnonzero(quoted), np.flatnonzero(~quoted)
    fine, fine_others = ok[texts], ok[others]
    parts = [
        (texts, *_strings(block, at[texts], end[texts], fine)),
        (others, *_bare(block, at[others], lead[others], end[others], stops, fine_others)),
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


def _bare(block: Block, at: Ints, lead: Bytes, end: Ints, stops: bytes, ok: Mask) -> tuple[Cells, Ints]:
    """Numbers, true, false and null: up to the byte that stands behind the slot."""
    behind = find(block, at, stops[0], end)
    for stop in stops[1:]:
        behind = np.minimum(behind, find(block, at, stop, end))
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
