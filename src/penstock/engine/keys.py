"""An index that lasts: from a key of any columns to a small number, its slot.

Keys are found by a hash, and compared on a hit; keys whose hash is taken are looked for under another seed. No
hash is ever stored: a library may change how it hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penstock.engine.columns import Columns, equal_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import hirola
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["KeyIndex"]

_NONE = -1
_FIRST = 1_024
_FULL = 0.7
_GROWTH = 2.0
_MANY = 1_024
"""Of so many slots it is worth looking for repeats."""
_DENSE = 8
"""Numbers that span less than so many times their count are put in order without sorting."""


def _hashed(keys: pl.DataFrame, seed: int) -> NDArray[np.uint64]:
    return keys.hash_rows(seed).to_numpy()


class KeyIndex:
    """Each key has one slot as long as it is in; NULLs equal each other. Slots are 0, 1, ..., and used again.

    Frames of keys have the columns of `schema`, in its order and types (Polars). `hashed(keys, seed)` gives a
    UInt64 per key.
    """

    def __init__(
        self,
        schema: Mapping[str, pl.DataType],
        hashed: Callable[[pl.DataFrame, int], NDArray[np.uint64]] = _hashed,
    ) -> None:
        self.schema = dict(schema)
        self._hashed = hashed
        self._keys = Columns(schema)
        self._layers = [_Layer()]
        self._free: list[int] = []
        self._end = 0
        """The first slot that was never used."""

    def __len__(self) -> int:
        return self._end - len(self._free)

    @property
    def end(self) -> int:
        """One more than the largest slot that was ever in use."""
        return self._end

    @property
    def slots(self) -> NDArray[np.int64]:
        """All slots in use, ascending."""
        used = np.ones(self._end, np.bool_)
        used[self._free] = False
        return np.flatnonzero(used)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._keys.size + sum(layer.size for layer in self._layers) + 8 * len(self._free)

    def keys(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """The keys of `slots` that are in use."""
        return self._keys.take(slots)

    def find(self, keys: pl.DataFrame) -> NDArray[np.int64]:
        """The slot of each key, -1 for those that are not in; shape (n,)."""
        return self._found(keys, self._hashed(keys, 0) if self.schema else None)

    def _found(self, keys: pl.DataFrame, hashes: NDArray[np.uint64] | None) -> NDArray[np.int64]:
        """As `find`, of keys whose first hashes are known; None where keys have no columns."""
        if hashes is None:
            return np.full(keys.height, 0 if len(self) else _NONE, np.int64)
        slots = np.full(keys.height, _NONE, np.int64)
        rest = np.arange(keys.height)
        for seed, layer in enumerate(self._layers):
            asked = keys if seed == 0 else keys[rest]
            held = layer.find(hashes if seed == 0 else self._hashed(asked, seed))
            same = self._equal(asked, held)
            slots[rest[same]] = held[same]
            rest = rest[~same]  # a hash that is not in may have been another key's, and forgotten with it
            if not len(rest):
                break
        return slots

    def place(self, keys: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The slot of each key, shape (n,), and the slots that are new, in no order."""
        hashes = self._hashed(keys, 0) if self.schema else None
        if hashes is not None and len(self._layers) == 1:  # what is in is there, and found by adding it
            slots, rest = np.full(keys.height, _NONE, np.int64), np.arange(keys.height)
        else:
            slots = self._found(keys, hashes)
            rest = np.flatnonzero(slots == _NONE)
        return slots, self._add(keys, rest, slots, lambda firsts: self._take(len(firsts)), hashes)

    def put(self, keys: pl.DataFrame, slots: NDArray[np.int64]) -> None:
        """Bring distinct keys that are not in back to the slots that they had."""
        if not len(slots):
            return
        used = np.zeros(max(self._end, int(slots.max()) + 1), np.bool_)
        used[self.slots] = used[slots] = True
        self._end = len(used)
        self._free = np.flatnonzero(~used).tolist()
        hashes = self._hashed(keys, 0) if self.schema else None
        rest, found = np.arange(keys.height), np.full(keys.height, _NONE, np.int64)
        self._add(keys, rest, found, lambda firsts: slots[firsts], hashes)

    def _add(
        self,
        keys: pl.DataFrame,
        rest: NDArray[np.int64],
        slots: NDArray[np.int64],
        choose: Callable[[NDArray[np.int64]], NDArray[np.int64]],
        hashes: NDArray[np.uint64] | None,
    ) -> NDArray[np.int64]:
        """Add the keys at the places `rest`, and write their slots into `slots`; the slots that were chosen.

        `hashes` are the first ones of all `keys`.
        """
        made: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        if hashes is None:
            if len(rest):
                made.append(choose(rest[:1]))
                slots[:] = made[-1][0]
            return made[-1]
        seed = 0
        while len(rest):
            if seed == len(self._layers):
                self._layers.append(_Layer())
            asked = keys if len(rest) == keys.height else keys[rest]
            numbers = self._layers[seed].add(hashes[rest] if seed == 0 else self._hashed(asked, seed))
            held = self._layers[seed].slots[numbers]
            open_ = np.flatnonzero(held == _NONE)
            firsts = open_[_firsts(numbers[open_])]
            new = choose(rest[firsts])
            self._layers[seed].fill(numbers[firsts], new)
            all_new = len(firsts) == asked.height and bool((np.diff(firsts) > 0).all())
            self._keys.put(new, asked if all_new else asked[firsts])
            made.append(new)
            held = self._layers[seed].slots[numbers]
            same = np.zeros(len(rest), np.bool_)
            same[firsts] = True
            if 2 * len(firsts) < len(rest):
                same = self._equal(asked, held)
            elif len(firsts) < len(rest):
                others = np.flatnonzero(~same)
                same[others] = self._equal(asked[others], held[others])
            slots[rest[same]] = held[same]
            rest = rest[~same]
            seed += 1
        return np.concatenate(made)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Forget the keys of distinct `slots` that are in use; the slots may be given to others."""
        keys = self._keys.take(slots)
        rest = np.arange(len(slots)) if self.schema else np.empty(0, np.int64)
        for seed, layer in enumerate(self._layers):
            if not len(rest):
                break
            numbers = layer.numbers(self._hashed(keys[rest], seed))
            mine = (numbers >= 0) & (layer.slots[numbers] == slots[rest])
            layer.empty(numbers[mine])
            rest = rest[~mine]
        self._free.extend(slots.tolist())

    def _take(self, count: int) -> NDArray[np.int64]:
        """Slots that nobody uses."""
        again = min(count, len(self._free))
        used = [self._free.pop() for _ in range(again)]
        fresh = np.arange(self._end, self._end + count - again)
        self._end += count - again
        return np.concatenate([np.array(used, np.int64), fresh]) if again else fresh

    def _equal(self, keys: pl.DataFrame, slots: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each key is that of its slot; False for -1."""
        here: NDArray[np.bool_] = slots != _NONE
        if not here.any():
            return here
        whole = bool(here.all())
        asked, held = (keys, self._held(slots)) if whole else (keys.filter(here), self._held(slots[here]))
        same = equal_rows(asked, held, self.schema)
        if whole:
            return same
        here[here] = same
        return here

    def _held(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """The keys of `slots`: where these repeat, each is fetched once."""
        if len(slots) < _MANY or self._end > len(slots):
            return self._keys.take(slots)
        among = np.zeros(self._end, np.bool_)
        among[slots] = True
        once = np.flatnonzero(among)
        if 2 * len(once) > len(slots):
            return self._keys.take(slots)
        return self._keys.take(once)[np.cumsum(among)[slots] - 1]


def _table(size: int) -> hirola.HashTable:
    """An empty table for about `size` hashes, which grows."""
    import hirola  # it takes a tenth of a start's time, and most pipelines have no state by key

    return hirola.HashTable(size, np.uint64, almost_full=(_FULL, _GROWTH))


def _firsts(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of the first of each of `numbers`, in order of these."""
    if not len(numbers):
        return numbers
    low = int(numbers.min())
    span = int(numbers.max()) - low + 1
    if span > _DENSE * len(numbers):
        sparse: NDArray[np.int64] = np.unique(numbers, return_index=True)[1]
        return sparse
    first: NDArray[np.int64] = np.full(span, _NONE, np.int64)
    first[numbers[::-1] - low] = np.arange(len(numbers) - 1, -1, -1)
    dense: NDArray[np.int64] = first[first != _NONE]
    return dense


class _Layer:
    """A hash table of one seed: hashes are numbered as they come, and each number has a slot, or -1."""

    def __init__(self) -> None:
        self._table = _table(_FIRST)
        self.slots = np.full(_FIRST, _NONE, np.int64)
        self._emptied = 0

    @property
    def size(self) -> int:
        return int(self.slots.nbytes + 16 * self._table.max)

    def numbers(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The number of each hash, -1 for those that are not in."""
        found: NDArray[np.int64] = self._table.get(hashes)
        return found

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The slot of each hash, or -1."""
        numbers = self.numbers(hashes)
        return np.where(numbers >= 0, self.slots[numbers], _NONE)

    def add(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The number of each hash, in or not before."""
        if self._emptied > _FIRST and self._emptied > self._table.length // 2:
            self._rebuild()
        numbers: NDArray[np.int64] = self._table.add(hashes)
        if self._table.length > len(self.slots):
            longer = np.full(max(2 * len(self.slots), self._table.length), _NONE, np.int64)
            longer[: len(self.slots)] = self.slots
            self.slots = longer
        return numbers

    def fill(self, numbers: NDArray[np.int64], slots: NDArray[np.int64]) -> None:
        """Numbers without a slot get theirs."""
        self.slots[numbers] = slots

    def empty(self, numbers: NDArray[np.int64]) -> None:
        """Take their slots from `numbers`."""
        self.slots[numbers] = _NONE
        self._emptied += len(numbers)

    def _rebuild(self) -> None:
        """Leave the hashes behind that have no slot."""
        held = self.slots[: self._table.length]
        hashes, slots = self._table.keys[held != _NONE], held[held != _NONE]
        self._table = _table(max(_FIRST, int(len(hashes) / _FULL * _GROWTH)))
        self.slots = np.full(max(_FIRST, len(hashes)), _NONE, np.int64)
        if len(hashes):
            self.slots[self._table.add(hashes)] = slots
        self._emptied = 0
