"""The watermark of a source: per partition, combined by minimum, idle partitions left out if asked.

Flink's view with a watermark after every row: each row raises its partition's watermark to what the
declared expression gives for it, and the source's is the least of all partitions. All of it is computed in
columns, and depends on the order of the rows alone, never on how they are cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.core.batch import END_OF_TIME, NO_TIME, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["PartitionView", "Watermarks"]

_BLOCK = 2_000_000
"""Cells of the (partition x row) table that are worked on at once."""


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition as `why` shows it; times in ms, None where there is none yet."""

    partition: int
    watermark: int | None
    last_append: int | None
    idle: bool


class Watermarks:
    """The watermark of one scan.

    `idle_timeout` (ms, 0 = never) is counted on append times, so that a replay decides as the first run did.
    """

    def __init__(self, partitions: int, idle_timeout: int = 0) -> None:
        self.idle_timeout = idle_timeout
        self.value = NO_TIME
        self.top = np.full(partitions, NO_TIME, np.int64)
        self.last_append = np.full(partitions, NO_TIME, np.int64)
        self.now = NO_TIME
        """The latest append time seen, of any partition or tick."""
        self.idle = False
        """Whether all partitions are idle."""

    def grow(self, partitions: int) -> None:
        """The table has more partitions now; from here on they hold the watermark until they have rows or are idle."""
        more = partitions - len(self.top)
        if more > 0:
            self.top = np.concatenate((self.top, np.full(more, NO_TIME, np.int64)))
            started = np.full(more, self.now, np.int64)
            self.last_append = np.concatenate((self.last_append, started))

    def advance(
        self,
        seq: NDArray[np.int64],
        made: NDArray[np.int64],
        through: int,
        partition: NDArray[np.int32] | None = None,
        append_time: NDArray[np.int64] | None = None,
        ticks: tuple[tuple[int, int], ...] = (),
    ) -> Watermark:
        """How the watermark moved over rows at places `seq` (n,), the i-th of which makes `made[i]`.

        `made` is NO_TIME for a row that makes none. `ticks` are places at which time was seen to pass.
        """
        if len(self.top) == 1 and not self.idle_timeout and (partition is None or not partition.any()):
            if self.idle:  # a mark of an earlier step said so, and holds until a row comes
                return self.advance_marked(seq, made, through, ())
            watermark = Watermark.rising(self.value, seq, made, through)
            self.value = watermark.last
            self.top[0] = watermark.last
            return watermark
        seq, made, partition, append_time = self._with_ticks(seq, made, partition, append_time, ticks)
        blocks = [self._combined(made[a:b], partition[a:b], append_time[a:b]) for a, b in self._blocks(partition)]
        values = np.concatenate([values for values, _ in blocks]) if blocks else np.empty(0, np.int64)
        idle = np.concatenate([idle for _, idle in blocks]) if blocks else np.empty(0, np.bool_)
        watermark = Watermark.rising(self.value, seq, values, through)
        switches = np.flatnonzero(np.diff(np.concatenate(([self.idle], idle)).astype(np.int8)))
        watermark = replace(watermark, idle=self.idle, idle_at=seq[switches])
        self.value = watermark.last
        self.idle = bool(idle[-1]) if len(idle) else self.idle
        return watermark

    def advance_marked(
        self, seq: NDArray[np.int64], made: NDArray[np.int64], through: int, marks: tuple[tuple[int, int | None], ...]
    ) -> Watermark:
        """As `advance` for one partition whose input brings watermarks, and idleness (None), of its own."""
        at = np.array([m[0] for m in marks], np.int64)
        value = np.array([NO_TIME if m[1] is None else m[1] for m in marks], np.int64)
        places = np.concatenate((seq, at))
        order = np.argsort(places, kind="stable")
        idle = np.concatenate((np.zeros(len(seq), np.bool_), np.array([m[1] is None for m in marks], np.bool_)))[order]
        watermark = Watermark.rising(self.value, places[order], np.concatenate((made, value))[order], through)
        switches = np.flatnonzero(np.diff(np.concatenate(([self.idle], idle)).astype(np.int8)))
        watermark = replace(watermark, idle=self.idle, idle_at=places[order][switches])
        self.value, self.idle = watermark.last, bool(idle[-1]) if len(idle) else self.idle
        self.top[0] = self.value
        return watermark

    def _with_ticks(
        self,
        seq: NDArray[np.int64],
        made: NDArray[np.int64],
        partition: NDArray[np.int32] | None,
        append_time: NDArray[np.int64] | None,
        ticks: tuple[tuple[int, int], ...],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """The rows with the ticks among them, as rows of partition -1."""
        n = len(seq)
        parts = np.zeros(n, np.int32) if partition is None else partition
        times = np.full(n, self.now, np.int64) if append_time is None else append_time
        if not ticks or not self.idle_timeout:
            return seq, made, parts, times
        at = np.array([t[0] for t in ticks], np.int64)
        order = np.argsort(np.concatenate((seq, at)), kind="stable")
        return (
            np.concatenate((seq, at))[order],
            np.concatenate((made, np.full(len(at), NO_TIME, np.int64)))[order],
            np.concatenate((parts, np.full(len(at), -1, np.int32)))[order],
            np.concatenate((times, np.array([t[1] for t in ticks], np.int64)))[order],
        )

    def _blocks(self, partition: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
        """The rows in blocks, from one to before the other; a partition that came later counts from its first row."""
        start = 0
        while start < len(partition):
            block = partition[start : start + max(1, _BLOCK // len(self.top))]
            unknown = np.flatnonzero(block >= len(self.top))
            if len(unknown) and not unknown[0]:
                self.grow(int(block[0]) + 1)
                continue
            length = int(unknown[0]) if len(unknown) else len(block)
            yield start, start + length
            start += length

    def _combined(
        self, made: NDArray[np.int64], partition: NDArray[np.int32], append_time: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """After each row: the least watermark of the partitions that are not idle, and whether all are; (n,).

        Where all are it is the greatest: it must not matter whether they were seen to fall silent one by one.
        """
        n, p = len(made), len(self.top)
        rows = np.flatnonzero(partition >= 0)
        tops = np.full((p, n + 1), NO_TIME, np.int64)
        tops[:, 0] = self.top
        tops[partition[rows], rows + 1] = made[rows]
        np.maximum.accumulate(tops, axis=1, out=tops)
        self.top = tops[:, -1].copy()
        now = np.maximum.accumulate(np.concatenate(([self.now], append_time)))[1:]
        self.now = int(now[-1]) if n else self.now
        self.last_append[self.last_append == NO_TIME] = now[0]  # silence counts from the first row or tick
        if not self.idle_timeout:
            self.last_append[partition[rows]] = now[rows]
            return tops[:, 1:].min(axis=0), np.zeros(n, np.bool_)
        seen = np.full((p, n + 1), NO_TIME, np.int64)
        seen[:, 0] = self.last_append
        seen[partition[rows], rows + 1] = now[rows]
        np.maximum.accumulate(seen, axis=1, out=seen)
        self.last_append = seen[:, -1].copy()
        idle = now - seen[:, 1:] >= self.idle_timeout
        least = np.where(idle, END_OF_TIME, tops[:, 1:]).min(axis=0)
        all_idle = np.logical_and.reduce(idle, axis=0)
        return np.where(all_idle, tops[:, 1:].max(axis=0), least), all_idle

    def waits(self, now: int) -> bool:
        """Whether a partition would become idle if time were seen to pass until `now` (ms).

        Where no time was seen yet, neither of a row nor of a tick, silence would begin to count.
        """
        if not self.idle_timeout:
            return False
        if self.now == NO_TIME:
            return True
        silent = now - self.last_append >= self.idle_timeout
        known = self.now - self.last_append >= self.idle_timeout
        return bool((silent & ~known).any())

    def view(self) -> list[PartitionView]:
        """Each partition now."""
        known = [None if v == NO_TIME else int(v) for v in self.top]
        seen = [None if v == NO_TIME else int(v) for v in self.last_append]
        idle = (
            (self.now - self.last_append >= self.idle_timeout) & (self.last_append != NO_TIME)
            if self.idle_timeout
            else np.zeros(len(self.top), bool)
        )
        return [PartitionView(i, known[i], seen[i], bool(idle[i])) for i in range(len(known))]

    def snapshot(self) -> dict[str, Any]:
        """The state, as JSON data."""
        return {
            "value": self.value,
            "top": self.top.tolist(),
            "last_append": self.last_append.tolist(),
            "now": self.now,
            "idle": self.idle,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `snapshot` gave."""
        self.value = int(state["value"])
        self.top = np.array(state["top"], np.int64)
        self.last_append = np.array(state["last_append"], np.int64)
        self.now = int(state["now"])
        self.idle = bool(state["idle"])
