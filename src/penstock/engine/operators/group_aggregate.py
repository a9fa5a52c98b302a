"""GROUP BY over all time: a group's result is given anew when rows change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import KIND, SEQ, Batch, RowKind, without
from penstock.engine.aggregation import Aggregation
from penstock.engine.columns import equal_rows
from penstock.engine.keyed import KeyedState
from penstock.engine.members import GROUP, Members
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.sideoutput import BAD, SideOutput, failure_columns
from penstock.engine.spans import RIGHT
from penstock.sql.changelog import updating
from penstock.sql.plan import SET_COLUMN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.engine.aggregation import KeptSet
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Aggregate as Plan

__all__ = ["GroupAggregate"]

_SIGN, _ROWS = "$sign", "$rows"


_BACK = [kind.value for kind in RowKind if kind.takes_back]


class GroupAggregate(Operator):
    """The rows of a batch are aggregated by group, and merged with what is known of the groups, found by their keys.

    A group gives one change a batch, at the place of its last row: what it was is taken back (-U), what it is now is
    given (+U); nothing where both are the same. Without calls (DISTINCT) a group is given once, when it is new. Where
    rows are taken back, each group knows how many it has: with the last one it goes (-D).
    """

    kind = "aggregate"
    stateful = True
    row_wise = False

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        super().__init__(name, side)
        self.plan = plan
        self._retracts = updating(plan.input)
        self.groups = Aggregation(plan.keys, plan.calls, context, retracts=self._retracts)
        self._input = self.groups.input(hidden=(SEQ, KIND) if self._retracts else (SEQ,))
        self._by = [*self.groups.key_names, *([SET_COLUMN] if plan.sets else [])]
        empty = {c.name: c.type.polars for c in plan.input.columns} | {SEQ: pl.Int64(), KIND: pl.UInt8()}
        rows = self._in_sets(pl.DataFrame(schema=empty).select(self._input.exprs))
        self._news = [f"$new{i}" for i in range(len(self.groups.distinct))]
        self._merge = self.groups.merge_all()
        self._join = self.groups.joined(RIGHT) if self.groups.can_join and plan.calls else []
        """Where states can be put together row by row, how: several times faster than by groups of two rows."""
        if self._retracts:
            self._join += [pl.col(_ROWS) + pl.col(_ROWS + RIGHT)] if self._join else []
            self._change = [*self.groups.signed(_SIGN, self._news), pl.col(_SIGN).sum().alias(_ROWS)]
            self._merge.append(pl.col(_ROWS).sum())
        else:
            self._change = self.groups.partial(self._news)
        none = rows.with_columns(pl.lit(0, pl.Int64).alias(n) for n in (GROUP, _SIGN, *self._news))
        states = {n: k for n, k in self._grouped(none).schema.items() if n not in (GROUP, SEQ)}
        self.state = KeyedState("g", {n: rows.schema[n] for n in self._by}, states)
        self.members = [
            Members(f"d{i}.", {a: rows.schema[a] for a in distinct.args}, counted=self._retracts)
            for i, distinct in enumerate(self.groups.distinct)
        ]
        self.kept = [
            Members(f"k{i}.", {a: rows.schema[a] for a in kept.args}, counted=True, listed=True)
            for i, kept in enumerate(self.groups.kept)
        ]
        self._finish, self._finish_failures = self.groups.finish()
        self._failing = failure_columns(self._finish_failures)
        self._new = np.zeros(0, np.bool_)
        """Which slots are new in this batch; none between batches."""

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        _, rows = self.sifted(self._input.computed(batch.frame), batch.frame, self._input.failures)
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
        sign = np.ones(rows.height, np.int64)
        if self._retracts:
            sign[np.isin(rows[KIND].to_numpy(), _BACK)] = -1
        rows = rows.with_columns(pl.Series(GROUP, slots), pl.Series(_SIGN, sign))
        news = [pl.Series(n, m.enter(rows, sign)) for n, m in zip(self._news, self.members, strict=True)]
        grouped = self._grouped(rows.with_columns(news))
        at = grouped[GROUP].to_numpy()
        fresh = self._among(at, new)
        old = at[~fresh]
        before = self.state.take(old)
        after = self._merged(before.with_columns(pl.Series(GROUP, old)), grouped, fresh)
        for kept, members in zip(self.groups.kept, self.kept, strict=True):
            after = self._counted_again(kept, members, rows, at, before.with_columns(pl.Series(GROUP, old)), after)
        dead = after[_ROWS].to_numpy() <= 0 if self._retracts else np.zeros(len(at), np.bool_)
        self.state.put(at[~dead], after.filter(~dead))
        result = self._changes(at, grouped[SEQ].to_numpy(), fresh, dead, before, after)
        self.state.remove(at[dead])
        return result

    def _grouped(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The state of the rows alone, by slot, and the place of the row that decides when a group speaks."""
        place = pl.col(SEQ).last() if self.plan.calls or self._retracts else pl.col(SEQ).first()
        return rows.group_by(GROUP, maintain_order=True).agg(*self._change, place)

    def _counted_again(
        self,
        kept: KeptSet,
        members: Members,
        rows: pl.DataFrame,
        at: NDArray[np.int64],
        before: pl.DataFrame,
        after: pl.DataFrame,
    ) -> pl.DataFrame:
        """`after` (of groups `at`), with states anew for groups that have lost rows that their results stand on."""
        mine = rows if kept.mask is None else rows.filter(pl.col(kept.mask))
        if not mine.height:
            return after
        members.enter(mine, mine[_SIGN].to_numpy())
        lost = mine.filter(pl.col(_SIGN) < 0)
        if kept.chosen is not None and lost.height:
            known = lost.join(before, on=GROUP, how="left")
            same = [pl.col(state).is_null() | (pl.col(state) == pl.col(arg)) for state, arg in kept.chosen]
            lost = known.filter(pl.any_horizontal(same))
        if not lost.height:
            return after
        groups = np.unique(lost[GROUP].to_numpy())
        counted = kept.of_all(members.of(groups), GROUP)
        again = pl.DataFrame({GROUP: groups}).join(counted, on=GROUP, how="left", maintain_order="left")
        places = np.arange(len(at))
        mask = np.isin(at, groups)
        places[mask] = len(at) + np.searchsorted(groups, at[mask])
        columns = [pl.concat([after[n], again[n]])[places] for n in kept.states]
        return after.with_columns(columns)

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
        states = [n for n in grouped.columns if n not in (GROUP, SEQ)]
        if not states:
            return pl.DataFrame(height=grouped.height)
        if not before.height:
            return grouped.select(states)
        coming = grouped.select(before.columns)
        coming = coming.filter(~fresh) if before.height < grouped.height else coming
        if self._join:
            merged = before.hstack(coming.select(pl.all().name.suffix(RIGHT))).select(self._join).select(states)
        else:
            merged = pl.concat([before, coming]).group_by(GROUP, maintain_order=True).agg(*self._merge).select(states)
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
        dead: NDArray[np.bool_],
        before: pl.DataFrame,
        after: pl.DataFrame,
    ) -> pl.DataFrame:
        """What groups were is taken back, what they are now is given, in order of `seq`."""
        keys, was = self.state.keys(at), np.flatnonzero(~fresh)
        count = len(was)
        both = np.concatenate([was, np.arange(len(at))])
        results, good = self._results(pl.concat([before.select(after.columns), after]), seq[both])
        had, has = good[:count], good[count:] & ~dead
        self._reject(keys, after, seq, ~dead & ~good[count:])
        names = [n for n in results.columns if n != SEQ]
        moved = np.ones(len(at), np.bool_)
        moved[was] = dead[was] | ~equal_rows(results[:count], results[count + was], names)
        taken_back, given = np.flatnonzero(moved[was] & had), np.flatnonzero(moved & has)
        rank = np.empty(len(at), np.int64)
        rank[np.argsort(seq, kind="stable")] = np.arange(0, 2 * len(at), 2)
        order = np.argsort(np.concatenate([rank[was[taken_back]], rank[given] + 1]))
        kinds = np.concatenate(
            [
                np.where(dead, RowKind.DELETE, RowKind.UPDATE_BEFORE)[was[taken_back]],
                np.where(fresh, RowKind.INSERT, RowKind.UPDATE_AFTER)[given],
            ]
        ).astype(np.uint8)
        chosen = np.concatenate([taken_back, count + given])[order]
        return self._keyed(keys[both[chosen]], results[chosen]).with_columns(pl.Series(KIND, kinds[order]))

    def _keyed(self, keys: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
        """The columns of the plan and SEQ."""
        names = [c.name for c in self.plan.columns[: len(self.plan.keys)]]
        exprs = [e.alias(n) for e, n in zip(self.groups.key_columns(), names, strict=True)]
        number = [pl.col(SET_COLUMN)] if self.plan.sets else []
        return pl.DataFrame([*keys.select(exprs), *without(results, SEQ), *keys.select(number), results[SEQ]])

    def _reject(self, keys: pl.DataFrame, states: pl.DataFrame, seq: NDArray[np.int64], bad: NDArray[np.bool_]) -> None:
        """Groups that are there and have no result: the rows that made it so are rejected."""
        if bad.any():
            rows = keys.hstack(states).with_columns(pl.Series(SEQ, seq)).filter(bad).with_columns(self._failing)
            self.side.sift(rows, rows, self._finish_failures, self.name)
            self.counts.passed -= int(bad.sum())
            self.counts.rejected += int(bad.sum())

    def _results(self, states: pl.DataFrame, seq: NDArray[np.int64]) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """The results of groups in some states, with SEQ, and which of them have one."""
        columns = self.plan.columns[len(self.plan.keys) :]
        exprs = [e.cast(c.type.polars).alias(c.name) for e, c in zip(self._finish, columns, strict=False)]
        results = pl.DataFrame([*states, pl.Series(SEQ, seq)]).select(*exprs, SEQ, *self._failing)
        if not self._failing:
            return results, np.ones(results.height, np.bool_)
        return without(results, BAD), results[BAD].to_numpy() == 0

    # -- state -------------------------------------------------------------------------------------

    @property
    def _states(self) -> list[KeyedState | Members]:
        return [self.state, *self.members, *self.kept]

    def snapshot(self) -> Snapshot:
        metas: list[dict[str, Any]] = []
        new: dict[str, bytes] = {}
        live: frozenset[str] = frozenset()
        for state in self._states:
            meta, blobs = state.snapshot()
            metas.append(meta)
            new |= blobs
            live |= state.live
        return Snapshot({"states": metas}, new, live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        for state, meta in zip(self._states, snapshot.meta["states"], strict=True):
            state.restore(meta, blobs)

    @property
    def state_rows(self) -> int:
        return len(self.state)

    @property
    def state_bytes(self) -> int:
        return sum(state.size for state in self._states)

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Nothing is open: what a group is so far has been given."""
        columns = {c.name: c.type.polars for c in self.plan.columns}
        return pl.DataFrame(schema={**columns, SEQ: pl.Int64(), KIND: pl.UInt8()})
