"""GROUP BY over all time: a group's result is given anew when rows change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import KIND, SEQ, Batch, RowKind, without
from penstock.engine.aggregation import Aggregation
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.sideoutput import BAD, SideOutput, failure_columns
from penstock.sql.changelog import updating
from penstock.sql.plan import SET_COLUMN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Aggregate as Plan

__all__ = ["GroupAggregate"]

_SLOT, _AGAIN = "$slot", "$again"


class GroupAggregate(Operator):
    """The rows of a batch are aggregated by group, and merged with what is known of the groups, found by their keys.

    A group gives one change a batch, at the place of its last row: what it was is taken back (-U), what it is now is
    given (+U); nothing where both are the same. Without calls (DISTINCT) a group is given once, when it is new.
    """

    kind = "aggregate"
    stateful = True
    row_wise = False

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        super().__init__(name, side)
        self.plan = plan
        self.groups = Aggregation(plan.keys, plan.calls, context)
        self._gives_changes = updating(plan)
        self._input = self.groups.input()
        self._by = [*self.groups.key_names, *([SET_COLUMN] if plan.sets else [])]
        empty = {c.name: c.type.polars for c in plan.input.columns}
        rows = self._in_sets(pl.DataFrame(schema={**empty, SEQ: pl.Int64()}).select(self._input.exprs))
        self._masks = [f"$new{i}" for i in range(len(self.groups.distinct))]
        self._partial = self.groups.partial(self._masks)
        none = rows.with_columns(pl.lit(0, pl.Int64).alias(_SLOT), *(pl.lit(True).alias(m) for m in self._masks))
        states = {n: k for n, k in self._grouped(none).schema.items() if n not in (_SLOT, SEQ)}
        self.state = KeyedState("g", {n: rows.schema[n] for n in self._by}, states)
        self.members = [
            KeyedState(f"d{i}.", {_SLOT: pl.Int64(), **{a: rows.schema[a] for a in distinct.args}}, {})
            for i, distinct in enumerate(self.groups.distinct)
        ]
        self._finish, self._finish_failures = self.groups.finish()
        self._failing = failure_columns(self._finish_failures)
        self._new = np.zeros(0, np.bool_)
        """Which slots are new in this batch; none between batches."""

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        stage = self._input
        checked = batch.frame.select(*stage.exprs, *failure_columns(stage.failures))
        rows, kept = self.side.sift(checked, batch.frame, stage.failures, self.name)
        if kept is not None:
            self.counts.rejected += int((~kept).sum())
        self.counts.passed += rows.height
        if not rows.height:
            return None
        result = self._taken(self._in_sets(rows))
        self.counts.given += result.height
        return Batch(result, batch.through)

    def _in_sets(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Each row once for each grouping set, the keys outside of it NULL."""
        if not self.plan.sets:
            return rows
        parts = []
        for number, positions in enumerate(self.plan.sets):
            absent = [n for i, n in enumerate(self.groups.key_names) if i not in positions]
            missing = [pl.lit(None, dtype=rows.schema[n]).alias(n) for n in absent]
            parts.append(rows.with_columns(*missing, pl.lit(number, dtype=pl.Int32).alias(SET_COLUMN)))
        return pl.concat(parts).sort(SEQ, maintain_order=True)

    # -- groups ------------------------------------------------------------------------------------

    def _taken(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Take `rows` in; gives the changes that this makes."""
        slots, new = self.state.place(rows)
        rows = rows.with_columns(pl.Series(_SLOT, slots))
        grouped = self._grouped(rows.with_columns(self._unseen(i, rows) for i in range(len(self.members))))
        at = grouped[_SLOT].to_numpy()
        fresh = self._among(at, new)
        old = at[~fresh]
        before = self.state.take(old)
        after = self._merged(before.with_columns(pl.Series(_SLOT, old)), grouped, fresh)
        self.state.put(at, after)
        return self._changes(at, grouped[SEQ].to_numpy(), fresh, before, after)

    def _grouped(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The state of the rows alone, by slot, and the place of the row that decides when a group speaks."""
        place = pl.col(SEQ).last() if self.plan.calls else pl.col(SEQ).first()
        return rows.group_by(_SLOT, maintain_order=True).agg(*self._partial, place)

    def _unseen(self, number: int, rows: pl.DataFrame) -> pl.Series:
        """Whether each row brings its group values that a DISTINCT call has not seen."""
        members = self.members[number]
        slots, new = members.place(rows)
        members.put(new, pl.DataFrame(height=len(new)))
        first = np.zeros(rows.height, np.bool_)
        found, places = np.unique(slots, return_index=True)
        first[places[np.isin(found, new)]] = True
        return pl.Series(self._masks[number], first)

    def _among(self, slots: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `slots` are `new`, shape (n,)."""
        if len(self._new) < self.state.index.end:
            self._new = np.zeros(2 * self.state.index.end, np.bool_)
        self._new[new] = True
        among = self._new[slots]
        self._new[new] = False
        return among

    def _merged(self, before: pl.DataFrame, grouped: pl.DataFrame, fresh: NDArray[np.bool_]) -> pl.DataFrame:
        """The states of all groups of the batch after it, in the order of `grouped`."""
        states = [n for n in grouped.columns if n not in (_SLOT, SEQ)]
        if not before.height or not states:
            return grouped.select(states)
        parts = pl.concat([before, grouped.filter(~fresh).select(before.columns)])
        merged = parts.group_by(_SLOT, maintain_order=True).agg(*self.groups.merge(distinct=True)).select(states)
        if len(merged) == len(grouped):
            return merged
        places = np.empty(len(grouped), np.int64)
        places[~fresh], places[fresh] = np.arange(len(merged)), np.arange(len(merged), len(grouped))
        return pl.concat([merged, grouped.filter(fresh).select(states)])[places]

    # -- changes -----------------------------------------------------------------------------------

    def _changes(
        self,
        at: NDArray[np.int64],
        seq: NDArray[np.int64],
        fresh: NDArray[np.bool_],
        before: pl.DataFrame,
        after: pl.DataFrame,
    ) -> pl.DataFrame:
        """What groups were is taken back, what they are now is given, in order of `seq`."""
        keys = self.state.keys(at)
        new, good = self._checked(keys, after, seq)
        if not self._gives_changes:
            return new.filter(fresh).sort(SEQ, maintain_order=True)
        was, old = ~fresh, new.clear()
        given, taken_back = fresh & good, np.zeros(len(seq), np.bool_)
        if was.any():
            old, had = self._results(keys.filter(was), before, seq[was])
            moved = ~_same(old, new.filter(was))
            given[was] = moved & good[was]
            taken_back[was] = moved & had
            old = old.filter(moved & had)
        kinds = np.where(fresh, RowKind.INSERT, RowKind.UPDATE_AFTER).astype(np.uint8)
        put = new.with_columns(pl.Series(KIND, kinds)).filter(given)
        gone = old.with_columns(pl.lit(RowKind.UPDATE_BEFORE, pl.UInt8).alias(KIND))
        return pl.concat([gone, put])[self._in_order(seq, taken_back, given)]

    def _checked(
        self, keys: pl.DataFrame, states: pl.DataFrame, seq: NDArray[np.int64]
    ) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """What groups are now, and which have a result; for one that has not, the row that made it so is rejected."""
        results, good = self._results(keys, states, seq)
        if not good.all():
            bad = keys.hstack(states).with_columns(pl.Series(SEQ, seq)).with_columns(self._failing)
            self.side.sift(bad, bad, self._finish_failures, self.name)
            self.counts.passed -= int((~good).sum())
            self.counts.rejected += int((~good).sum())
        return results, good

    @staticmethod
    def _in_order(seq: NDArray[np.int64], taken_back: NDArray[np.bool_], given: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The order in which rows taken back, then those given, are in order of `seq`, each pair side by side."""
        rank = np.empty(len(seq), np.int64)
        rank[np.argsort(seq, kind="stable")] = np.arange(0, 2 * len(seq), 2)
        return np.argsort(np.concatenate([rank[taken_back], rank[given] + 1]))

    def _results(
        self, keys: pl.DataFrame, states: pl.DataFrame, seq: NDArray[np.int64]
    ) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """The columns of the plan, of groups in some state, and which of them have a result."""
        plan = self.plan
        exprs = [e.alias(c.name) for e, c in zip(self.groups.key_columns(), plan.columns, strict=False)]
        rest = plan.columns[len(plan.keys) :]
        exprs += [e.cast(c.type.polars).alias(c.name) for e, c in zip(self._finish, rest, strict=False)]
        if plan.sets:
            exprs.append(pl.col(SET_COLUMN))
        results = keys.hstack(states).with_columns(pl.Series(SEQ, seq)).select(*exprs, SEQ, *self._failing)
        if not self._failing:
            return results, np.ones(results.height, np.bool_)
        return without(results, BAD), results[BAD].to_numpy() == 0

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        metas: list[dict[str, Any]] = []
        new: dict[str, bytes] = {}
        live: frozenset[str] = frozenset()
        for state in (self.state, *self.members):
            meta, blobs = state.snapshot()
            metas.append(meta)
            new |= blobs
            live |= state.live
        return Snapshot({"states": metas}, new, live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        for state, meta in zip((self.state, *self.members), snapshot.meta["states"], strict=True):
            state.restore(meta, blobs)

    @property
    def state_bytes(self) -> int:
        return self.state.size + sum(m.size for m in self.members)

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Nothing is open: what a group is so far has been given."""
        return pl.DataFrame(schema={**{c.name: c.type.polars for c in self.plan.columns}, SEQ: pl.Int64()})


def _same(left: pl.DataFrame, right: pl.DataFrame) -> NDArray[np.bool_]:
    """Which rows have the same values, shape (n,)."""
    same = np.ones(left.height, np.bool_)
    for name in left.columns:
        if name != SEQ:
            same &= left[name].eq_missing(right[name]).to_numpy()
    return same
