"""Looking into a topic: its records from an offset, from a time, or the last of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import LogError
from penstock.project.search import Wanted, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from penstock.log import Log

__all__ = ["NO_RECORDS", "Browsed", "browse", "frames_from", "offsets_at", "time_of"]


@dataclass(frozen=True, slots=True)
class Browsed:
    """Records as Log.read gives them, and the offsets to go on from; None at the end.

    `looked` at so many records, of which these were wanted; at most `left` more are there from those offsets on.
    """

    records: pl.DataFrame
    following: dict[int, int] | None
    looked: int
    left: int


def offsets_at(log: Log, name: str, start: str, partition: int | None = None) -> dict[int, int]:
    """The offsets to begin at, per partition: of `start` earliest, latest, an offset or a time (UTC, if it names none).

    Raises LogError where there is no such partition or no such place.
    """
    first, end = log.starts(name), log.ends(name)
    if partition is not None and partition not in end:
        raise LogError(
            f"there is no partition {partition} in topic '{name}'",
            code="record-partition",
            hint=f"its partitions are 0 to {len(end) - 1}",
        )
    partitions = list(end) if partition is None else [partition]
    if start in ("earliest", "latest"):
        return {p: (first if start == "earliest" else end)[p] for p in partitions}
    if start.isascii() and start.isdigit():
        if partition is None:
            return {p: min(max(int(start), first[p]), end[p]) for p in partitions}
        return {partition: int(start)}
    found = log.offsets_for_times(name, dict.fromkeys(partitions, time_of(start)))
    return {p: end[p] if offset is None else offset for p, offset in found.items()}


def frames_from(log: Log, name: str, offsets: Mapping[int, int], last: int | None = None) -> Iterator[pl.DataFrame]:
    """The records from `offsets` on, or of these partitions the `last` so many, in the order of the log."""
    ends = log.ends(name)
    if last is None:
        yield from log.read(name, offsets)
    elif len(offsets) == len(ends):
        yield from log.last(name, last)
    else:
        ((partition, _),) = offsets.items()
        yield from log.read(name, {partition: max(log.starts(name)[partition], ends[partition] - last)})


def browse(
    log: Log,
    name: str,
    offsets: Mapping[int, int],
    rows: int,
    *,
    wanted: Wanted | None = None,
    last: int | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Browsed:
    """The first `rows` records from `offsets` on that are `wanted`, or those of the `last` so many.

    It ends where it is `enough`, as asked after each look of some thousand records, with what was begun then: it says
    how far it is.
    """
    wanted = wanted or Wanted()
    if last is not None:
        frames = list(frames_from(log, name, offsets, last))
        taken = [frame.filter(wanted.holds(frame)) for frame in frames]
        return Browsed(pl.concat([NO_RECORDS, *taken]).head(rows), None, sum(f.height for f in frames), 0)
    found: list[pl.DataFrame] = [NO_RECORDS]
    looked, left, through = 0, rows, None
    for one in search(log, name, offsets, wanted, rows, enough):
        looked += one.rows
        records = one.records.head(left)
        left -= records.height
        found.append(records.drop("seq"))
        through = one.through if one.records.height == records.height else int(records["seq"][-1])
        if not left or (not one.begun and enough()):
            break
    else:
        return Browsed(pl.concat(found), None, looked, 0)
    reached = log.offsets_after(name, through)
    following = {p: max(o, reached[p]) for p, o in offsets.items()}
    ends = log.ends(name)
    behind = sum(ends[p] - offset for p, offset in following.items())
    looked = min(looked, sum(offset - offsets[p] for p, offset in following.items()))  # the last look went on further
    return Browsed(pl.concat(found), following if behind else None, looked, behind)


NO_RECORDS = pl.DataFrame(
    schema={
        "partition": pl.Int32,
        "offset": pl.Int64,
        "timestamp": pl.Int64,
        "key": pl.Binary,
        "value": pl.Binary,
        "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
    }
)


def time_of(text: str) -> int:
    """A moment as text, in ms since 1970; of UTC, if it names no zone. Raises LogError where it is none."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise LogError(
            f"'{text}' is no place in a topic",
            code="record-place",
            hint="it is earliest, latest, an offset or a time such as 2025-01-06T09:00",
        ) from None
    return round((time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp() * 1000)
