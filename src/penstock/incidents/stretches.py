"""When a condition has held long enough: points in event time to changes of state, per key, in columns.

A *point* says whether the condition of a key held at a moment. A *stretch* is a run of points at which it held, none of
them further than `absent` from the next. It fires at the first point that is `hold` after its beginning: on what was
seen, never on silence. It ends at the first point at which the condition does not hold, or `absent` after its last
one. An incident ends `keep` after that, unless the condition holds again before: then it goes on.

All of it follows from the points in the order of their time (and of the log, among equal ones), so it is the same
however they are cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["CHANGES", "OPEN", "POINTS", "Timing", "followed"]

POINTS: dict[str, pl.DataType] = {"key": pl.String(), "time": pl.Int64(), "holds": pl.Boolean(), "row": pl.Int64()}
"""`row` is any number of the point that the caller knows it by."""

OPEN: dict[str, pl.DataType] = {
    "key": pl.String(),
    "start": pl.Int64(),
    "last": pl.Int64(),
    "fired": pl.Int64(),
    "clear": pl.Int64(),
    "row": pl.Int64(),
}
"""What is not yet over: since when the condition holds and when it was last seen to, when that fired (NULL: pending),
and when it ceased to hold (NULL: it holds)."""

CHANGES: dict[str, pl.DataType] = {
    "key": pl.String(),
    "state": pl.String(),
    "at": pl.Int64(),
    "start": pl.Int64(),
    "fired": pl.Int64(),
    "end": pl.Int64(),
    "row": pl.Int64(),
}
"""Changes of state: `pending`, `firing` or `resolved`, at which moment; `fired` is NULL for what never did."""

_NONE = np.iinfo(np.int64).min
_STATES = pl.Series("state", ["resolved", "pending", "firing"])
"""In the order in which a key has them at one moment."""
_RESOLVED, _PENDING, _FIRING = range(3)

_Part = tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""A state, the stretches that change to it, and of all stretches: the point of the change, its time, `fired`, `end`."""


@dataclass(frozen=True, slots=True)
class Timing:
    """All in ms: how long a condition has to hold, after which silence it does not, how long it must be over."""

    hold: int
    absent: int
    keep: int


@dataclass(frozen=True, slots=True)
class _Stretches:
    """One entry a stretch, by key and time; `fire` and `clear` are _NONE where there is none, `old` fired before."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    start: NDArray[np.int64]
    until: NDArray[np.int64]
    fire: NDArray[np.int64]
    fire_at: NDArray[np.int64]
    clear: NDArray[np.int64]
    same_key: NDArray[np.bool_]


def followed(open_: pl.DataFrame, points: pl.DataFrame, watermark: int, timing: Timing) -> tuple[pl.DataFrame, ...]:
    """What `points` (POINTS, those of a key in order), none after `watermark`, make of what was OPEN: (CHANGES, OPEN).

    The changes are in the order of their time.
    """
    rest = points.select(*POINTS, fired=pl.lit(None, pl.Int64), joined=pl.lit(False), known=pl.lit(False))
    frame = pl.concat([_earlier(open_), rest]) if open_.height else rest
    if not frame["holds"].any():
        return pl.DataFrame(schema=CHANGES), open_
    keys = frame.select("key").unique(maintain_order=True).with_row_index("number")
    number = frame.select("key").join(keys, on="key", how="left", maintain_order="left")["number"].to_numpy()
    order = np.argsort(number, kind="stable")  # numbers, not texts: a twentieth of the time
    frame, number = frame[order], number[order]
    new_key = np.append(True, np.diff(number) != 0)
    found = _stretches(frame, new_key, watermark, timing)
    return _outcome(frame, found, watermark, timing)


def _earlier(open_: pl.DataFrame) -> pl.DataFrame:
    """What was open as points: where it began, where it was last seen, where it ended."""
    first = open_.select(
        "key", time="start", holds=pl.lit(True), row="row", fired="fired", joined=pl.lit(False), known=pl.lit(True)
    )
    last = open_.filter(pl.col("last") > pl.col("start")).select(
        "key",
        time="last",
        holds=pl.lit(True),
        row="row",
        fired=pl.lit(None, pl.Int64),
        joined=pl.lit(True),
        known=pl.lit(True),
    )
    clear = open_.filter(pl.col("clear").is_not_null()).select(
        "key",
        time="clear",
        holds=pl.lit(False),
        row="row",
        fired=pl.lit(None, pl.Int64),
        joined=pl.lit(False),
        known=pl.lit(True),
    )
    return pl.concat([first, last, clear])


def _stretches(frame: pl.DataFrame, new_key: NDArray[np.bool_], watermark: int, timing: Timing) -> _Stretches:
    time, holds = frame["time"].to_numpy(), frame["holds"].to_numpy()
    fired = frame["fired"].fill_null(_NONE).to_numpy()
    n = len(time)
    near = np.append(False, np.diff(time) <= timing.absent) | frame["joined"].to_numpy()
    goes_on = holds & ~new_key & np.append(False, holds[:-1]) & near
    first = np.flatnonzero(holds & ~goes_on)
    held = np.flatnonzero(holds)
    number = np.cumsum(holds & ~goes_on)[held] - 1
    begin = np.flatnonzero(np.append(True, np.diff(number) > 0)) if len(held) else held
    last = held[np.append(begin[1:], len(held)) - 1] if len(held) else held
    start, until = time[first], time[last]
    due = np.where(time[held] - start[number] >= timing.hold, held, n)
    fire = np.minimum.reduceat(due, begin) if len(begin) else due
    before = fired[first]
    fire = np.where(before != _NONE, first, np.where(fire < n, fire, _NONE))
    fire_at = np.where(before != _NONE, before, np.where(fire != _NONE, time[np.clip(fire, 0, None)], _NONE))
    silent = until + timing.absent
    following = np.minimum(last + 1, n - 1)
    has_next = (last + 1 < n) & ~new_key[following]
    clear = np.where(has_next, np.where(holds[following], silent, np.minimum(silent, time[following])), _NONE)
    clear = np.where(~has_next & (silent < watermark), silent, clear)
    numbers = np.cumsum(new_key)[first]
    same_key = np.append(False, np.diff(numbers) == 0) if len(first) else np.empty(0, np.bool_)
    return _Stretches(first, last, start, until, fire, fire_at, clear, same_key)


def _outcome(frame: pl.DataFrame, s: _Stretches, watermark: int, timing: Timing) -> tuple[pl.DataFrame, ...]:
    count = len(s.start)
    place = np.arange(count)
    linked = np.append(False, s.start[1:] < s.clear[:-1] + timing.keep) & s.same_key if count else s.same_key
    cluster = np.cumsum(~linked) - 1
    heads = np.flatnonzero(~linked)
    firing = np.where(s.fire != _NONE, place, count)
    leader = np.minimum.reduceat(firing, heads)[cluster] if count else firing
    alone = place < leader  # those that did not fire, or did so too early for the incident
    lead = np.flatnonzero(place == leader)
    ends = np.append(heads[1:], count)[cluster] - 1
    known = frame["known"].to_numpy()
    new = ~known[s.first]

    shy = np.flatnonzero(alone)
    nothing = np.full(count, _NONE)
    parts: list[_Part] = []
    if timing.hold:
        parts.append((_PENDING, shy[new[shy]], s.first, s.start, nothing, nothing))
        early = lead[new[lead] & (s.fire[lead] != s.first[lead])]
        parts.append((_PENDING, early, s.first, s.start, nothing, nothing))
    over = shy[s.clear[shy] != _NONE]
    parts.append((_RESOLVED, over, s.last, s.clear, nothing, s.clear))
    fresh = lead[frame["fired"].is_null().to_numpy()[s.first[lead]]]
    parts.append((_FIRING, fresh, s.fire, s.fire_at, s.fire_at, nothing))

    end = s.clear[ends]
    gone = end + timing.keep
    followed_by = np.append(s.same_key[1:], False)[ends] if count else s.same_key
    done = (end != _NONE) & (followed_by | (gone <= watermark))
    parts.append((_RESOLVED, lead[done[lead]], s.last[ends], gone, s.fire_at, end))

    waiting = shy[s.clear[shy] == _NONE]
    still = lead[~done[lead]]
    kept = np.concatenate((waiting, still))
    tail = np.concatenate((waiting, ends[still]))
    open_ = pl.DataFrame(
        {
            "key": frame["key"].gather(s.first[kept]),
            "start": s.start[kept],
            "last": s.until[tail],
            "fired": _or_null(np.concatenate((np.full(len(waiting), _NONE), s.fire_at[still]))),
            "clear": _or_null(s.clear[tail]),
            "row": frame["row"].gather(s.last[tail]),
        },
        schema=OPEN,
    )
    return _changes(frame, s, parts), open_


def _changes(frame: pl.DataFrame, s: _Stretches, parts: list[_Part]) -> pl.DataFrame:
    """CHANGES in the order of their time: one frame of all, for each that is made has its price."""
    states, chosen, *columns = zip(*parts, strict=True)
    row, at, fired, end = (np.concatenate([c[i] for c, i in zip(one, chosen, strict=True)]) for one in columns)
    place = np.concatenate(chosen)
    if not len(place):
        return pl.DataFrame(schema=CHANGES)
    changes = pl.DataFrame(
        {
            "key": frame["key"].gather(s.first[place]),
            "state": np.repeat(np.array(states, np.int8), [len(i) for i in chosen]),
            "at": at,
            "start": s.start[place],
            "fired": fired,
            "end": end,
            "row": frame["row"].gather(row),
        }
    )
    if changes.height > 1:
        changes = changes.sort("at", "key", "start", "state", maintain_order=True)
    known = (pl.when(pl.col(name) != _NONE).then(pl.col(name)).alias(name) for name in ("fired", "end"))
    return changes.with_columns(_STATES.gather(changes["state"]), *known)


def _or_null(values: NDArray[np.int64]) -> pl.Series:
    return pl.Series(values).set(pl.Series(values == _NONE), None)
