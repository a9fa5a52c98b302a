"""What all operators over session windows do: rows join sessions, sessions close, and some rows come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch
from penstock.engine.operators.base import Snapshot, Timed
from penstock.engine.session_state import SessionState
from penstock.engine.sessions import LATE
from penstock.engine.slices import Slicing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.core.batch import Watermark
    from penstock.engine.bags import Bags
    from penstock.engine.session_state import Joined
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Window

__all__ = ["SESSION", "SessionWindow"]

SESSION = "$session"
"""Int64: the number of a row's session."""


class SessionWindow(Timed):
    """A session closes when the watermark reaches its last ms; it ends a gap after its last row.

    A row is late when the session that it would be in, with those it touches, has closed by the watermark before it.
    `bags` hold what is kept of rows, by the number of their session.
    """

    def __init__(
        self,
        name: str,
        side: SideOutput,
        window: Window,
        keys: Mapping[str, pl.DataType],
        context: Context,
        *,
        carries: bool = False,
    ) -> None:
        super().__init__(name, side, carries=carries)
        self.slicing = Slicing(window, attached=False, zone=context.zone)
        self.sessions = SessionState(keys, self.slicing)
        self.bags: Sequence[Bags] = ()
        self.reached = NO_TIME
        self.closed = NO_TIME
        """The watermark that the end of bounded input stood for, when it closed the sessions it found."""

    @property
    def passed(self) -> int:
        """The watermark up to which sessions have closed."""
        return max(self.reached, self.closed)

    def on_step(self, frame: pl.DataFrame | None, watermark: Watermark) -> Batch | None:
        if frame is not None:
            self._take(frame, watermark)
        end = watermark.last == END_OF_TIME
        due = self.sessions.close(watermark.last)
        if not end:
            self.reached = max(self.reached, watermark.last)
        if not due.height:
            return None
        ends = self.slicing.epoch_of(due["$end"].to_numpy())
        if end:
            self.closed = max(self.closed, int(ends.max()))
        given = self._given(due, pl.Series(SEQ, watermark.passed(ends)))
        self.counts.given += given.height
        return Batch(given, watermark.through)

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> None:
        """Rows come in."""
        raise NotImplementedError

    def _given(self, due: pl.DataFrame, seq: pl.Series) -> pl.DataFrame:
        """The rows of sessions (as SessionState.close gives them) that close at the places `seq`."""
        raise NotImplementedError

    def _join(
        self, frame: pl.DataFrame, keyed: pl.DataFrame, time: NDArray[np.int64], watermark: Watermark
    ) -> NDArray[np.int64]:
        """The session of each row, or LATE: `keyed` has the keys of `frame`. Late rows are listed and counted."""
        before = np.maximum(watermark.before(frame[SEQ].to_numpy()), self.closed)
        joined = self.sessions.join(keyed, time, before)
        late = joined.session == LATE
        if late.any():
            window = time[late], time[late] + self.sessions.gap
            self.side.too_late(self.name, frame.filter(pl.Series(late)), window, before[late], self.closed)
            self.counts.late += int(late.sum())
        self.counts.held += int((~late).sum())
        if len(joined.gone):
            self._unite(joined)
        return joined.session

    def _unite(self, joined: Joined) -> None:
        """Sessions that became one: what was kept for the one that is gone is the other's."""
        for bag in self.bags:
            rows = bag.take(joined.gone)
            if rows is not None:
                bag.drop(joined.gone, rows.height)
                bag.add(rows.with_columns(pl.col(SESSION).replace(joined.gone, joined.into)))

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        meta, new = self.sessions.snapshot()
        bags: list[dict[str, Any]] = []
        for bag in self.bags:
            part, blobs = bag.snapshot()
            bags.append(part)
            new |= blobs
        live = self.sessions.live.union(*(frozenset(run for run, _ in part["runs"]) for part in bags))
        return Snapshot({"sessions": meta, "bags": bags, "reached": self.reached, "closed": self.closed}, new, live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.reached, self.closed = meta["reached"], meta["closed"]
        self.sessions.restore(meta["sessions"], blobs)
        for bag, part in zip(self.bags, meta["bags"], strict=True):
            bag.restore(part, blobs, self.sessions.ids)

    @property
    def state_bytes(self) -> int:
        return self.sessions.size + sum(bag.size for bag in self.bags)

    def waiting(self) -> dict[str, int] | None:
        """The watermark that closes the next session, and how many rows wait for theirs."""
        needs = self.sessions.next_close()
        return None if needs == END_OF_TIME else {"needs": needs, "rows": self.counts.held, "reached": self.reached}
