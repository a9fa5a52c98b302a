"""Messages of one layout, found and cut into cells, all at once.

First with a guess: a value that had the same width in all messages before (an id, a date, a word) will have it again,
so that it and what stands around it are compared in one go, as one text with holes. What a hole holds is proven
afterwards: numbers when they are read, strings by counting. If a block has just the quotes that its messages' layout
asks for, none is inside a string.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from penstock.formats.json import tokens as tk
from penstock.formats.json.cells import Cells
from penstock.formats.json.scan import Stretch, Width, scan, stretches_of

if TYPE_CHECKING:
    from penstock.formats.block import Block, Ints, Mask
    from penstock.formats.json.cells import Lists
    from penstock.formats.json.layout import Layout

__all__ = ["Matcher"]

_QUOTE = 34
_MANY = 64
"""A guess is given up that fails for more than one in so many, and made after so many messages."""
_FEW = 100
"""So many messages are sooner read one by one than matched again."""
_PATIENCE = 100
"""For so many blocks no guess is made after strings turned out to hold quotes."""
_RESPITE = 10
"""For so many blocks odd messages are not matched again after none had the layout whatever its widths."""


@dataclass(slots=True)
class Matcher:
    """Finds messages of one layout, and remembers how wide their values were."""

    layout: Layout
    _stretches: list[Stretch] | None = None
    _plain: list[Stretch] = field(default_factory=list)
    _wait: int = 0
    _vain: int = 0

    def __post_init__(self) -> None:
        self._plain = stretches_of(self.layout, [None] * len(self.layout.slots))

    def match(self, block: Block, start: Ints, end: Ints, *, whole: bool) -> tuple[Mask, list[Cells | Lists]]:
        """Which of the messages ``start:end`` have the layout, and the cells of its slots (elsewhere, anything).

        A number's cell need not be a number yet; all else is proven. `whole`: these are all messages of the block.
        """
        if whole and self._stretches is not None and not block.escapes:
            found = self._guess(block, self._stretches, start, end)
            if found is not None:
                return found
        ok, cells = self._scan(block, self._plain, start, end)
        self._wait -= 1
        if whole and self._wait <= 0 and not block.escapes:
            self._learn(ok, cells)
        return ok, cells

    def _guess(
        self, block: Block, stretches: list[Stretch], start: Ints, end: Ints
    ) -> tuple[Mask, list[Cells | Lists]] | None:
        """A match in which all strings were shown to end where they were thought to; None if they were not."""
        ok, cells = self._scan(block, stretches, start, end)
        odd = np.flatnonzero(~ok)
        if len(odd) * _MANY > len(ok):
            self._stretches = None
            return None
        quotes = int(np.count_nonzero(block.raw == _QUOTE))
        quotes -= sum(m.count(b'"') for m in block.slices(start[odd], end[odd]))
        if quotes != sum(c.quotes(ok) for c in cells) + (len(ok) - len(odd)) * self.layout.quotes:
            self._stretches, self._wait = None, _PATIENCE
            return None
        self._vain -= 1
        if len(odd) > _FEW and self._vain < 0:
            fine, some = self._scan(block, self._plain, start[odd], end[odd])
            if fine.any():
                ok[odd] = fine
                cells = [whole.patched(odd, part) for whole, part in zip(cells, some, strict=True)]
            else:
                self._vain = _RESPITE
        return ok, cells

    def _scan(self, block: Block, stretches: list[Stretch], start: Ints, end: Ints) -> tuple[Mask, list[Cells | Lists]]:
        """A match of whole messages."""
        ok, cells, at = scan(block, stretches, self.layout, start, end, b"")
        return ok & (at == end), cells

    def _learn(self, ok: Mask, cells: list[Cells | Lists]) -> None:
        """Take the widths that all values of a slot have."""
        rows = np.flatnonzero(ok)
        if len(rows) < _MANY:
            return
        widths: list[Width | None] = []
        for cell in (c.take(rows) for c in cells):
            if not isinstance(cell, Cells):
                widths.append(None)
                continue
            kind = cell.kind if isinstance(cell.kind, int) else int(cell.kind[0])
            sizes = cell.end - cell.start
            alike = np.all(cell.kind == kind) and (sizes == sizes[0]).all()
            fixed = alike and kind in {tk.TEXT, tk.NUMBER}
            widths.append(Width(kind, int(sizes[0]) + 2 * (kind == tk.TEXT)) if fixed else None)
        self._stretches = stretches_of(self.layout, widths) if any(widths) else None
