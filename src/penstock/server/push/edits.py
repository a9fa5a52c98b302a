"""From one list of rows to another by few edits, so that the order is kept."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import orjson

__all__ = ["edits"]

_MOST = 0.5
"""Where more than this share of the rows has changed, all of them are sent."""


def edits(before: list[bytes], after: list[bytes]) -> list[tuple[str, int, Any]] | None:
    """Edits that are done one after the other: (-D, index, None), (+U or +I, index, row); None where they are many."""
    kept = _kept(before, after)
    if len(after) - len(kept) > max(1, _MOST * len(after)):
        return None
    found: list[tuple[str, int, Any]] = []
    ends = [*kept, (len(before), len(after))]
    old = new = 0
    for i, j in ends:
        replaced = min(i - old, j - new)
        found += [("+U", index, orjson.Fragment(after[index])) for index in range(new, new + replaced)]
        found += [("-D", new + replaced, None)] * (i - old - replaced)
        found += [("+I", index, orjson.Fragment(after[index])) for index in range(new + replaced, j)]
        old, new = i + 1, j + 1
    return found


def _kept(before: list[bytes], after: list[bytes]) -> list[tuple[int, int]]:
    """Pairs of indices of equal rows, ascending in both: as many as can be found among those met once in each order."""
    places: dict[bytes, list[int]] = {}
    for i, row in enumerate(reversed(before)):
        places.setdefault(row, []).append(len(before) - 1 - i)
    pairs = [(places[row].pop(), j) for j, row in enumerate(after) if places.get(row)]
    # the longest part of them that ascends in `before` too
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for at, (i, _) in enumerate(pairs):
        length = bisect_left(tails, i)
        previous.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(i)
            ends.append(at)
        else:
            tails[length], ends[length] = i, at
    found = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = previous[at]
    return found[::-1]
