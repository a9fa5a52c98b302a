"""What an operator is.

A pipeline calls its operators once a step, inputs first: `on_batch` for each input that has rows, then
`on_watermark` once, with the least of its inputs' watermarks; what both give goes on as one batch. Between
steps it may call `snapshot`; `restore` comes before the first step. Time is an argument: no operator reads
a clock. A frame that was given away is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.batch import SEQ
from penstock.engine.ledger import Counts
from penstock.engine.origins import NO_ORIGIN, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.batch import Batch, Watermark
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Failure

__all__ = ["Operator", "Snapshot", "Timed"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An operator's state: `meta` (JSON data), the blobs `new` since the last snapshot, and all ids `live`."""

    meta: Any = None
    new: Mapping[str, bytes] = field(default_factory=dict)
    live: frozenset[str] = frozenset()


class Operator:
    """One operator of a pipeline; `name` is unique in it."""

    kind = "operator"
    stateful = False
    row_wise = True
    """Whether a row that it gives was made of one row alone, so that it can be traced to a message."""
    version = 1
    """The format of its state; an older one is migrated or refused by name."""
    older: frozenset[int] = frozenset()
    """Formats that it takes over as well."""

    def __init__(self, name: str, side: SideOutput, *, carries: bool = False) -> None:
        self.name = name
        self.side = side
        self.carried = [*ORIGIN] if carries else []
        """ORIGIN, where the rows that it gives have it."""
        self.counts = Counts()

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        """The rows of one input in this step, never empty; gives what can go on at once."""
        raise NotImplementedError

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        """How event time advanced in this step; gives what that sets free."""
        return None

    def passes_on(self, watermark: Watermark) -> Watermark:
        """The watermark of what it gives, of that of its inputs."""
        return watermark

    def sifted(
        self, checked: pl.DataFrame, frame: pl.DataFrame, failures: Sequence[Failure]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The good rows of `frame` and of `checked`, which has BAD for `failures`; the bad ones count as rejected."""
        good, kept = self.side.sift(checked, frame, failures, self.name)
        if kept is None:
            return frame, good
        self.counts.rejected += int((~kept).sum())
        return frame.filter(kept), good

    def snapshot(self) -> Snapshot:
        """The state, as a delta to the last snapshot."""
        return Snapshot()

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        """Take over the state of a snapshot; `blobs` holds its live ids."""

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """What would be given if the input ended now, nothing changed; `frames` is what would come in.

        Of that, rows that would be late are left out: held above, they have come after the watermark.
        """
        raise NotImplementedError

    def unplaced(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` for `peek`, with the hidden columns: they have no place yet."""
        return rows.with_columns(pl.lit(0, dtype=pl.Int64).alias(SEQ), *(NO_ORIGIN if self.carried else []))

    def waiting(self) -> dict[str, int] | None:
        """If rows wait for time to pass: `needs`, the watermark (ms) that frees the next, `rows` and `reached`."""
        return None

    @property
    def satisfied(self) -> bool:
        """Whether no further row can change what it gives."""
        return False

    @property
    def state_rows(self) -> int:
        """The rows of the state: those that are held, and one for each key that is known; as of the last snapshot."""
        return self.counts.held

    @property
    def state_bytes(self) -> int:
        """The memory of the state."""
        return 0


class Timed(Operator):
    """An operator of one input to which a step's rows come together with its watermark, in `on_step`."""

    stateful = True
    row_wise = False

    def __init__(self, name: str, side: SideOutput, *, carries: bool = False) -> None:
        super().__init__(name, side, carries=carries)
        self._waiting: Batch | None = None

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self._waiting = batch
        return None

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        batch, self._waiting = self._waiting, None
        if batch is None:
            return self.on_step(None, watermark)
        self.counts.taken += batch.height
        return self.on_step(batch.frame, watermark)

    def on_step(self, frame: pl.DataFrame | None, watermark: Watermark) -> Batch | None:
        """The rows of this step, None for none, and how event time advanced over them; gives what goes on."""
        raise NotImplementedError
