"""When slots are due: found without a look at those that are not."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Schedule"]

_NEVER = -(2**63)


class Schedule:
    """A time for each of some slots, in pages of `width` ms; a slot whose time has moved on is met at the earlier one.

    `due` gives slots that may be due; who asks looks at each, and tells the time again of those that are not.
    """

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self._pages: dict[int, list[NDArray[np.int64]]] = {}
        self._order: list[int] = []
        self._page = np.full(0, _NEVER, np.int64)
        """The page that each slot stands on."""

    def put(self, slots: NDArray[np.int64], time: NDArray[np.int64]) -> None:
        """Distinct `slots` are due at `time` (ms); one that was told to be due earlier is met then, and told again."""
        if not len(slots):
            return
        need = int(slots.max()) + 1
        if need > len(self._page):
            longer = np.full(max(need, 2 * len(self._page)), _NEVER, np.int64)
            longer[: len(self._page)] = self._page
            self._page = longer
        page = time // self.width
        new = (self._page[slots] == _NEVER) | (page < self._page[slots])
        slots, page = slots[new], page[new]
        self._page[slots] = page
        for number in np.unique(page).tolist():
            if number not in self._pages:
                self._pages[number] = []
                heapq.heappush(self._order, number)
            self._pages[number].append(slots[page == number])

    def forget(self, slots: NDArray[np.int64]) -> None:
        """`slots` have no time any more."""
        self._page[slots[slots < len(self._page)]] = _NEVER

    def due(self, reached: int) -> NDArray[np.int64]:
        """Distinct slots, among them all whose time is `reached` or before; they have no time any more."""
        found = []
        while self._order and self._order[0] * self.width <= reached:
            number = heapq.heappop(self._order)
            slots = np.concatenate(self._pages.pop(number))
            slots = np.unique(slots[self._page[slots] == number])
            self._page[slots] = _NEVER
            found.append(slots)
        return np.concatenate(found) if found else np.empty(0, np.int64)
