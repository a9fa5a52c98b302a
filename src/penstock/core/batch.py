"""What flows between operators: `Batch | Watermark`, step by step.

A *step* is one poll of a pipeline's input. On each edge a step carries one `Batch` (perhaps empty) and
then one `Watermark`; both stand for the same range of the input's order, so that two-input operators can
be exact. No barrier flows: checkpoints are taken between steps, when nothing is on its way.

The hidden column `SEQ` is each row's place in the order of the pipeline's input. The watermark before a
row (Flink's view with a watermark after every row) is a function of its place: `Watermark.before`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["END_OF_TIME", "KIND", "NO_TIME", "SEQ", "Batch", "RowKind", "Watermark", "marks", "without"]

SEQ = "$seq"
"""Int64: a row's place in the order of the input; a fired row has the place of the row that fired it."""

KIND = "$kind"
"""UInt8, a RowKind: there on all edges of a plan that carry changes, and on no other (there all rows are +I)."""


class RowKind(IntEnum):
    """What a row does to the table that the rows before it have made; `mark` is Flink's sign for it."""

    INSERT = 0
    UPDATE_BEFORE = 1
    UPDATE_AFTER = 2
    DELETE = 3

    @property
    def mark(self) -> str:
        return ("+I", "-U", "+U", "-D")[self]

    @property
    def takes_back(self) -> bool:
        """Whether the row was there before and goes."""
        return self in (RowKind.UPDATE_BEFORE, RowKind.DELETE)


NO_TIME = -(2**63)
"""The watermark before any."""

END_OF_TIME = 2**63 - 1
"""The watermark after bounded input."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one step, in order of `SEQ`.

    `frame` has the relation's columns and, where the plan needs it, `SEQ` and `KIND`; `through` is the
    last place of the input that the step covers, whether its row is still in `frame` or not.
    """

    frame: pl.DataFrame
    through: int

    @property
    def height(self) -> int:
        return self.frame.height


def marks(frame: pl.DataFrame) -> list[str]:
    """The kind of each row as Flink writes it: +I where there is no KIND."""
    if KIND not in frame.columns:
        return [RowKind.INSERT.mark] * frame.height
    known = [kind.mark for kind in RowKind]
    return [known[kind] for kind in frame[KIND]]


def without(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """The frame without these columns; `drop` is a lazy query that costs twenty times as much."""
    rest = frame.clone()
    for name in names:
        rest.drop_in_place(name)
    return rest


_NOWHERE: NDArray[np.int64] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Watermark:
    """How event time advanced during one step, as an edge saw it.

    `start` is the watermark when the step began; after the row at place `at[i]` it is `value[i]`
    (ms since 1970, Flink's promise that no row at or before it is to come). `at` and `value` are int64 and
    strictly increasing; `through` as in `Batch`. From place `idle_at[i]` on the edge was idle or, every other
    time, active again (`idle` says which it was when the step began): an idle edge holds nobody back.
    """

    start: int
    at: NDArray[np.int64]
    value: NDArray[np.int64]
    through: int
    idle: bool = False
    idle_at: NDArray[np.int64] = field(default_factory=lambda: _NOWHERE)

    @property
    def last(self) -> int:
        """The watermark when the step ended."""
        return int(self.value[-1]) if len(self.value) else self.start

    def before(self, seq: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark just before each row of `seq`, shape (n,)."""
        return self._values()[np.searchsorted(self.at, seq, side="left")]

    def passed(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of the row after which the watermark reached each of `time`, shape (n,).

        Only for times that this step has reached and the one before had not.
        """
        return self.at[np.searchsorted(self.value, time, side="left")]

    def set_free(self, seq: NDArray[np.int64], time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of the first row after each of `seq` with which the watermark has reached its `time`, shape (n,).

        END_OF_TIME where this step has none.
        """
        number = np.maximum(np.searchsorted(self.value, time, side="left"), np.searchsorted(self.at, seq, side="left"))
        return np.append(self.at, END_OF_TIME)[number]

    def until(self, seq: int) -> Watermark:
        """The part of it before the row at place `seq`."""
        n = int(np.searchsorted(self.at, seq, side="left"))
        m = int(np.searchsorted(self.idle_at, seq, side="left"))
        return replace(self, at=self.at[:n], value=self.value[:n], idle_at=self.idle_at[:m])

    def behind(self, ms: int) -> Watermark:
        """The same, so many ms later: event time lags behind."""
        start = self.start if self.start in (NO_TIME, END_OF_TIME) else self.start - ms
        return replace(self, start=start, value=np.where(self.value == END_OF_TIME, END_OF_TIME, self.value - ms))

    def _values(self) -> NDArray[np.int64]:
        return np.concatenate(([self.start], self.value))

    def _after(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark after each place."""
        return self._values()[np.searchsorted(self.at, at, side="right")]

    def _idle_after(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        idle: NDArray[np.bool_] = (np.searchsorted(self.idle_at, at, side="right") % 2 == 1) != self.idle
        return idle

    @classmethod
    def still(cls, value: int, through: int, *, idle: bool = False) -> Watermark:
        """A step in which event time did not move."""
        return cls(value, _NOWHERE, _NOWHERE, through, idle)

    @classmethod
    def rising(cls, start: int, seq: NDArray[np.int64], wm: NDArray[np.int64], through: int) -> Watermark:
        """From the watermark `wm[i]` that each row `seq[i]` would make on its own, shapes (n,)."""
        top = np.maximum.accumulate(np.concatenate(([start], wm)))
        moved = np.flatnonzero(top[1:] > top[:-1])
        at, value = seq[moved], top[1:][moved]
        if len(at) > 1 and not (np.diff(at) > 0).all():  # rows of one message share a place: the last one counts
            last = np.append(at[1:] != at[:-1], True)
            at, value = at[last], value[last]
        return cls(start, at, value, through)

    @classmethod
    def least(cls, inputs: list[Watermark], floor: int) -> Watermark:
        """What an operator with several inputs sees: the minimum of those not idle, never below `floor`.

        `floor` is what it saw last. Where all are idle it is the maximum, as in Flink: had one fallen silent after
        the other, the last would have brought it there.
        """
        first = inputs[0]
        if len(inputs) == 1 or all(w is first for w in inputs):
            return first
        at = np.unique(np.concatenate([part for w in inputs for part in (w.at, w.idle_at)]))
        places = np.concatenate(([NO_TIME], at))
        after = np.stack([w._after(places) for w in inputs])
        held = np.where([w._idle_after(places) for w in inputs], END_OF_TIME, after).min(axis=0)
        ended = all(w.last == END_OF_TIME for w in inputs)
        all_idle = (held == END_OF_TIME) & (not ended)
        value = np.where(all_idle, np.where(after == END_OF_TIME, NO_TIME, after).max(axis=0), held)
        combined = cls.rising(max(floor, int(value[0])), at, value[1:], first.through)
        switches = np.flatnonzero(all_idle[1:] != all_idle[:-1])
        return replace(combined, idle=bool(all_idle[0]), idle_at=at[switches])
