"""Which rows behind the watermark a bounded frame still takes: those later than what their key has given."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Arrivals", "judge"]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Rows of one step, shapes (n,): their `key`, as a small number, their place `seq`, `time` (ms), the watermark
    `before` them, and the place `at` after which they are given if they are not late (END_OF_TIME: not in this step).
    """

    key: NDArray[np.int64]
    seq: NDArray[np.int64]
    time: NDArray[np.int64]
    before: NDArray[np.int64]
    at: NDArray[np.int64]


def judge(
    rows: Arrivals, earlier: Arrivals, last: NDArray[np.int64], lasting: int | None
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which of `rows` are late; how often the key of each, and of each of `earlier`, is forgotten before it is given;
    and how often each key is in all.

    `rows` are behind the watermark; `earlier` are all others that are given in this step. `last` (by key) is the time
    of the last row that a key has given, 0 for none. A key is forgotten when the watermark is `lasting` (ms, None:
    never) beyond its last row. Flink goes by timers of its own, which forget between 1 and 1.5 times the frame beyond.

    A row at a time, since each verdict depends on those before.
    """
    last = last.copy()
    forgotten = np.zeros(len(last), np.int64)
    late = np.zeros(len(rows.key), np.bool_)
    of_rows, of_earlier = np.zeros(len(rows.key), np.int64), np.zeros(len(earlier.key), np.int64)
    coming: list[list[tuple[int, int, int]]] = [[] for _ in range(len(last))]
    for i, (key, at, time) in enumerate(
        zip(*(c.tolist() for c in (earlier.key, earlier.at, earlier.time)), strict=True)
    ):
        heappush(coming[key], (at, time, i))
    columns = (rows.key, rows.seq, rows.time, rows.before, rows.at)
    for i, (key, seq, time, before, at) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        due = coming[key]
        while due and due[0][0] < seq:
            _, last[key], number = heappop(due)
            if number >= 0:
                of_earlier[number] = forgotten[key]
        if lasting is not None and last[key] and last[key] + lasting <= before:
            last[key] = 0
            forgotten[key] += 1
        late[i] = time <= last[key]
        of_rows[i] = forgotten[key]
        if not late[i]:
            heappush(due, (at, time, -1))
    for key, due in enumerate(coming):
        for _, _, number in due:
            if number >= 0:
                of_earlier[number] = forgotten[key]
    return late, of_rows, of_earlier, forgotten
