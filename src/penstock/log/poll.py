"""Reading in the order of the log: every row of some topics within a range of places."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from penstock.log import topic as topics
from penstock.log.batch import Entry
from penstock.log.commit import NEXT_SEQ
from penstock.log.stored import StoredBatch, gather

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.file import Connection
    from penstock.log.topic import Topic

__all__ = ["Poll", "poll"]

PAGE_ENTRIES = 64


@dataclass(frozen=True, slots=True)
class Poll:
    """All rows of the asked topics after the asked place, up to and including place `through`.

    Batches come by their first place, and each is in order. Where batches of different topics overlap (small
    ones were merged), the order across them is by `seqs`; inside a topic they never overlap. `starts` are, by topic,
    the offsets per partition that retention had left at that moment, shape (partitions,): of those below, no rows are
    in `batches`.
    """

    batches: list[StoredBatch]
    through: int
    starts: Mapping[str, NDArray[np.int64]]

    @property
    def rows(self) -> int:
        return sum(batch.rows for batch in self.batches)

    def frame(self, topic: str, *columns: str) -> pl.DataFrame:
        """Columns of all rows of one topic, in the order of the log, as `StoredBatch.frame`."""
        return gather([batch for batch in self.batches if batch.topic == topic], columns)


@dataclass(frozen=True, slots=True)
class _Found:
    topic: Topic
    entry: Entry
    starts: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A topic, what retention has left of it, and the place up to which batches may hold more."""

    topic: Topic
    starts: NDArray[np.int64]
    dead_through: int

    @classmethod
    def of(cls, connection: Connection, topic: Topic) -> Self:
        sql = "SELECT starts, dead_through FROM topic WHERE id = ?"
        starts, dead_through = connection.execute(sql, (topic.id,)).get
        return cls(topic, topics.unpack(starts, topic.partitions), dead_through)


def poll(
    connection: Connection,
    blobs: Blobs,
    names: Sequence[str],
    after: int,
    rows: int,
    size: int,
    last: int | None,
    *,
    whole: bool = False,
) -> Poll:
    """At most `rows` rows, cut at an exact place, and about `size` bytes at most (but one row at least).

    `whole`: behind that, where a stored batch ends.
    """
    wanted = [_Kept.of(connection, topics.find(connection, name)) for name in names]
    end = connection.execute(NEXT_SEQ).get - 1
    end = end if last is None else max(after, min(end, last))
    while True:
        found, high = _collect(connection, wanted, after, rows, size, end)
        batches = _views(blobs, found, after, high)
        total = sum(batch.rows for batch in batches)
        if total or high >= end:
            break
        after = high  # only rows that are gone, or of other topics, up to here
    limit = min(rows, _row_limit(batches, total, size))
    if total > limit and not whole:
        places = np.concatenate([batch.seqs for batch in batches])
        high = int(np.partition(places, limit - 1)[limit - 1])
        batches = _views(blobs, found, after, high)
    return Poll([batch for batch in batches if batch.rows], high, {one.topic.name: one.starts for one in wanted})


def _collect(
    connection: Connection, wanted: list[_Kept], after: int, rows: int, size: int, end: int
) -> tuple[list[_Found], int]:
    """Entries enough for the limits, and the place up to which they are complete."""
    found: list[_Found] = []
    got_rows = got_bytes = 0
    streams = [_entries(connection, one, after) for one in wanted]
    for one in heapq.merge(*streams, key=lambda one: one.entry.first_seq):
        if (got_rows >= rows or got_bytes >= size) and one.entry.first_seq > after + 1:
            return found, min(end, one.entry.first_seq - 1)
        found.append(one)
        share = (
            1.0 if one.entry.first_seq > after else (one.entry.id - after) / (one.entry.id - one.entry.first_seq + 1)
        )
        got_rows += int(one.entry.rows * share)
        got_bytes += int(one.entry.bytes * share)
    return found, end


def _entries(connection: Connection, kept: _Kept, after: int) -> Iterator[_Found]:
    while True:
        page = Entry.read(connection, kept.topic, "AND id > ? ORDER BY id LIMIT ?", after, PAGE_ENTRIES)
        for entry in page:
            yield _Found(kept.topic, entry, kept.starts if entry.id <= kept.dead_through else None)
        if len(page) < PAGE_ENTRIES:
            return
        after = page[-1].id


def _views(blobs: Blobs, found: list[_Found], low: int, high: int) -> list[StoredBatch]:
    return [
        StoredBatch(blobs, one.topic, one.entry, low, high, one.starts) for one in found if one.entry.first_seq <= high
    ]


def _row_limit(batches: list[StoredBatch], total: int, size: int) -> int:
    """How many rows make about `size` bytes."""
    held = sum(batch.entry.bytes * batch.rows / batch.entry.rows for batch in batches)
    return max(1, total if held <= size else int(total * size / held))
