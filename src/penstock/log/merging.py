"""Merging small batches in the background: fewer, larger ones, with the same rows, offsets and places.

A run of neighbours is merged when none of them is most of it, so that each row is written again only a few
times on its way into a batch of full size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.log import topic as topics
from penstock.log.rewriting import Rewrite
from penstock.log.seek import live_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.log.blobs import Blobs
    from penstock.log.commit import Writer
    from penstock.log.file import LogFile
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["Merger"]

FULL_ROWS = 32_768
FULL_BYTES = 8 << 20
"""A batch of half of one of these is left alone, and a merged one is not larger."""

RUN = 16
"""Runs of fewer are merged only when asked for (`everything`)."""

LONGEST_RUN = 1_024
"""What one step merges at most; its results are merged again later."""


class Merger:
    """Merges the small batches of a log's topics; remembers up to where nothing was left to do."""

    def __init__(self, file: LogFile, writer: Writer, blobs: Blobs) -> None:
        self._file = file
        self._writer = writer
        self._blobs = blobs
        self._settled: dict[int, int] = {}

    def steps(self, topic: Topic, *, everything: bool = False) -> Iterator[int]:
        """Merge what is small, run by run: the batches that each step did away with."""
        merged = 1
        while merged:
            merged, after = 0, -1 if everything else self._settled.get(topic.id, -1)
            while True:
                run, after = self._next_run(topic, after, everything=everything)
                if not run:
                    break
                rewrite = Rewrite(self._blobs, run, None)
                self._writer.run_aside(rewrite.write)
                if rewrite.written:
                    merged += len(run) - 1
                    yield len(run) - 1
        self._settled[topic.id] = after

    def unsettle(self, topic: Topic) -> None:
        """Look through the whole topic again: its batches have become smaller."""
        self._settled.pop(topic.id, None)

    def _next_run(self, topic: Topic, after: int, *, everything: bool) -> tuple[list[StoredBatch], int]:
        """The first run of neighbours worth merging, and the last place before the next; no run and the last
        place before what later batches may still join, if there is none.
        """
        run: list[StoredBatch] = []
        rows = size = 0
        with self._file.reading() as connection:
            now = topics.again(connection, topic)
            for batch in live_batches(connection, self._blobs, now, after) if now else ():
                entry = batch.entry
                small = entry.rows < FULL_ROWS / 2 and entry.bytes < FULL_BYTES / 2
                rows, size = rows + entry.rows, size + entry.bytes
                if small and rows <= FULL_ROWS and size <= FULL_BYTES and len(run) < LONGEST_RUN:
                    run.append(batch)
                    continue
                if worth := _worth(run, everything=everything):
                    return worth, worth[-1].entry.id
                after = run[-1].entry.id if run else after
                if small:
                    run, rows, size = [batch], entry.rows, entry.bytes
                else:
                    run, rows, size, after = [], 0, 0, entry.id
        worth = _worth(run, everything=everything)
        return worth, worth[-1].entry.id if worth else after


def _worth(run: list[StoredBatch], *, everything: bool) -> list[StoredBatch]:
    """The part of `run` that is worth merging: what comes after one that outweighs the rest."""
    if everything:
        return run if len(run) > 1 else []
    while len(run) >= RUN:
        rows = [batch.entry.rows for batch in run]
        largest = max(rows)
        if 2 * largest <= sum(rows):
            return run
        run = run[rows.index(largest) + 1 :]
    return []
