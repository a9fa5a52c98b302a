"""Interval join: pairs of rows of two inputs with equal keys, whose event times lie near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch, Watermark
from penstock.engine.join_cache import BEGINNING, Cleanings, JoinCache, Rows
from penstock.engine.join_inputs import NULL, JoinInputs
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.operators.calc import filter_stage
from penstock.engine.origins import carried
from penstock.engine.sideoutput import failure_columns
from penstock.engine.stretches import bisected, spread
from penstock.engine.timed_rows import KEY, NEVER, ROW, TIME, TimedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import IntervalJoin as Plan

__all__ = ["IntervalJoin"]

_TIMERS, _CLEANED = ("$timer0", "$timer1"), ("$cleaned0", "$cleaned1")
_STATE = {name: pl.Int64() for name in (KEY, *_TIMERS, *_CLEANED)}


class _Side:
    """One input's rows in a step: as a frame (its columns, SEQ, KEY, TIME, ROW), and what is asked of each."""

    def __init__(self, frame: pl.DataFrame, rows: Rows, matchable: NDArray[np.bool_]) -> None:
        self.frame = frame
        self.rows = rows
        self.matchable = matchable
        """Whether it looks for partners."""
        self.has_key = matchable.copy()
        self.kept = np.zeros(len(rows), np.bool_)
        self.matched = np.zeros(len(rows), np.bool_)


class IntervalJoin(Operator):
    """Each row looks through the rows of the other side that came before it, and waits for those to come.

    An outer join gives a row that met none when its key is cleaned of it. The watermark of the result lags by the
    longer side of the interval, as a pair comes no later than that after either of its times.
    """

    kind = "interval join"
    stateful = True
    row_wise = False

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        super().__init__(name, side)
        self.plan = plan
        self.outer = (plan.kind in ("LEFT", "FULL"), plan.kind in ("RIGHT", "FULL"))
        reach = (-plan.lower, plan.upper)
        self.delay = max(reach)
        self.caches = (JoinCache("l", *reach), JoinCache("r", *reversed(reach)))
        self._inputs = JoinInputs(self, plan, context)
        self.state = KeyedState("k", self._inputs.schema, _STATE)
        self._condition = None if plan.condition is None else filter_stage(plan.condition, context)
        self._names = self._inputs.names
        self.next_key = 0
        self.reached = NO_TIME
        self._waiting: dict[int, pl.DataFrame] = {}

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        self._waiting[port] = batch.frame
        return None

    def passes_on(self, watermark: Watermark) -> Watermark:
        return watermark.behind(self.delay)

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        waiting, self._waiting = self._waiting, {}
        checked = [self._inputs.checked(waiting[port], port) if port in waiting else None for port in (0, 1)]
        ended = watermark.last == END_OF_TIME
        moving = Watermark.still(watermark.start, watermark.through) if ended else watermark
        given = list(self._step(checked, moving, watermark))
        if ended:
            given += self._end(watermark.through)
        else:
            self.reached = max(self.reached, watermark.last)
        self._release(now=ended)
        if not given:
            return None
        result = pl.concat(given).sort(SEQ, maintain_order=True)
        self.counts.given += result.height
        return Batch(result, watermark.through)

    # -- a step ------------------------------------------------------------------------------------

    def _step(
        self, checked: list[tuple[pl.DataFrame, pl.DataFrame] | None], moving: Watermark, watermark: Watermark
    ) -> Iterator[pl.DataFrame]:
        there = [c for c in checked if c is not None and c[0].height]
        due = [cache.timers.due(moving.last) for cache in self.caches]
        if not there and not any(len(d) for d in due):
            return
        placed = self._placed([keys for _, keys in there])
        slots = np.unique(np.concatenate([*placed, *due]))
        state = self.state.take(slots)
        numbers = state[KEY].to_numpy()
        sides: list[_Side] = []
        rest = iter(placed)
        for port, one in enumerate(checked):
            mine = next(rest) if one is not None and one[0].height else np.empty(0, np.int64)
            sides.append(self._side(port, one, mine, numbers[np.searchsorted(slots, mine)], watermark))
        cleanings = []
        changed = state.to_dict()
        for c, cache in enumerate(self.caches):
            cleaning, timer = self._cleaned(c, slots, state, sides, moving)
            cleanings.append(cleaning)
            changed[_TIMERS[c]] = pl.Series(_TIMERS[c], timer)
            changed[_CLEANED[c]] = pl.Series(_CLEANED[c], cleaning.last())
            set_ = timer != NEVER
            cache.timers.put(slots[set_], timer[set_])
            cache.timers.forget(slots[~set_])
        for c in (0, 1):
            yield from self._pairs(c, sides[1 - c], sides[c], cleanings[c])
        for c, cache in enumerate(self.caches):
            both = sides[c].kept & sides[c].matched
            if both.any():
                cache.rows.mark(sides[c].frame[ROW].to_numpy()[both])
            yield from self._unmet(c, sides[c])
            if self.outer[c]:
                yield from self._let_go(c, slots, numbers, cleanings[c], sides[c])
        for cache, one_side in zip(self.caches, sides, strict=True):
            self._keep(cache, one_side)
        self._store(slots, pl.DataFrame(changed))

    def _placed(self, keyed: list[pl.DataFrame]) -> list[NDArray[np.int64]]:
        """The slots of the keys of each frame; new keys get a number."""
        if not keyed:
            return []
        slots, fresh = self.state.place(pl.concat([f.select(*self._inputs.schema, SEQ) for f in keyed]))
        if len(fresh):
            numbers = np.arange(self.next_key, self.next_key + len(fresh))
            self.next_key += len(fresh)
            never = np.full(len(fresh), NEVER)
            begin = np.full(len(fresh), BEGINNING)
            columns = {KEY: numbers, **dict.fromkeys(_TIMERS, never), **dict.fromkeys(_CLEANED, begin)}
            self.state.put(fresh, pl.DataFrame(columns))
        return np.split(slots, np.cumsum([f.height for f in keyed])[:-1])

    def _side(
        self,
        port: int,
        checked: tuple[pl.DataFrame, pl.DataFrame] | None,
        slots: NDArray[np.int64],
        numbers: NDArray[np.int64],
        watermark: Watermark,
    ) -> _Side:
        if checked is None or not checked[0].height:
            none = np.empty(0, np.int64)
            return _Side(pl.DataFrame(), Rows(none, none, none, none, none), np.empty(0, np.bool_))
        frame, keys = checked
        seq, time = keys[SEQ].to_numpy(), keys[TIME].to_numpy()
        before = np.maximum(watermark.before(seq), 0)
        cache = self.caches[port]
        side = _Side(frame, Rows(slots, numbers, time, 4 * seq + port, before), ~keys[NULL].to_numpy())
        side.kept = before < time + cache.reach
        number = np.full(len(time), -1)
        number[side.kept] = np.arange(cache.rows.next, cache.rows.next + int(side.kept.sum()))
        side.frame = frame.select(*self._names[port], SEQ, *carried(frame)).with_columns(
            pl.Series(KEY, numbers), keys[TIME], pl.Series(ROW, number)
        )
        return side

    def _cleaned(
        self, c: int, slots: NDArray[np.int64], state: pl.DataFrame, sides: list[_Side], moving: Watermark
    ) -> tuple[Cleanings, NDArray[np.int64]]:
        """When keys of cache `c` are cleaned in this step, and their timers after it."""
        cache, mine, others = self.caches[c], sides[c], sides[1 - c].rows
        kept = mine.rows.chosen(mine.kept)
        timer, slot, place, reached = cache.fired(
            slots, state[KEY].to_numpy(), state[_TIMERS[c]].to_numpy(), kept, moving
        )
        order = np.argsort(place, kind="stable")
        looks = cache.looking(
            others.time, self.caches[1 - c].reach, others.before, others.place, place[order], reached[order]
        )
        sides[1 - c].matchable &= looks
        cleaning = Cleanings(
            slots,
            state[_CLEANED[c]].to_numpy(),
            np.concatenate([others.slot[looks], slot]),
            np.concatenate([others.place[looks], place]),
            np.concatenate([others.before[looks], reached]),
        )
        return cleaning, timer

    # -- pairs -------------------------------------------------------------------------------------

    def _pairs(self, c: int, looking: _Side, mine: _Side, cleanings: Cleanings) -> Iterator[pl.DataFrame]:
        """The pairs of rows that look through cache `c`, with those there and those of this step before them."""
        cache, rows = self.caches[c], looking.rows
        asking = np.flatnonzero(looking.matchable)
        if not len(asking):
            return
        low, high = rows.time[asking] - cache.reach, rows.time[asking] + self.caches[1 - c].reach
        found: list[tuple[NDArray[np.int64], pl.DataFrame]] = list(cache.rows.between(rows.number[asking], low, high))
        found += self._here(mine, rows.chosen(asking), low, high)
        for which, candidates in found:
            row, partners = asking[which], candidates
            time = partners[TIME].to_numpy()
            gone = time <= rows.before[row] - cache.reach - 1
            if gone.any():  # a late row: some may have been let go, others not yet
                cleaned = cleanings.before(rows.slot[row[gone]], rows.place[row[gone]])
                there = ~gone
                there[gone] = time[gone] > cleaned - cache.reach - 1
                row, partners = row[there], partners.filter(pl.Series(there))
            if len(row):
                yield from self._met(c, row, partners, looking, mine)

    @staticmethod
    def _here(
        mine: _Side, asking: Rows, low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> list[tuple[NDArray[np.int64], pl.DataFrame]]:
        """Rows kept in this step that came before those that ask."""
        kept = np.flatnonzero(mine.kept & mine.has_key)
        if not len(kept):
            return []
        rows = mine.rows
        order = kept[np.lexsort((rows.time[kept], rows.slot[kept]))]
        slot, time = rows.slot[order], rows.time[order]
        begin, end = np.searchsorted(slot, asking.slot, "left"), np.searchsorted(slot, asking.slot, "right")
        places, which = spread(bisected(time, begin, end, low, "left"), bisected(time, begin, end, high, "right"))
        partner = order[places]
        earlier = rows.place[partner] < asking.place[which]
        return [(which[earlier], mine.frame[partner[earlier]])]

    def _met(
        self, c: int, row: NDArray[np.int64], partners: pl.DataFrame, looking: _Side, mine: _Side
    ) -> Iterator[pl.DataFrame]:
        """Pairs for which the condition holds; both rows of them have met somebody."""
        asking = looking.frame[row].select(*self._names[1 - c], SEQ)
        pairs = asking.hstack(partners.select(*self._names[c])).with_columns(
            pl.Series("$asking", row), partners[ROW].alias("$partner")
        )
        if self._condition is not None and self._condition.condition is not None:
            failures = self._condition.failures
            checks = failure_columns(failures)
            pairs, _ = self.side.sift(pairs.with_columns(checks), pairs, failures, self.name)
            pairs = pairs.filter(self._condition.condition)
        if pairs.height:
            looking.matched[pairs["$asking"].to_numpy()] = True
            self.caches[c].rows.mark(pairs["$partner"].to_numpy())
            yield pairs.select(*(col.name for col in self.plan.columns), SEQ)

    # -- rows alone --------------------------------------------------------------------------------

    def _unmet(self, port: int, side: _Side) -> Iterator[pl.DataFrame]:
        """Rows that are not kept: those that met somebody have passed, others come out alone or are late."""
        gone = ~side.kept
        if not gone.any():
            return
        alone = gone & ~side.matched
        self.counts.passed += int((gone & side.matched).sum())
        if not alone.any():
            return
        rows = side.frame.filter(pl.Series(alone))
        if self.outer[port]:
            self.counts.passed += rows.height
            yield self._filled_up(port, rows)
            return
        self.counts.late += rows.height
        time, cache = side.rows.time[alone], self.caches[port]
        window = time - self.caches[1 - port].reach, time + cache.reach
        self.side.too_late(self.name, rows.drop(KEY, TIME, ROW), window, side.rows.before[alone], NO_TIME)

    def _let_go(
        self, c: int, slots: NDArray[np.int64], numbers: NDArray[np.int64], cleanings: Cleanings, side: _Side
    ) -> Iterator[pl.DataFrame]:
        """The rows of an outer side that a cleaning of this step finds without a partner."""
        cache = self.caches[c]
        low, high = cleanings.known - cache.reach, cleanings.last() - cache.reach - 1
        changed = np.flatnonzero(high >= low)
        if not len(changed):
            return
        found = [
            (slots[changed[which]], rows)
            for which, rows in cache.rows.between(numbers[changed], low[changed], high[changed])
        ]
        rows = side.rows
        if len(rows):
            gone = side.kept & (rows.time <= high[np.searchsorted(slots, rows.slot)])
            found.append((rows.slot[gone], side.frame.filter(pl.Series(gone))))
        for slot, frame in found:
            alone = ~cache.rows.is_done(frame[ROW].to_numpy())
            if alone.any():
                gone_rows = frame.filter(pl.Series(alone))
                place = cleanings.first(slot[alone], gone_rows[TIME].to_numpy() + cache.reach + 1)
                cache.rows.mark(gone_rows[ROW].to_numpy())
                yield self._filled_up(c, gone_rows.with_columns(pl.Series(SEQ, place // 4)))

    def _filled_up(self, port: int, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of one side, with NULLs for the other."""
        mine = set(self._names[port])
        return rows.select(
            *(
                pl.col(c.name) if c.name in mine else pl.lit(None, dtype=c.type.polars).alias(c.name)
                for c in self.plan.columns
            ),
            SEQ,
        )

    def _keep(self, cache: JoinCache, side: _Side) -> None:
        if not side.kept.any():
            return
        kept = side.frame.filter(pl.Series(side.kept)).drop(SEQ, *carried(side.frame))
        self.counts.held += kept.height
        cache.rows.add(kept)

    def _store(self, slots: NDArray[np.int64], state: pl.DataFrame) -> None:
        """Keep the keys that have a timer; without one a key has no rows."""
        alive = ((state[_TIMERS[0]] != NEVER) | (state[_TIMERS[1]] != NEVER)).to_numpy()
        self.state.put(slots[alive], state.filter(pl.Series(alive)))
        self.state.remove(slots[~alive])

    # -- the end -----------------------------------------------------------------------------------

    def _end(self, through: int) -> Iterator[pl.DataFrame]:
        """Bounded input has ended: rows of outer sides that met nobody."""
        for c, cache in enumerate(self.caches):
            if self.outer[c]:
                for frame in [*cache.rows.all()]:
                    alone = frame.filter(pl.Series(~cache.rows.is_done(frame[ROW].to_numpy())))
                    if alone.height:
                        cache.rows.mark(alone[ROW].to_numpy())
                        yield self._filled_up(c, alone.with_columns(pl.lit(through, dtype=pl.Int64).alias(SEQ)))

    def _release(self, *, now: bool) -> None:
        for outer, cache in zip(self.outer, self.caches, strict=True):
            done, open_ = cache.release(keep_open=outer, now=now)
            self.counts.passed += done
            self.counts.expired += open_
            self.counts.held -= done + open_

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        keys, new = self.state.snapshot()
        live = set(self.state.live)
        caches: list[dict[str, Any]] = []
        for cache in self.caches:
            meta, blobs = cache.snapshot()
            caches.append(meta)
            new |= blobs
            live |= TimedRows.live(meta["rows"])
        meta = {"keys": keys, "caches": caches, "next": self.next_key, "reached": self.reached}
        return Snapshot(meta, new, frozenset(live))

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.next_key, self.reached = meta["next"], meta["reached"]
        self.state.restore(meta["keys"], blobs)
        slots = self.state.slots
        stored = self.state.take(slots)
        for c, (cache, part) in enumerate(zip(self.caches, meta["caches"], strict=True)):
            cache.restore(part, blobs, keep_open=self.outer[c])
            timer = stored[_TIMERS[c]].to_numpy()
            cache.timers.put(slots[timer != NEVER], timer[timer != NEVER])
        held = sum(len(cache.rows) for cache in self.caches)
        self.counts.passed += self.counts.held - held  # rows that met somebody after their time had been released
        self.counts.held = held

    @property
    def state_bytes(self) -> int:
        return self.state.size + sum(cache.rows.size + cache.timers.size for cache in self.caches)

    def waiting(self) -> dict[str, int] | None:
        """The watermark that sets the next row of an outer join free, and how many rows are held."""
        needs = min((c.timers.first() for c, outer in zip(self.caches, self.outer, strict=True) if outer), default=None)
        if needs is None or needs == END_OF_TIME:
            return None
        return {"needs": needs, "rows": self.counts.held, "reached": self.reached}

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The rows of outer sides that have met nobody yet; what open windows below would give is not joined."""
        parts = [pl.DataFrame(schema={**{c.name: c.type.polars for c in self.plan.columns}, SEQ: pl.Int64})]
        for c, cache in enumerate(self.caches):
            if self.outer[c]:
                for frame in cache.rows.all():
                    alone = frame.filter(pl.Series(~cache.rows.is_done(frame[ROW].to_numpy())))
                    parts.append(self._filled_up(c, alone.with_columns(pl.lit(0, dtype=pl.Int64).alias(SEQ))))
        return pl.concat(parts)
