"""Rows kept by a key's number and a time: found for keys and ranges of time, let go when their time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.runs import Runs
from penstock.engine.stretches import bisected, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["KEY", "NEVER", "ROW", "TIME", "TimedRows"]

KEY, TIME, ROW = "$key", "$time", "$row"
"""Int64 columns: the number of a row's key, its time in ms, and its own number, which grows as rows come."""

NEVER = 2**62


class TimedRows:
    """Rows with KEY, TIME, ROW and more. What a search costs depends on what it finds (and on the logarithm of all).

    A row can be marked once as `done`.
    """

    def __init__(self, prefix: str) -> None:
        self._runs = Runs(prefix, lambda rows: rows.sort(KEY, TIME, maintain_order=True))
        self._marks = Runs(f"{prefix}d", lambda rows: rows)
        self._done = np.zeros(0, np.bool_)
        self._base = 0
        """The number of the row that `_done` begins with."""
        self.next = 0
        """The number of the next row."""

    def __len__(self) -> int:
        return sum(frame.height for frame in self._runs)

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows, numbered from `next` on in order of arrival."""
        self.next += rows.height
        self._runs.append(rows.sort(KEY, TIME, maintain_order=True))

    def between(
        self, keys: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], pl.DataFrame]]:
        """The rows of each key from `low` to `high`, both included: which search found it, and the row."""
        for frame, begin, end in self._stretches(keys):
            time = frame[TIME].to_numpy()
            places, which = spread(bisected(time, begin, end, low, "left"), bisected(time, begin, end, high, "right"))
            if len(places):
                yield which, frame[places]

    def first_after(self, keys: NDArray[np.int64], time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The least time of a row of each key that is later than `time`, NEVER where there is none."""
        found = np.full(len(keys), NEVER)
        for frame, begin, end in self._stretches(keys):
            have = frame[TIME].to_numpy()
            place = bisected(have, begin, end, time, "right")
            there = np.where(place < end, have[np.minimum(place, len(have) - 1)], NEVER)
            found = np.minimum(found, there)
        return found

    def _stretches(
        self, keys: NDArray[np.int64]
    ) -> Iterator[tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.int64]]]:
        """Each run, and where in it the rows of each key lie."""
        for frame in self._runs:
            have = frame[KEY].to_numpy()
            yield frame, np.searchsorted(have, keys, "left"), np.searchsorted(have, keys, "right")

    def all(self) -> Iterator[pl.DataFrame]:
        """All rows, in parts."""
        return iter(self._runs)

    # -- rows that are done ------------------------------------------------------------------------

    def is_done(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each row (by its number) is marked."""
        at = rows - self._base
        known = at < len(self._done)
        return known & self._done[np.where(known, at, 0)] if len(self._done) else np.zeros(len(rows), np.bool_)

    def mark(self, rows: NDArray[np.int64]) -> None:
        """Mark rows by their numbers, which may repeat."""
        new = np.unique(rows)
        new = new[~self.is_done(new)]
        if not len(new):
            return
        need = int(new[-1]) - self._base + 1
        if need > len(self._done):
            longer = np.zeros(max(1_024, 2 * need), np.bool_)
            longer[: len(self._done)] = self._done
            self._done = longer
        self._done[new - self._base] = True
        self._marks.append(pl.DataFrame({ROW: new}))

    def release(self, before: int, *, keep_open: bool) -> tuple[int, int]:
        """Let go of rows whose time is `before` or earlier, but not of those not done if `keep_open`.

        How many of them were done, and how many were not.
        """
        done = open_ = 0
        for frame in self._runs:
            rows = frame.filter(pl.col(TIME) <= before)[ROW].to_numpy()
            marked = int(self.is_done(rows).sum())
            done, open_ = done + marked, open_ + len(rows) - marked
        alive = pl.col(TIME) > before
        if keep_open:
            alive |= pl.col(ROW).map_batches(
                lambda rows: pl.Series(~self.is_done(rows.to_numpy())), return_dtype=pl.Boolean
            )
            open_ = 0
        if done + open_:
            self._runs.retire(alive)
            self._trim()
        return done, open_

    def _trim(self) -> None:
        """Forget the marks of rows that are gone."""
        least = min((int(frame[ROW].min()) for frame in self._runs), default=self.next)  # type: ignore[arg-type]
        if least > self._base:
            self._done = self._done[least - self._base :].copy()
            self._base = least
            self._marks.retire(pl.col(ROW) >= least)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._runs.size + int(self._done.nbytes)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the rows (JSON data), and the blobs that are not stored yet."""
        rows, new = self._runs.snapshot()
        marks, more = self._marks.snapshot()
        return {"rows": rows, "marks": marks, "base": self._base, "next": self.next}, {**new, **more}

    @staticmethod
    def live(meta: dict[str, Any]) -> frozenset[str]:
        """The blobs that a snapshot consists of."""
        return frozenset(run for part in ("rows", "marks") for run, _ in meta[part]["runs"])

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes], before: int, *, keep_open: bool) -> None:
        """Take over a snapshot, without what was released by then."""
        self._runs.restore(meta["rows"], blobs)
        self._marks.restore(meta["marks"], blobs)
        self._base, self.next = meta["base"], meta["next"]
        self._runs.retire(pl.col(ROW) >= self._base)
        self._done = np.zeros(max(0, self.next - self._base), np.bool_)
        for frame in self._marks:
            rows = frame[ROW].to_numpy()
            self._done[rows[rows >= self._base] - self._base] = True
        self.release(before, keep_open=keep_open)
