"""When slots are due: found without a look at those whose time is far off."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from penstock.core.batch import END_OF_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Schedule"]

_NONE = -(2**63)


class Schedule:
    """A time (ms) for each of some slots, in pages of `width` ms.

    A slot whose time moves on stays on its page, and finds its own when somebody comes by.
    """

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self._pages: dict[int, list[NDArray[np.int64]]] = {}
        self._order: list[int] = []
        self._page = np.full(0, _NONE, np.int64)
        """The page that each slot stands on, which is that of its time or one before."""
        self._time = np.zeros(0, np.int64)
        self._place = np.zeros(0, np.int64)

    def put(self, slots: NDArray[np.int64], time: NDArray[np.int64]) -> None:
        """Distinct `slots` are due at `time`, and no more when they were before."""
        if not len(slots):
            return
        need = int(slots.max()) + 1
        if need > len(self._page):
            more = max(need, 2 * len(self._page)) - len(self._page)
            self._page = np.append(self._page, np.full(more, _NONE))
            self._time, self._place = (np.append(a, np.zeros(more, np.int64)) for a in (self._time, self._place))
        self._time[slots] = time
        known = self._page[slots]
        self._file(slots[(known == _NONE) | (time // self.width < known)])

    def forget(self, slots: NDArray[np.int64]) -> None:
        """`slots` have no time any more."""
        self._page[slots[slots < len(self._page)]] = _NONE

    def due(self, reached: int) -> NDArray[np.int64]:
        """The slots whose time is `reached` or before, each once; they have no time any more."""
        slots = self._met(reached)
        is_due = self._time[slots] <= reached
        self._file(slots[~is_due])
        return slots[is_due]

    def first(self) -> int:
        """The earliest time, END_OF_TIME where there is none."""
        found, least = [], END_OF_TIME
        while self._order and self._order[0] * self.width <= least:
            slots = self._met(self._order[0] * self.width)
            least = int(self._time[slots].min(initial=least))
            found.append(slots)
        for slots in found:
            self._file(slots)
        return least

    def _met(self, reached: int) -> NDArray[np.int64]:
        """The slots of all pages that begin by `reached`; they stand on none any more."""
        found = [np.empty(0, np.int64)]
        while self._order and self._order[0] * self.width <= reached:
            number = heapq.heappop(self._order)
            slots = np.concatenate(self._pages.pop(number))
            slots = slots[self._page[slots] == number]
            places = np.arange(len(slots))
            self._place[slots] = places
            slots = slots[self._place[slots] == places]  # one that was forgotten and put again is there twice
            self._page[slots] = _NONE
            found.append(slots)
        return np.concatenate(found)

    def _file(self, slots: NDArray[np.int64]) -> None:
        """Put slots that stand on no page, or on one after that of their time, on theirs."""
        if not len(slots):
            return
        page = self._time[slots] // self.width
        self._page[slots] = page
        numbers = page[:1] if (page == page[0]).all() else np.unique(page)
        for number in numbers.tolist():
            if number not in self._pages:
                self._pages[number] = []
                heapq.heappush(self._order, number)
            self._pages[number].append(slots if len(numbers) == 1 else slots[page == number])

    @property
    def size(self) -> int:
        """Bytes of memory."""
        pages = sum(part.nbytes for parts in self._pages.values() for part in parts)
        return int(3 * self._page.nbytes + pages)
