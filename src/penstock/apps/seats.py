"""Seats that are filled by one life after another: rooms by meetings, visitors by sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Lives", "Plan", "Seats", "Taken", "ranks"]

Lives: TypeAlias = "dict[str, NDArray[Any]]"
"""What is known of k lives: columns of shape (k, ...), among them `length`, the slots that a life takes (Int64)."""


Plan: TypeAlias = "Callable[[NDArray[np.intp], Generator], Lives]"
"""Makes one new life for each of some seats; called for no seats too, for the shapes."""


class Taken(NamedTuple):
    """Which life each slot belongs to (a row of `lives`), and its place in that life, shapes (n,).

    `lives` may be written to: what stands there goes on with the life.
    """

    row: NDArray[np.intp]
    position: NDArray[np.int64]
    lives: Lives


class Seats:
    """`count` seats; each keeps its life until that has had `length` slots, then gets a new one."""

    def __init__(self, count: int, plan: Plan, rng: Generator) -> None:
        self._plan = plan
        none = plan(np.empty(0, np.intp), rng)
        self._lives: Lives = {name: np.zeros((count, *column.shape[1:]), column.dtype) for name, column in none.items()}
        self._position = np.zeros(count, np.int64)
        self._open: tuple[NDArray[np.intp], NDArray[np.intp], Lives] | None = None

    def take(self, seats: NDArray[np.intp], rng: Generator) -> Taken:
        """The lives of the next slots, each of which goes to one of `seats`, shape (n,), n at least 1."""
        self._close()
        count = len(seats)
        order, rank = ranks(seats)
        ranked = seats[order]
        first = np.flatnonzero(rank[order] == 0)
        touched = ranked[first]
        wanted = np.diff(np.append(first, count))
        group, start, lives = self._lives_of(touched, wanted, rng)
        # lives in the order of their slots: by seat, then by start; a life that began earlier starts at 0 or before
        sequence = np.lexsort((np.arange(len(group)), start, group))
        begins = (group * (count + 1) + np.maximum(start, 0))[sequence]
        slot = np.repeat(np.arange(len(touched)), wanted) * (count + 1) + rank[order]
        row = np.empty(count, np.intp)
        row[order] = sequence[np.searchsorted(begins, slot, side="right") - 1]
        last = row[order][np.append(first[1:], count) - 1]
        self._position[touched] = wanted - start[last]
        self._open = (touched, last, lives)
        return Taken(row, rank - start[row], lives)

    def _lives_of(
        self, touched: NDArray[np.intp], wanted: NDArray[np.intp], rng: Generator
    ) -> tuple[NDArray[np.intp], NDArray[np.int64], Lives]:
        """The lives that `wanted` slots of each seat need: index into `touched`, first slot, columns."""
        going = {name: column[touched] for name, column in self._lives.items()}
        groups, starts, parts = [np.arange(len(touched))], [-self._position[touched]], [going]
        end = starts[0] + going["length"]
        while (short := np.flatnonzero(end < wanted)).size:
            new = self._plan(touched[short], rng)
            groups.append(short)
            starts.append(end[short])
            parts.append(new)
            end[short] += new["length"]
        lives = {name: np.concatenate([part[name] for part in parts]) for name in going}
        return np.concatenate(groups), np.concatenate(starts), lives

    def _close(self) -> None:
        """Keep the last life of each seat that was touched, with what was written to it."""
        if self._open is not None:
            touched, last, lives = self._open
            for name, column in lives.items():
                self._lives[name][touched] = column[last]


def ranks(keys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """The stable order by key, and how many equal keys stand before each one, shapes (n,)."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    fresh = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(keys)])
    rank = np.empty(len(keys), np.int64)
    rank[order] = np.arange(len(keys)) - np.repeat(fresh, np.diff(np.append(fresh, len(keys))))
    return order, rank
