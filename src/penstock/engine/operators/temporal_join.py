"""Temporal join: each left row with the version of its key that was in force at the row's event time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, KIND, NO_TIME, SEQ, Batch, RowKind, Watermark
from penstock.engine.held import Held
from penstock.engine.join_inputs import NULL, JoinInputs
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.operators.calc import filter_stage
from penstock.engine.sideoutput import failure_columns
from penstock.engine.stretches import bisected, first_earlier, spread
from penstock.engine.timed_rows import TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import TemporalJoin as Plan

__all__ = ["TemporalJoin"]

_DUE, _GONE, _SLOT = "$due", "$deleted", "$slot"
_BEFORE = -(2**62)
"""The place of what was there before this step."""


class TemporalJoin(Operator):
    """Left rows wait until the watermark of both inputs has reached them: then their version is known.

    A row waits for its event time; one behind the watermark for the next time that this moves. Of each key the
    version in force at the watermark is kept, and those to come; older ones go whenever the watermark moves (where a
    key's timer is lost Flink keeps them until its next one). A left row behind the watermark finds what is left: the
    version in force if that is not later than the row, or one that came late itself.
    """

    kind = "temporal join"
    stateful = True
    row_wise = False
    version = 3
    older = frozenset({2})

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context, *, carries: bool = False) -> None:
        super().__init__(name, side, carries=carries)
        self.plan = plan
        self._inputs = JoinInputs(self, plan, context)
        self._condition = None if plan.condition is None else filter_stage(plan.condition, context)
        self._names = self._inputs.names
        self._row = {c.name: c.type.polars for c in plan.right.columns}
        self.state = KeyedState("v", self._inputs.schema, {**self._row, TIME: pl.Int64(), _GONE: pl.Boolean()})
        self.queues = (Held("l", _DUE, carries=carries), Held("r", _DUE))
        self.reached = NO_TIME
        self.raised = _BEFORE
        """The place where the watermark moved last."""
        self._waiting: dict[int, pl.DataFrame] = {}

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        self._waiting[port] = batch.frame
        return None

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        waiting, self._waiting = self._waiting, {}
        for port, frame in waiting.items():
            rows = self._checked(frame, port, watermark)
            self.counts.held += rows.height
            self.queues[port].add(rows)
        if not len(watermark.at):
            return None
        left, right = (queue.take(watermark.last) for queue in self.queues)
        ended = watermark.last == END_OF_TIME
        given = self._joined(left, right, watermark, ended=ended) if left is not None or right is not None else None
        self.raised = int(watermark.at[-1])
        if not ended:
            self.reached = watermark.last
        if given is None or not given.height:
            return None
        self.counts.given += given.height
        return Batch(given, watermark.through)

    def _checked(self, frame: pl.DataFrame, port: int, watermark: Watermark) -> pl.DataFrame:
        """The good rows of one input, with their keys, `$time` and `$due`, and of versions whether the key is gone."""
        if port == 1 and KIND in frame.columns:
            kept = frame.filter(pl.col(KIND) != RowKind.UPDATE_BEFORE)
            self.counts.superseded += frame.height - kept.height
            frame = kept
        frame, keys = self._inputs.checked(frame, port)
        before = watermark.before(keys[SEQ].to_numpy())
        time = keys[TIME].to_numpy()
        due = np.where(before == NO_TIME, time, np.maximum(time, np.maximum(before, NO_TIME + 1) + 1))
        gone = frame[KIND] == RowKind.DELETE if KIND in frame.columns else pl.lit(False)
        return frame.select(*self._names[port], SEQ, *([gone.alias(_GONE)] if port == 1 else [])).with_columns(
            *keys.select(*self._inputs.schema, TIME, NULL),
            pl.Series(_DUE, due),
            *(frame[n] for n in self.carried if port == 0),
        )

    # -- versions ----------------------------------------------------------------------------------

    def _joined(
        self, left: pl.DataFrame | None, arrived: pl.DataFrame | None, watermark: Watermark, *, ended: bool
    ) -> pl.DataFrame | None:
        """What comes out of left rows and versions whose moment has come."""
        rows = None if left is None else left.sort(SEQ, maintain_order=True)
        slots, fresh = np.empty(0, np.int64), np.empty(0, np.int64)
        if arrived is not None:
            slots, fresh = self.state.place(arrived)
            arrived = arrived.with_columns(pl.Series(_SLOT, slots))
        asked = np.empty(0, np.int64) if rows is None else self.state.find(rows)
        old = np.setdiff1d(np.concatenate([slots, asked[asked >= 0]]), fresh)
        versions = _Versions(self._candidates(old, arrived))
        given = None
        if rows is not None:
            place = np.where(rows[NULL].to_numpy(), -1, versions.found(rows, asked, watermark, self.raised))
            given = self._given(rows, versions.frame, place, watermark)
            self.counts.held -= rows.height
        if arrived is not None:
            if ended:  # the end is no time: what comes later may still ask for a time before these versions
                self.state.remove(fresh)
                self.queues[1].add(arrived.drop(_SLOT))
            else:
                self._store(versions.frame)
                self.counts.superseded += arrived.height - len(fresh)
                self.counts.held -= arrived.height - len(fresh)
        return given

    def _candidates(self, old: NDArray[np.int64], arrived: pl.DataFrame | None) -> pl.DataFrame:
        """The versions of keys: those in force, and those that have arrived; by key, time and place."""
        here = self.state.take(old).with_columns(
            pl.lit(_BEFORE, dtype=pl.Int64).alias(SEQ), pl.Series(_SLOT, old, dtype=pl.Int64)
        )
        if arrived is not None:
            here = pl.concat([here, arrived.select(here.columns)])
        return here.sort(_SLOT, TIME, SEQ, maintain_order=True)

    def _store(self, versions: pl.DataFrame) -> None:
        """Of each key the latest version stays."""
        slot = versions[_SLOT].to_numpy()
        last = np.append(slot[1:] != slot[:-1], True)
        kept = versions.filter(pl.Series(last))
        self.state.put(kept[_SLOT].to_numpy(), kept.drop(_SLOT, SEQ))

    def _given(
        self, rows: pl.DataFrame, versions: pl.DataFrame, place: NDArray[np.int64], watermark: Watermark
    ) -> pl.DataFrame:
        """`rows` beside their versions (-1: none), at the places where the watermark reached them."""
        found = place >= 0
        found[found] = ~versions[_GONE].to_numpy()[place[found]]
        seq = pl.Series(SEQ, watermark.passed(rows[_DUE].to_numpy()))
        left, right = rows.select(*self._names[0], *self.carried).with_columns(seq), versions.select(self._names[1])
        pairs = _beside(left, right, place, found)
        if self._condition is not None and self._condition.condition is not None:
            failures = self._condition.failures
            pairs = pairs.with_columns(pl.Series("$n", np.arange(pairs.height)), pl.Series("$found", found))
            met, _ = self.side.sift(pairs.with_columns(failure_columns(failures)), pairs, failures, self.name)
            met = met.filter(pl.col("$found") & self._condition.condition)
            found = np.isin(np.arange(len(found)), met["$n"].to_numpy())
            pairs = _beside(left, right, place, found)
        if self.plan.kind == "INNER":
            self.counts.filtered += int((~found).sum())
            pairs = pairs.filter(pl.Series(found))
        self.counts.passed += pairs.height
        return pairs.select(*(c.name for c in self.plan.columns), SEQ, *self.carried).sort(SEQ, maintain_order=True)

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        keys, new = self.state.snapshot()
        live = set(self.state.live)
        queues: list[dict[str, Any]] = []
        for queue in self.queues:
            part, blobs = queue.snapshot()
            queues.append(part)
            new |= blobs
            live |= queue.live
        meta = {"versions": keys, "queues": queues, "reached": self.reached, "raised": self.raised}
        return Snapshot(meta, new, frozenset(live))

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.reached, self.raised = meta["reached"], meta["raised"]
        self.state.restore(meta["versions"], blobs)
        for queue, part in zip(self.queues, meta["queues"], strict=True):
            queue.restore(part, blobs)

    @property
    def state_rows(self) -> int:
        return self.counts.held + len(self.state)

    @property
    def state_bytes(self) -> int:
        return self.state.size + sum(queue.size for queue in self.queues)

    def waiting(self) -> dict[str, int] | None:
        """The watermark that sets the next left row free, and how many rows are held."""
        waiting = self.queues[0]
        return {"needs": waiting.first, "rows": self.counts.held, "reached": self.reached} if len(waiting) else None

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The left rows that wait, with the versions of now; what open windows below would give is not joined."""
        left, right = (queue.rows() for queue in self.queues)
        if not left:
            return self.unplaced(pl.DataFrame(schema={c.name: c.type.polars for c in self.plan.columns}))
        rows = pl.concat(left).sort(SEQ, maintain_order=True)
        state = self.state
        known = (
            state.keys(state.slots)
            .hstack(state.take(state.slots))
            .with_columns(pl.lit(_BEFORE, dtype=pl.Int64).alias(SEQ))
        )
        every = pl.concat([known, *(f.select(known.columns) for f in right)])
        matched = (
            rows.with_row_index("$n")
            .join(every, on=[*self._inputs.schema], how="inner", nulls_equal=True, suffix="$v")
            .filter((pl.col(f"{TIME}$v") <= pl.col(TIME)) & ~pl.col(NULL))
            .sort("$n", f"{TIME}$v", f"{SEQ}$v")
            .group_by("$n", maintain_order=True)
            .last()
            .filter(~pl.col(_GONE))
        )
        names = [c.name for c in self.plan.columns]
        condition = None if self._condition is None else self._condition.condition
        pairs = matched if condition is None else matched.filter(condition)
        shown = self.unplaced(pairs.select(names))
        if self.plan.kind == "INNER":
            return shown
        alone = rows.with_row_index("$n").join(pairs.select("$n"), on="$n", how="anti")
        return pl.concat([shown, self.unplaced(alone.select(self._names[0]))], how="diagonal")


def _beside(
    left: pl.DataFrame, right: pl.DataFrame, place: NDArray[np.int64], found: NDArray[np.bool_]
) -> pl.DataFrame:
    """Each row of `left` with the row of `right` at its `place`, or NULLs where none was found."""
    at = pl.Series(place).set(pl.Series(~found), None)
    return left.hstack(right.select(pl.all().gather(at)) if right.height else right.clear(left.height))


class _Versions:
    """Versions by key, time and place, of which one is in force for a row."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.slot, self.time, self.place = (frame[name].to_numpy() for name in (_SLOT, TIME, SEQ))
        self._reversed = self.place[::-1].copy()

    def found(
        self, rows: pl.DataFrame, slot: NDArray[np.int64], watermark: Watermark, raised: int
    ) -> NDArray[np.int64]:
        """Where the version of each row stands that `watermark` sets free, -1 where there is none.

        `slot` are the rows' keys (-1: one without versions); the watermark had moved last at the place `raised`.
        """
        if not len(self.slot):
            return np.full(rows.height, -1)
        time, due = rows[TIME].to_numpy(), rows[_DUE].to_numpy()
        step = np.searchsorted(watermark.value, due, "left")
        freed = watermark.at[step]
        found = self._latest(slot, time, freed)
        late = np.flatnonzero(time < due)
        if len(late):
            # what was in force when the watermark had moved last is the oldest that is left
            moved = np.concatenate(([raised], watermark.at))[step[late]]
            before = np.concatenate(([watermark.start], watermark.value))[step[late]]
            force = self._latest(slot[late], before, moved)
            lost = (force >= 0) & (self.time[np.maximum(force, 0)] > time[late])
            if lost.any():
                rest = late[lost]
                found[rest] = self._latest_after(slot[rest], time[rest], moved[lost], freed[rest])
        return found

    def _latest(self, slot: NDArray[np.int64], time: NDArray[np.int64], until: NDArray[np.int64]) -> NDArray[np.int64]:
        """The last version of each slot up to `time` that had come at the place `until`, or -1."""
        begin, end = np.searchsorted(self.slot, slot, "left"), np.searchsorted(self.slot, slot, "right")
        above = bisected(self.time, begin, end, time, "right")
        count = len(self.slot)
        back = first_earlier(self._reversed, count - above, count - begin, until + 1)
        return np.where(back < count - begin, count - 1 - back, -1)

    def _latest_after(
        self, slot: NDArray[np.int64], time: NDArray[np.int64], after: NDArray[np.int64], until: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The same, of versions that came after the place `after`: some that were late themselves."""
        begin = np.searchsorted(self.slot, slot, "left")
        above = bisected(self.time, begin, np.searchsorted(self.slot, slot, "right"), time, "right")
        places, which = spread(begin, above)
        fits = (self.place[places] > after[which]) & (self.place[places] <= until[which])
        found = np.full(len(slot), -1)
        np.maximum.at(found, which[fits], places[fits])
        return found
