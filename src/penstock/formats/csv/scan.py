"""Where the fields of many CSV records stand: found for all at once, where they are spelt plainly.

Plain is a record on one line, without escapes, whose quotes each enclose a whole field and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from penstock.formats.block import Block, Ints, Mask
    from penstock.formats.csv.rules import Rules

__all__ = ["Fields", "scan"]

_LINE_FEED, _RETURN, _BLANK, _HASH = 10, 13, 32, 35
_MARK = 0xEF
"""The first byte of a byte order mark."""


class Fields(NamedTuple):
    """The records `rows` and the slices of their fields: field j of record i is ``start[j][i]:end[j][i]``."""

    rows: Ints
    start: list[Ints]
    end: list[Ints]


def scan(block: Block, rows: Ints, width: int, rules: Rules) -> list[Fields]:
    """The plain records of `width` fields among `rows`; a last empty field more is allowed where the rules do."""
    if not all(c is None or ord(c) < 128 for c in (rules.delimiter, rules.quote, rules.escape)):
        return []
    rows = rows[~_strange(block, rows, rules)]
    marks = np.flatnonzero(block.raw == ord(rules.delimiter))
    if rules.quote is None or rules.quote.encode() not in block.text:
        return _parts([_plain(block, rows, marks, width, rules)])
    quotes = np.flatnonzero(block.raw == ord(rules.quote))
    among = np.searchsorted(quotes, block.end[rows]) - np.searchsorted(quotes, block.start[rows])
    quoted = rows[(among > 0) & (among % 2 == 0)]
    judged = replace(rules, drop_unmappable=False)  # a field that is passed over may be broken too
    return _parts(
        [
            _plain(block, rows[among == 0], marks, width, rules),
            _unquoted(block, _plain(block, quoted, _outside(block, quoted, marks, quotes), width, judged), quotes),
        ]
    )


def _parts(fields: list[Fields]) -> list[Fields]:
    return [f for f in fields if len(f.rows)]


def _strange(block: Block, rows: Ints, rules: Rules) -> Mask:
    """Which rows hold what only the record reader understands: several lines, escapes, comments, blanks to trim."""
    strange = np.zeros(len(rows), bool)
    for byte in (_LINE_FEED, _RETURN, None if rules.escape is None else ord(rules.escape)):
        if byte is not None and bytes([byte]) in block.text:
            places = np.flatnonzero(block.raw == byte)
            strange |= np.searchsorted(places, block.end[rows]) > np.searchsorted(places, block.start[rows])
    lead = block.raw[block.start[rows]]
    if rules.comments:
        strange |= (lead == _HASH) | (lead == _BLANK) | (block.start[rows] == block.end[rows])
    strange |= lead == _MARK
    return strange


def _plain(block: Block, rows: Ints, marks: Ints, width: int, rules: Rules) -> Fields:
    """Cut at `marks`."""
    start, end = block.start[rows], block.end[rows]
    first = np.searchsorted(marks, start)
    count = np.searchsorted(marks, end) - first + 1
    fitting = count == width
    if rules.trailing_delimiter:
        last = marks[np.minimum(first + width - 1, len(marks) - 1)] if len(marks) else end
        fitting |= (count == width + 1) & (last + 1 == end)
    if rules.drop_unmappable:
        fitting |= count > width
    if not fitting.all():
        rows, start, end, first = rows[fitting], start[fitting], end[fitting], first[fitting]
    stops = np.append(marks, np.iinfo(np.int64).max)
    starts, ends = [], []
    for j in range(width):
        stop = np.minimum(stops[first + j], end)
        starts.append(start)
        ends.append(stop)
        start = stop + 1
    return _untrimmed(block, Fields(rows, starts, ends)) if rules.trim else Fields(rows, starts, ends)


def _outside(block: Block, rows: Ints, marks: Ints, quotes: Ints) -> Ints:
    """The delimiters of `rows` with an even number of quotes before them in their row."""
    owner = np.searchsorted(block.end, marks, side="right")
    mine = np.zeros(len(block.start) + 1, bool)
    mine[rows] = True
    keep = mine[owner]
    marks, owner = marks[keep], owner[keep]
    before = np.searchsorted(quotes, marks) - np.searchsorted(quotes, block.start[owner])
    outside: Ints = marks[before % 2 == 0]
    return outside


def _unquoted(block: Block, fields: Fields, quotes: Ints) -> Fields:
    """Without the quotes around a field; records with quotes elsewhere are left out."""
    keep = np.ones(len(fields.rows), bool)
    starts, ends = [], []
    for start, end in zip(fields.start, fields.end, strict=True):
        among = np.searchsorted(quotes, end) - np.searchsorted(quotes, start)
        enclosed = (among == 2) & (block.raw[start] == block.raw[end - 1]) & (block.raw[start] == block.raw[quotes[0]])
        keep &= enclosed | (among == 0)
        starts.append(start + enclosed)
        ends.append(end - enclosed)
    return Fields(fields.rows[keep], [s[keep] for s in starts], [e[keep] for e in ends])


def _untrimmed(block: Block, fields: Fields) -> Fields:
    """Only records none of whose fields has a blank at its ends."""
    keep = np.ones(len(fields.rows), bool)
    for start, end in zip(fields.start, fields.end, strict=True):
        keep &= (start == end) | ((block.raw[start] > _BLANK) & (block.raw[end - 1] > _BLANK))
    return Fields(fields.rows[keep], [s[keep] for s in fields.start], [e[keep] for e in fields.end])
