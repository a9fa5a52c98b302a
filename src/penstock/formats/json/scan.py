"""From the beginning of a value to its end: messages of one layout, and the items of their arrays and maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penstock.formats.block import Block, Ints, Mask, Pattern, stands
from penstock.formats.json import tokens as tk
from penstock.formats.json.cells import Cells, Lists, joined, scalars

if TYPE_CHECKING:
    from penstock.formats.json.layout import Items, Layout

__all__ = ["Stretch", "Width", "scan", "stretches_of"]

_BLANK, _COMMA = 32, 44
_LONG = 8
_MANY = 32
"""Behind the item number `_LONG`, fewer lists than so many are sooner read with their messages, one by one."""


@dataclass(frozen=True, slots=True)
class _Hole:
    """The value of slot `slot`, at ``start:end`` of a stretch."""

    slot: int
    kind: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands between two values of unknown width: a text with holes."""

    pattern: Pattern
    holes: tuple[_Hole, ...]


class Width(NamedTuple):
    """What a slot's values had in common: their kind and their bytes, quotes included."""

    kind: int
    size: int


def stretches_of(layout: Layout, widths: list[Width | None]) -> list[Stretch]:
    """The layout as texts with holes; after each but the last comes a value of unknown width."""
    found = []
    text, mask = bytearray(), bytearray()
    holes: list[_Hole] = []
    for i, (slot, width) in enumerate(zip(layout.slots, widths, strict=True)):
        text += slot.before
        mask += b"\xff" * len(slot.before)
        if width is None:
            found.append(Stretch(Pattern(bytes(text), bytes(mask)), tuple(holes)))
            text, mask, holes = bytearray(), bytearray(), []
            continue
        quote = width.kind == tk.TEXT
        holes.append(_Hole(i, width.kind, len(text) + quote, len(text) + width.size - quote))
        text += (b'"' + bytes(width.size - 2) + b'"') if quote else bytes(width.size)
        mask += (b"\xff" + bytes(width.size - 2) + b"\xff") if quote else bytes(width.size)
    text += layout.after
    mask += b"\xff" * len(layout.after)
    found.append(Stretch(Pattern(bytes(text), bytes(mask)), tuple(holes)))
    return found


def scan(
    block: Block, stretches: list[Stretch], layout: Layout, start: Ints, end: Ints, behind: bytes
) -> tuple[Mask, list[Cells | Lists], Ints]:
    """What begins at `start` and has the layout; its cells (where it has not, anything); where it ends.

    `behind`: one of these bytes follows.
    """
    at = start
    ok = np.ones(len(start), bool)
    cells: list[Cells | Lists] = []
    for stretch in stretches:
        ok &= stretch.pattern.stands(block, np.minimum(at, block.last(len(stretch.pattern.text))))
        cells += [Cells(at + hole.start, at + hole.end, hole.kind, None) for hole in stretch.holes]
        at = at + len(stretch.pattern.text)
        if len(cells) < len(layout.slots):
            ok &= at <= end
            at = np.where(ok, at, end)  # where nothing is left to look for
            slot = layout.slots[len(cells)]
            if slot.items is None:
                cell, at = scalars(block, at, end, layout.stops(len(cells)) or behind, ok)
                cells.append(cell)
            else:
                lists, at = _lists(block, at, end, slot.items, ok)
                cells.append(lists)
    return ok, cells, at


def _lists(block: Block, at: Ints, end: Ints, items: Items, ok: Mask) -> tuple[Lists, Ints]:
    """The arrays or maps that begin at `at`, and where they end; clears `ok` where there is none."""
    opened = block.raw[at] == items.brackets[0]
    null = stands(block, at, b"null")
    ok &= opened | null
    behind = at + np.where(null, 4, 1)
    sizes = np.zeros(len(at), np.int64)
    parts: list[tuple[Ints, Ints, list[Cells | Lists]]] = []
    live = np.flatnonzero(ok & opened)
    empty = block.raw[behind[live]] == items.brackets[1]
    behind[live[empty]] += 1
    live = live[~empty]
    at = behind[live]
    plain = stretches_of(items.layout, [None] * len(items.layout.slots)) if items.layout else []
    number = 0
    while live.size:
        if items.layout is None or (number >= _LONG and live.size < _MANY):
            ok[live] = False
            break
        limit = end[live]
        fine, cells, at = scan(block, plain, items.layout, at, limit, bytes((_COMMA, items.brackets[1])))
        at = np.minimum(at, limit)
        mark = block.raw[at]
        more = fine & (mark == _COMMA)
        over = fine & (mark == items.brackets[1])
        ok[live] = fine = more | over
        behind[live[over]] = at[over] + 1
        sizes[live] += fine
        kept = np.flatnonzero(fine)
        parts.append((live[kept], np.full(len(kept), number), [c.take(kept) for c in cells]))
        live, at = live[more], at[more] + 1
        at += block.raw[at] == _BLANK
        number += 1
    sizes[~ok] = 0
    return _in_order(sizes, ~null, parts, ok, items), np.minimum(behind, end)


def _in_order(
    sizes: Ints, valid: Mask, parts: list[tuple[Ints, Ints, list[Cells | Lists]]], ok: Mask, items: Items
) -> Lists:
    """Lists of what was found in `parts`: the first items of all rows, the second ones, and so on."""
    slots = items.layout.slots if items.layout else ()
    between = items.layout.quotes if items.layout else 0
    if not parts:
        return Lists(sizes, valid, [_nothing(slot.items) for slot in slots], between)
    rows, numbers = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    kept = np.flatnonzero(ok[rows])
    first = np.cumsum(sizes) - sizes
    order = np.empty(len(kept), np.int64)
    order[first[rows[kept]] + numbers[kept]] = kept
    found = [joined(same).take(order) for same in zip(*(cells for _, _, cells in parts), strict=True)]
    return Lists(sizes, valid, found, between)


def _nothing(items: Items | None) -> Cells | Lists:
    """A slot of no message."""
    none = np.zeros(0, np.int64)
    if items is None:
        return Cells(none, none, tk.NULL, None)
    inner = items.layout.slots if items.layout else ()
    return Lists(none, np.zeros(0, bool), [_nothing(slot.items) for slot in inner], 0)
