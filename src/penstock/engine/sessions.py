"""Which session each row goes into, for all rows of a step at once.

Flink takes rows one by one: a row's own window is [time, time + gap); it joins the open sessions of its key that
touch that window, and makes one of them; it is late when what comes out has closed by the watermark before the row.
Of a key this says the same, without a loop over rows:

* A row is *timely* when its own window is open as it comes. In order of time, the sessions of timely rows are
  stretches of neighbours: between two of them there is a cut where they lie more than the gap apart, or where every
  row that could have bridged them came only after the window of the lower one had closed. (A row that comes after
  that is above it, for else its own window would be closed.)
* A row that is not timely can touch the lowest open session alone. It may make it begin earlier, never end later,
  and so joins no two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import NO_TIME
from penstock.engine.stretches import bisected, first_earlier, least

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["LATE", "Assigned", "Blocks", "assigned"]

LATE = -1
_FAR = 2**62


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sessions that are open before the step: of `key`, from the time `first` of a row to that of the `last`."""

    key: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Assigned:
    """Sessions, by key and time: `key`, `first` and `last`, shapes (s,).

    `row` is the session of each row, or LATE; `block` that of each open one.
    """

    row: NDArray[np.int64]
    block: NDArray[np.int64]
    key: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def assigned(
    key: NDArray[np.int64],
    time: NDArray[np.int64],
    before: NDArray[np.int64],
    open_: Blocks,
    gap: int,
    closes: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> Assigned:
    """The sessions of rows in order of arrival: their `key`, `time`, and the watermark `before` each, shapes (n,).

    `closes(end)` is the watermark at which a window that ends there closes. No two open blocks of a key touch.
    """
    timely = closes(time + gap) > before
    rows = np.flatnonzero(timely)
    line = _Line(key[rows], time[rows], before[rows], rows, open_, gap, closes)
    row = np.full(len(key), LATE, np.int64)
    row[rows] = line.session_of_rows()
    first = line.first.copy()
    behind = np.flatnonzero(~timely)
    if len(behind) and len(line.time):
        found, begins = line.lowest(key[behind], before[behind], behind)
        joined = _joined(found, begins, time[behind], gap)
        row[behind[joined]] = found[joined]
        np.minimum.at(first, found[joined], time[behind[joined]])
    return Assigned(row, line.session_of_blocks(), line.key_of_sessions, first, line.last)


def _joined(
    session: NDArray[np.int64], begins: NDArray[np.int64], time: NDArray[np.int64], gap: int
) -> NDArray[np.bool_]:
    """Which rows touch the session that was the lowest open one as they came: the rows before them may have lowered
    where it begins.
    """
    known = session != LATE
    joined: NDArray[np.bool_] = known & (begins <= time + gap)
    while True:
        lowered = (
            pl.DataFrame({"session": session, "time": np.where(joined, time, _FAR)})
            .select(pl.col("time").cum_min().shift(1, fill_value=_FAR).over("session"))
            .to_series()
            .to_numpy()
        )
        more = known & (np.minimum(begins, lowered) <= time + gap)
        if (more == joined).all():
            return joined
        joined = more


class _Line:
    """Timely rows and the ends of open blocks, by key, time and arrival, cut into sessions."""

    def __init__(
        self,
        key: NDArray[np.int64],
        time: NDArray[np.int64],
        before: NDArray[np.int64],
        arrival: NDArray[np.int64],
        open_: Blocks,
        gap: int,
        closes: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    ) -> None:
        blocks = len(open_.key)
        none = np.full(blocks, NO_TIME)
        self.blocks = blocks
        times = np.concatenate([open_.first, open_.last, time])
        keys = np.concatenate([open_.key, open_.key, key])
        arrivals = np.concatenate([np.full(blocks, -2), np.full(blocks, -1), arrival])
        self._order = np.lexsort((arrivals, times, keys))
        self.time, self.key, self.arrival = times[self._order], keys[self._order], arrivals[self._order]
        self.before = np.concatenate([none, none, before])[self._order]
        self.closes = closes(self.time + gap)
        self.session = self._sessions(gap)
        starts = np.flatnonzero(np.diff(self.session, prepend=-1))
        ends = np.append(starts[1:], len(self.session)) - 1
        self._starts = starts
        self.key_of_sessions, self.first = self.key[starts], self.time[starts]
        self.last = self.time[ends] if len(starts) else starts

    def _sessions(self, gap: int) -> NDArray[np.int64]:
        """The number of the session at each place."""
        if not len(self.time):
            return np.empty(0, np.int64)
        inside = np.cumsum((self.arrival == -2).astype(np.int64) - (self.arrival == -1))[:-1] > 0
        same = self.key[1:] == self.key[:-1]
        linked = same & (inside | (np.diff(self.time) <= gap))
        doubtful = np.flatnonzero(linked & ~inside & (self.before[1:] >= self.closes[:-1]))
        if len(doubtful):
            ends = np.append(np.flatnonzero(~same) + 1, len(self.time))
            until = ends[np.searchsorted(ends, doubtful, side="right")]
            reach = bisected(self.time, doubtful + 1, until, self.time[doubtful] + gap, "right")
            earliest = least(self.before, doubtful + 1, reach)
            linked[doubtful] = earliest < self.closes[doubtful]
        return np.concatenate(([0], np.cumsum(~linked)))

    def session_of_rows(self) -> NDArray[np.int64]:
        return self._by_input()[2 * self.blocks :]

    def session_of_blocks(self) -> NDArray[np.int64]:
        return self._by_input()[: self.blocks]

    def _by_input(self) -> NDArray[np.int64]:
        given = np.empty(len(self._order), np.int64)
        given[self._order] = self.session
        return given

    def lowest(
        self, key: NDArray[np.int64], before: NDArray[np.int64], arrival: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lowest session of a key that is open as a row comes that is not timely, and where it begins then.

        LATE where there is none.
        """
        low = np.searchsorted(self.key, key, side="left")
        high = np.searchsorted(self.key, key, side="right")
        above = bisected(self.closes, low, high, before, "right")
        place = first_earlier(self.arrival, above, high, arrival)
        found = place < high
        place = np.where(found, place, 0)
        session = np.where(found, self.session[place], LATE)
        start = self._starts[session]
        # what lies below `above` has come before the row: if it is of the session, it was joined to it by then
        begins = np.where(start < above, self.time[start], self.time[place])
        return session, begins
