"""Looking into a topic: its records from an offset, from a time, or the last of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import LogError
from penstock.log.partitioner import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.log import Log

__all__ = ["NO_RECORDS", "Browsed", "browse", "frames_from", "offsets_at", "time_of"]

_LOOKED_AT = 1_000_000
"""Records that one search looks at, before it says how far it is."""


@dataclass(frozen=True, slots=True)
class Browsed:
    """Records as Log.read gives them, and the offsets to go on from; None at the end."""

    records: pl.DataFrame
    following: dict[int, int] | None


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
    log: Log, name: str, offsets: Mapping[int, int], rows: int, *, key: bytes | None = None, last: int | None = None
) -> Browsed:
    """About `rows` records from `offsets` on, those of `key` alone if there is one; or the `last` so many."""
    if key is not None:
        partition = int(partition_of(pl.Series([key], dtype=pl.Binary), log.topic(name).partitions)[0])
        offsets = {p: o for p, o in offsets.items() if p == partition}
    following, looked = dict(offsets), 0
    found: list[pl.DataFrame] = []
    left = rows
    for frame in frames_from(log, name, offsets, last):
        looked += frame.height
        taken = (frame if key is None else frame.filter(pl.col("key") == key)).head(left)
        left -= taken.height
        seen = frame if left else frame.head(0) if not taken.height else _up_to(frame, taken)
        following |= {int(p): int(o) + 1 for p, o in seen.group_by("partition").agg(pl.col("offset").max()).iter_rows()}
        found.append(taken)
        if not left or looked >= _LOOKED_AT:
            break
    ends = log.ends(name)
    more = last is None and any(offset < ends[p] for p, offset in following.items())
    return Browsed(pl.concat(found) if found else NO_RECORDS, following if more else None)


def _up_to(frame: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The rows of `frame` up to the last one of `taken`."""
    last = taken.select("partition", "offset").row(-1)
    here = (frame["partition"] == last[0]) & (frame["offset"] == last[1])
    return frame.head(int(here.arg_true()[0]) + 1)


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
