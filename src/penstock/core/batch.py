"""What flows between operators: `Batch | Watermark | Barrier`.

A *step* is one poll of a pipeline's input. On each edge a step carries one `Batch` (perhaps empty) and
then one `Watermark`; both stand for the same range of the input's order, so that two-input operators can
be exact. A `Barrier` comes between steps.

The hidden column `SEQ` is each row's place in the order of the pipeline's input. The watermark before a
row (Flink's view with a watermark after every row) is a function of its place: `Watermark.before`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["END_OF_TIME", "KIND", "NO_TIME", "SEQ", "Barrier", "Batch", "Watermark"]

SEQ = "$seq"
"""Int64: a row's place in the order of the input; a fired row has the place of the row that fired it."""

KIND = "$kind"
"""UInt8: 0 = +I, 1 = -U, 2 = +U, 3 = -D (Flink's RowKind); absent where all rows are +I."""

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


@dataclass(frozen=True, slots=True)
class Watermark:
    """How event time advanced during one step, as an edge saw it.

    `start` is the watermark when the step began; after the row at place `at[i]` it is `value[i]`
    (ms since 1970, exclusive promise as in Flink: no row at or before it is to come).
    `at` and `value` are int64 and strictly increasing; `through` as in `Batch`.
    """

    start: int
    at: NDArray[np.int64]
    value: NDArray[np.int64]
    through: int

    @property
    def last(self) -> int:
        """The watermark when the step ended."""
        return int(self.value[-1]) if len(self.value) else self.start

    def before(self, seq: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark just before each row of `seq`, shape (n,)."""
        values = np.concatenate(([self.start], self.value))
        return values[np.searchsorted(self.at, seq, side="left")]

    def passed(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of the row after which the watermark reached each of `time`, shape (n,).

        Only for times that this step has reached and the one before had not.
        """
        return self.at[np.searchsorted(self.value, time, side="left")]

    @classmethod
    def still(cls, value: int, through: int) -> Watermark:
        """A step in which event time did not move."""
        none = np.empty(0, np.int64)
        return cls(value, none, none, through)

    @classmethod
    def rising(cls, start: int, seq: NDArray[np.int64], wm: NDArray[np.int64], through: int) -> Watermark:
        """From the watermark `wm[i]` that each row `seq[i]` would make on its own, shapes (n,)."""
        top = np.maximum.accumulate(np.concatenate(([start], wm)))
        moved = np.flatnonzero(top[1:] > top[:-1])
        return cls(start, seq[moved], top[1:][moved], through)

    @classmethod
    def least(cls, inputs: list[Watermark]) -> Watermark:
        """The minimum of several inputs at each place: what an operator with several inputs sees."""
        if len(inputs) == 1:
            return inputs[0]
        at = np.unique(np.concatenate([w.at for w in inputs]))
        after = np.stack(
            [np.concatenate(([w.start], w.value))[np.searchsorted(w.at, at, side="right")] for w in inputs]
        )
        start = min(w.start for w in inputs)
        return cls.rising(start, at, after.min(axis=0), inputs[0].through)


@dataclass(frozen=True, slots=True)
class Barrier:
    """Everything before it belongs to checkpoint `epoch`."""

    epoch: int
