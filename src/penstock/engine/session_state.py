"""The open sessions of each key: which rows join them, and which of them close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME
from penstock.engine.keyed import KeyedState
from penstock.engine.schedule import Schedule
from penstock.engine.sessions import LATE, Assigned, Blocks, assigned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.engine.slices import Slicing

__all__ = ["Joined", "SessionState"]

_PARTS = ("$id", "$first", "$last")
_ONE = {**dict.fromkeys(_PARTS, pl.Int64()), "$alone": pl.Boolean()}
_LISTS = dict.fromkeys(_PARTS, pl.List(pl.Int64()))
_PAGES = 64
"""Parts of a gap in which times are told apart when sessions are looked through for those to close."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of rows: the `session` of each, or LATE, and sessions that became one (`gone` went into `into`)."""

    session: NDArray[np.int64]
    gone: NDArray[np.int64]
    into: NDArray[np.int64]


class SessionState:
    """Sessions of keys with the columns `keys` (name -> Polars type); each has a number, never given twice.

    A session ends `gap` after its last row. Times are ms on the time line of `slicing`.
    """

    def __init__(self, keys: Mapping[str, pl.DataType], slicing: Slicing) -> None:
        self.slicing = slicing
        self.gap = slicing.window.size
        self.names = list(keys)
        self.state = KeyedState("s", keys, _ONE)
        """The lowest open session of each key, and whether it is the only one."""
        self.others = KeyedState("o", keys, _LISTS)
        """The other open sessions of keys that have several."""
        self.schedule = Schedule(self.gap // _PAGES)
        self.next = 0

    def join(self, rows: pl.DataFrame, time: NDArray[np.int64], before: NDArray[np.int64]) -> Joined:
        """Put rows (with the columns of the key among theirs) into sessions; `before` is the watermark before each."""
        slots, fresh = self.state.place(rows)
        known = np.setdiff1d(slots, fresh)
        open_, ids = self._open(known)
        found = assigned(slots, time, before, open_, self.gap, self.slicing.epoch_of)
        number = np.full(len(found.key), LATE, np.int64)
        # of sessions that became one, the first one's number stays
        number[found.block[::-1]] = ids[::-1]
        new = np.flatnonzero(number == LATE)
        number[new] = np.arange(self.next, self.next + len(new))
        self.next += len(new)
        self._write(found, number, fresh)
        stays = number[found.block]
        lost = stays != ids
        session = np.where(found.row == LATE, LATE, number[found.row] if len(number) else LATE)
        return Joined(session, ids[lost], stays[lost])

    def _open(self, slots: NDArray[np.int64]) -> tuple[Blocks, NDArray[np.int64]]:
        """The open sessions of distinct slots, and their numbers."""
        lowest = self.state.take(slots)
        found = [lowest.select(*_PARTS).with_columns(pl.Series("$slot", slots))]
        several = slots[~lowest["$alone"].to_numpy()]
        if len(several):
            rest = self.others.take(self.others.find(self.state.keys(several)))
            found.append(rest.with_columns(pl.Series("$slot", several)).explode(*_PARTS))
        every = pl.concat(found) if len(found) > 1 else found[0]
        return Blocks(*(every[name].to_numpy() for name in ("$slot", "$first", "$last"))), every["$id"].to_numpy()

    def _write(self, found: Assigned, number: NDArray[np.int64], fresh: NDArray[np.int64]) -> None:
        """Store the sessions of some keys, all that these have; `fresh` are slots that may have none."""
        slots = self._put(found.key, number, found.first, found.last)
        self._remove(np.setdiff1d(fresh, slots))

    def _remove(self, slots: NDArray[np.int64]) -> None:
        if len(self.others):
            gone = self.others.find(self.state.keys(slots))
            self.others.remove(gone[gone >= 0])
        self.schedule.forget(slots)
        self.state.remove(slots)

    def _put(
        self,
        slots: NDArray[np.int64],
        ids: NDArray[np.int64],
        first: NDArray[np.int64],
        last: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Store sessions, in order of slot and time; their distinct slots."""
        if not len(slots):
            return slots
        is_lowest = np.append(True, slots[1:] != slots[:-1])
        distinct: NDArray[np.int64] = slots[is_lowest]
        alone = np.append(is_lowest[1:], True)[is_lowest]
        frame = pl.DataFrame({"$id": ids, "$first": first, "$last": last})
        self.state.put(distinct, frame.filter(pl.Series(is_lowest)).with_columns(pl.Series("$alone", alone)))
        self._put_others(distinct, alone, frame.with_columns(pl.Series("$slot", slots)).filter(pl.Series(~is_lowest)))
        self.schedule.put(distinct, self.slicing.epoch_of(last[is_lowest] + self.gap))
        return distinct

    def _put_others(self, distinct: NDArray[np.int64], alone: NDArray[np.bool_], rest: pl.DataFrame) -> None:
        """Store the sessions of distinct slots beside the lowest ones, in order of slot and time."""
        if len(self.others):
            gone = self.others.find(self.state.keys(distinct[alone]))
            self.others.remove(gone[gone >= 0])
        if rest.height:
            grouped = rest.group_by("$slot", maintain_order=True).agg(pl.all())
            places, _ = self.others.place(self.state.keys(grouped["$slot"].to_numpy()))
            self.others.put(places, grouped.select(*_LISTS))

    def close(self, reached: int) -> pl.DataFrame:
        """The sessions that a watermark of `reached` closes, by end: `$id`, `$start`, `$end` and the key; they go.

        Where there is none, an empty frame without columns.
        """
        slots = self.schedule.due(reached)
        if not len(slots):
            return pl.DataFrame()
        lists = self._of(slots)
        end = lists["$end"].to_numpy()
        closed = self.slicing.epoch_of(end) <= reached if reached < END_OF_TIME else np.ones(len(end), np.bool_)
        due, rest = lists.filter(closed), lists.filter(~closed)
        result = due.hstack(self.state.keys(due["$slot"].to_numpy()))
        rest = rest.sort("$slot", "$start")
        self._put(*(rest[name].to_numpy() for name in ("$slot", "$id", "$start", "$last")))
        self._remove(np.setdiff1d(due["$slot"].to_numpy(), rest["$slot"].to_numpy()))
        return result.drop("$slot", "$last").sort("$end", "$id")

    def _of(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """`$slot`, `$id`, `$start`, `$last` and `$end` of all sessions of distinct slots."""
        blocks, ids = self._open(slots)
        return pl.DataFrame(
            {
                "$slot": blocks.key,
                "$id": ids,
                "$start": blocks.first,
                "$last": blocks.last,
                "$end": blocks.last + self.gap,
            }
        )

    def all(self) -> pl.DataFrame:
        """All open sessions, as `close` gives them."""
        frame = self._of(self.state.slots)
        return frame.hstack(self.state.keys(frame["$slot"].to_numpy())).drop("$slot", "$last").sort("$end", "$id")

    def next_close(self) -> int:
        """The watermark at which the next session closes, END_OF_TIME where none is open."""
        return self.schedule.first()

    def copy(self) -> SessionState:
        """Another state with the same open sessions."""
        other = SessionState(self.state.index.schema, self.slicing)
        frame = self._of(self.state.slots)
        slots, _ = other.state.place(self.state.keys(frame["$slot"].to_numpy()))
        frame = frame.with_columns(pl.Series("$slot", slots)).sort("$slot", "$start")
        other._put(*(frame[name].to_numpy() for name in ("$slot", "$id", "$start", "$last")))
        other.next = self.next
        return other

    @property
    def ids(self) -> NDArray[np.int64]:
        """The numbers of all open sessions."""
        return self._open(self.state.slots)[1]

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.state.size + self.others.size + self.schedule.size

    @property
    def live(self) -> frozenset[str]:
        """The blobs of the last snapshot."""
        return self.state.live | self.others.live

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the sessions (JSON data), and the blobs that are not stored yet."""
        meta, new = self.state.snapshot()
        others, more = self.others.snapshot()
        return {"state": meta, "others": others, "next": self.next}, {**new, **more}

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """Take over a snapshot."""
        self.next = meta["next"]
        self.state.restore(meta["state"], blobs)
        self.others.restore(meta["others"], blobs)
        slots = self.state.slots
        lowest = self.state.take(slots)["$last"].to_numpy() + self.gap
        self.schedule.put(slots, self.slicing.epoch_of(lowest))
