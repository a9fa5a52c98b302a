"""One side of an interval join: rows that wait for partners, and when they stop waiting, key by key as in Flink.

A row at time t can be met as long as the watermark is below t + `reach`. It is not let go at that moment, but when its
key is cleaned: by a row of the other side that looks through the key's rows, or by the key's timer. Until then a row
of the other side that comes too late still meets it. The timer is set for the first row of a key that has none; when
it fires, it is set anew for the earliest row that is left.

Places order what happens in a step: rows have `4 * seq` and their side, the watermark after a row `4 * seq + AFTER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.engine.schedule import Schedule
from penstock.engine.stretches import bisected, first_earlier
from penstock.engine.timed_rows import NEVER, TIME, TimedRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.core.batch import Watermark

__all__ = ["AFTER", "BEGINNING", "Cleanings", "JoinCache", "Rows"]

AFTER = 2
BEGINNING = -(2**62)
"""A time before all others."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one side: `slot` and `number` of their key, `time`, `place`, and the watermark `before` each (from 0)."""

    slot: NDArray[np.int64]
    number: NDArray[np.int64]
    time: NDArray[np.int64]
    place: NDArray[np.int64]
    before: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.slot)

    def chosen(self, which: NDArray[Any]) -> Rows:
        """Some of them."""
        parts = (self.slot, self.number, self.time, self.place, self.before)
        return Rows(*(part[which] for part in parts))


class Cleanings:
    """When keys were cleaned in a step, and up to which watermark; before it, up to `known` of each of `slots`."""

    def __init__(
        self,
        slots: NDArray[np.int64],
        known: NDArray[np.int64],
        slot: NDArray[np.int64],
        place: NDArray[np.int64],
        watermark: NDArray[np.int64],
    ) -> None:
        order = np.lexsort((place, slot))
        self.slots, self.known = slots, known
        self.slot, self.place, self.watermark = slot[order], place[order], watermark[order]

    def before(self, slot: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark that each slot was cleaned with last before `place`."""
        begin = np.searchsorted(self.slot, slot, "left")
        at = bisected(self.place, begin, np.searchsorted(self.slot, slot, "right"), place, "left")
        known = self.known[np.searchsorted(self.slots, slot)]
        if not len(self.slot):
            return known
        return np.where(at > begin, self.watermark[np.maximum(at - 1, 0)], known)

    def last(self) -> NDArray[np.int64]:
        """The watermark that each of `slots` was cleaned with last."""
        return self.before(self.slots, np.full(len(self.slots), NEVER))

    def first(self, slot: NDArray[np.int64], watermark: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place at which each slot was first cleaned with `watermark` or a later one; there is one."""
        begin, end = np.searchsorted(self.slot, slot, "left"), np.searchsorted(self.slot, slot, "right")
        return self.place[bisected(self.watermark, begin, end, watermark, "left")]


@dataclass(frozen=True, slots=True)
class _Chain:
    """Firings: `slot`, `place` and the watermark `reached`; and for which of the slots (`ended`, by index) the timer
    then stands for the row at `left`, or NEVER.
    """

    slot: NDArray[np.int64]
    place: NDArray[np.int64]
    reached: NDArray[np.int64]
    ended: NDArray[np.int64]
    left: NDArray[np.int64]


class JoinCache:
    """The rows of one side, which wait for `reach` ms, and those of the other side for `other_reach`."""

    def __init__(self, prefix: str, reach: int, other_reach: int) -> None:
        self.reach = reach
        self.span = reach + other_reach
        self.rows = TimedRows(prefix)
        self.timers = Schedule(self.span // 64)
        self.expiry = 0
        """The last time up to which rows were expired, of whichever key; who looks for none later does not look."""
        self.released = BEGINNING

    def fired(
        self, slots: NDArray[np.int64], numbers: NDArray[np.int64], timer: NDArray[np.int64], kept: Rows, wm: Watermark
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Let the timers of `slots` (ascending) fire in a step in which the rows `kept` come.

        The timers after it; and of each firing the slot, the place and the watermark.
        """
        by_place = _Sorted(kept.slot, kept.place, kept.time)
        timed = np.where(timer == NEVER, NEVER, timer - self.reach - 1)
        unset = np.flatnonzero(timer == NEVER)
        timed[unset] = by_place.first(slots[unset], np.full(len(unset), BEGINNING))
        chain = self._chain(slots, numbers, timed, kept, by_place, wm)
        if chain is not None:
            timed[chain.ended] = chain.left
        timer = np.where(timed == NEVER, NEVER, timed + self.reach + 1)
        none = np.empty(0, np.int64)
        return (timer, none, none, none) if chain is None else (timer, chain.slot, chain.place, chain.reached)

    def _chain(
        self,
        slots: NDArray[np.int64],
        numbers: NDArray[np.int64],
        timed: NDArray[np.int64],
        kept: Rows,
        by_place: _Sorted,
        wm: Watermark,
    ) -> _Chain | None:
        """The firings of slots whose timers stand for rows at `timed`, one after the other; None without any.

        Where each firing would set its timer anew is found for all rows that could have one, whether they get it or
        not; those that do are then reached from the first in steps of 1, 2, 4, ...
        """
        bound = wm.last - self.reach - 1 if wm.last > BEGINNING else BEGINNING
        due = np.flatnonzero(timed <= bound)
        if not len(due):
            return None
        slot, time = self._stations(slots[due], numbers[due], timed[due], kept, bound)
        at = np.searchsorted(wm.value, time + self.reach + 1, "left")
        place, reached = 4 * wm.at[at] + AFTER, wm.value[at]
        expired = reached - self.reach - 1
        by_time = _Sorted(kept.slot, kept.time, kept.place)
        following = np.minimum(
            by_time.first_after(slot, expired, place),
            self.rows.first_after(numbers[np.searchsorted(slots, slot)], expired),
        )
        empty = np.flatnonzero(following == NEVER)
        following[empty] = by_place.first(slot[empty], place[empty])
        begin, end = np.searchsorted(slot, slot, "left"), np.searchsorted(slot, slot, "right")
        jump = np.where(following <= bound, bisected(time, begin, end, following, "left"), np.arange(len(slot)))
        first, last = np.searchsorted(slot, slots[due], "left"), np.searchsorted(slot, slots[due], "right")
        fires = np.zeros(len(slot), np.bool_)
        fires[bisected(time, first, last, timed[due], "left")] = True
        for _ in range(len(slot).bit_length()):
            fires[jump[fires]] = True
            jump = jump[jump]
        ends = fires & (following > bound)
        return _Chain(slot[fires], place[fires], reached[fires], np.searchsorted(slots, slot[ends]), following[ends])

    def _stations(
        self,
        slots: NDArray[np.int64],
        numbers: NDArray[np.int64],
        since: NDArray[np.int64],
        kept: Rows,
        bound: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of `slots` from `since` to `bound`, by slot and time, each time once."""
        parts = [(slots, since)]
        for which, rows in self.rows.between(numbers, since, np.full(len(slots), bound)):
            parts.append((slots[which], rows[TIME].to_numpy()))
        here = (kept.time <= bound) & np.isin(kept.slot, slots)
        parts.append((kept.slot[here], kept.time[here]))
        slot, time = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((time, slot))
        slot, time = slot[order], time[order]
        new = np.append(True, (slot[1:] != slot[:-1]) | (time[1:] != time[:-1]))
        return slot[new], time[new]

    def looking(
        self, time: NDArray[np.int64], reach: int, before: NDArray[np.int64], place: NDArray[np.int64],
        fired_at: NDArray[np.int64], fired: NDArray[np.int64],
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Which rows of the other side (`time`, `reach`, watermark `before`, `place`) look through this one's rows.

        Those do not that came too late for anything that had expired when anybody looked, or a timer fired, last.
        """
        looks = time + reach > before - self.reach - 1
        unsure = np.flatnonzero(~looks)
        while True:
            at = np.concatenate([place[looks], fired_at])
            order = np.argsort(at, kind="stable")
            at, expiry = at[order], np.concatenate([before[looks], fired])[order] - self.reach - 1
            expiry = np.maximum.accumulate(np.concatenate([[self.expiry], expiry]))
            more = unsure[time[unsure] + reach > expiry[np.searchsorted(at, place[unsure], "left")]]
            if not len(more):
                self.expiry = int(expiry[-1])
                return looks
            looks[more[0]] = True
            unsure = unsure[unsure > more[0]]

    def release(self, *, keep_open: bool, now: bool) -> tuple[int, int]:
        """Let go of rows that nobody can meet any more; how many had met somebody, and how many had not.

        It looks at all rows, and so does it now and then, or `now`.
        """
        horizon = self.expiry - self.span
        if not now and horizon <= self.released + self.span // 4:
            return 0, 0
        self.released = max(self.released, horizon)
        return self.rows.release(self.released, keep_open=keep_open)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the state (JSON data), and the blobs that are not stored yet."""
        meta, new = self.rows.snapshot()
        return {"rows": meta, "expiry": self.expiry, "released": self.released}, new

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes], *, keep_open: bool) -> None:
        """Take over a snapshot."""
        self.expiry, self.released = meta["expiry"], meta["released"]
        self.rows.restore(meta["rows"], blobs, self.released, keep_open=keep_open)


class _Sorted:
    """Values by slot and value, each with another beside it."""

    def __init__(self, slot: NDArray[np.int64], value: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        order = np.lexsort((other, value, slot))
        self.slot, self.value, self.other = slot[order], value[order], other[order]

    def after(self, slot: NDArray[np.int64], value: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where the first value of each slot above `value` stands, and whether there is one."""
        end = np.searchsorted(self.slot, slot, "right")
        at = bisected(self.value, np.searchsorted(self.slot, slot, "left"), end, value, "right")
        return at, at < end

    def first(self, slot: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.int64]:
        """What stands beside the first value of each slot above `value`; NEVER where there is none."""
        at, there = self.after(slot, value)
        found = np.full(len(slot), NEVER)
        found[there] = self.other[at[there]]
        return found

    def first_after(
        self, slot: NDArray[np.int64], value: NDArray[np.int64], until: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The first value of each slot above `value` whose other is not above `until`; NEVER where there is none."""
        if not len(self.slot):
            return np.full(len(slot), NEVER)
        at, _ = self.after(slot, value)
        end = np.searchsorted(self.slot, slot, "right")
        at = first_earlier(self.other, at, end, until + 1)
        return np.where(at < end, self.value[np.minimum(at, len(self.value) - 1)], NEVER)
