"""Upkeep: retention, compaction, merging, freeing what nobody needs, and giving space back to the disk.

`maintain` takes up where it left off: a round goes through everything once, a step at a time, and no step
holds a lock or a snapshot beyond itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import orjson

from penstock.log import topic as topics
from penstock.log.batch import Entry
from penstock.log.compaction import compact, compaction_due
from penstock.log.foretold import taken_by
from penstock.log.merging import Merger
from penstock.log.retention import retain
from penstock.log.rewriting import GRACE_MS, doom
from penstock.log.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from penstock.core.clock import Clock
    from penstock.log.blobs import Blobs
    from penstock.log.claims import Claims
    from penstock.log.commit import Write, Writer
    from penstock.log.file import LogFile
    from penstock.log.state import States
    from penstock.log.tables import Tables

__all__ = ["Upkeep"]

SWEEP_BYTES = 4 << 20
"""What one transaction frees."""

DROP_ROWS = 16
"""Cached frames that one transaction drops."""

VACUUM_PAGES = 128
"""What one transaction gives back to the disk."""

WAL_PAGES = 500
"""A WAL of fewer is not worth a sync of the file."""

FREE_SHARE = 0.1
FREE_PAGES = 256
"""Free pages are given back when they are more than this share of the file, and more than so many."""


class Upkeep:
    """Everything that keeps a log small and quick; each part also by itself."""

    def __init__(
        self,
        file: LogFile,
        writer: Writer,
        blobs: Blobs,
        states: States,
        tables: Tables,
        claims: Claims,
        clock: Clock,
    ) -> None:
        self._file = file
        self._writer = writer
        self._blobs = blobs
        self._states = states
        self._tables = tables
        self._claims = claims
        self._merger = Merger(file, writer, blobs)
        self._clock = clock
        self._mutex = threading.Lock()
        self._round: Iterator[object] | None = None

    def maintain(self, budget_seconds: float) -> bool:
        """Do what is due for about `budget_seconds`; True when a whole round is done."""
        deadline = self._clock.monotonic() + budget_seconds
        with self._mutex:
            steps, self._round = self._round or self._steps(), None
            for _ in steps:
                if self._clock.monotonic() >= deadline:
                    self._round = steps
                    return False
            return True

    def retain(self, topic: Topic) -> int:
        """Apply retention by time and size now; the number of offsets that went."""
        with self._mutex:
            return retain(self._file, self._writer, self._blobs, topic, self._clock.now_ms())

    def taken_by(self, topic: Topic, configs: Mapping[str, object | None], now_ms: int) -> tuple[int, int]:
        """How many rows and bytes would go by other configs (None unsets one) at `now_ms`, beside those due already.

        Raises ConfigError for a bad config.
        """
        return taken_by(self._file, self._blobs, topic, topics.altered(topic, configs), now_ms)

    def compact(self, topic: Topic) -> int:
        """Make one pass of compaction now; the number of records that went."""
        with self._mutex:
            return sum(self._compact(topic))

    def merge(self, topic: Topic) -> int:
        """Merge all small batches now; the number of batches that there are fewer."""
        with self._mutex:
            return sum(self._merger.steps(topic, everything=True))

    def drop_decoded(self, keep: Collection[str] = ()) -> None:
        """Drop the columns cached under other fingerprints than those to `keep`."""
        sql = "SELECT rowid FROM decoded WHERE fingerprint NOT IN (SELECT value FROM json_each(?))"
        with self._file.reading() as connection:
            found = connection.rows(sql, orjson.dumps(list(keep)).decode())
        for start in range(0, len(found), DROP_ROWS):
            part = found[start : start + DROP_ROWS]

            def work(write: Write, part: list[tuple[int]] = part) -> None:
                write.connection.executemany("DELETE FROM decoded WHERE rowid = ?", part)

            self._writer.run_aside(work)

    def free(self) -> None:
        """Free all that nobody refers to, without waiting for readers that may still hold a batch of it."""
        with self._mutex:
            for _ in self._sweep(grace_ms=0):
                pass

    def vacuum(self) -> int:
        """Free all that nobody needs and give all free pages back to the disk; the number of bytes."""
        with self._mutex:
            before = self._pages("page_count")
            for _ in self._sweep():
                pass
            while self._pages("freelist_count"):
                self._vacuum_step()
            self._file.checkpoint_wal()
            return (before - self._pages("page_count")) * self._pages("page_size")

    def write_back(self) -> None:
        """Write what stands in the WAL back into the file, as far as no reader needs it there."""
        self._file.checkpoint_wal()

    def _steps(self) -> Iterator[object]:
        """One round."""
        with self._file.reading() as connection:
            found = topics.find_all(connection)
        for topic in found:
            yield retain(self._file, self._writer, self._blobs, topic, self._clock.now_ms())
            if compaction_due(self._file, topic, self._clock.now_ms()):
                yield from self._compact(topic)
            yield from self._merger.steps(topic)
        for table in self._tables.names():
            yield self._tables.retain(table, self._clock.now_ms())
            while self._tables.merge(table):
                yield None
        while self._claims.expire():
            yield None
        yield from self._sweep()
        free = self._pages("freelist_count")
        if free > FREE_PAGES and free > FREE_SHARE * self._pages("page_count"):
            while self._pages("freelist_count") > FREE_PAGES:
                self._vacuum_step()
                yield None
            self._file.checkpoint_wal()
        self._file.checkpoint_wal(least_pages=WAL_PAGES)
        yield None

    def _compact(self, topic: Topic) -> Iterator[int]:
        self._merger.unsettle(topic)
        yield from compact(self._file, self._writer, self._blobs, topic, self._clock.now_ms())

    def _sweep(self, grace_ms: int = GRACE_MS) -> Iterator[None]:
        """Free blobs that no reader can still want, and what is left of deleted topics and old state."""
        while self._drop_deleted_topics() or self._free_doomed(grace_ms):
            yield
        while self._states.sweep(SWEEP_BYTES):
            yield

    def _drop_deleted_topics(self) -> bool:
        left = False

        def work(write: Write) -> None:
            nonlocal left
            gone = write.connection.execute("SELECT id, partitions FROM topic WHERE name IS NULL LIMIT 1").get
            if gone is None:
                return
            left = True
            topic = Topic(gone[0], "", gone[1], 0, {})
            entries = Entry.read(write.connection, topic, "ORDER BY id LIMIT 1000")
            doom(write, topic, entries)
            if not entries:
                write.connection.execute("DELETE FROM topic WHERE id = ?", (topic.id,))

        with self._file.reading() as connection:
            if connection.execute("SELECT 1 FROM topic WHERE name IS NULL").get is None:
                return False
        self._writer.run_aside(work)
        return left

    def _free_doomed(self, grace_ms: int) -> bool:
        ripe = self._clock.now_ms() - grace_ms
        with self._file.reading() as connection:
            rows = connection.rows(
                "SELECT d.since, d.data, total(length(b.head) + length(b.body)) FROM doomed d "
                "LEFT JOIN data b ON b.id = d.data WHERE d.since <= ? GROUP BY d.since, d.data LIMIT 1000",
                ripe,
            )
        chosen: list[tuple[int, int]] = []
        total = 0
        for since, data, size in rows:
            chosen.append((since, data))
            total += size
            if total >= SWEEP_BYTES:
                break
        if not chosen:
            return False

        def work(write: Write) -> None:
            blobs = [(data,) for _, data in chosen]
            write.connection.executemany("DELETE FROM data WHERE id = ?", blobs)
            write.connection.executemany("DELETE FROM decoded WHERE data = ?", blobs)
            write.connection.executemany("DELETE FROM doomed WHERE since = ? AND data = ?", chosen)

        self._writer.run_aside(work)
        return True

    def _vacuum_step(self) -> None:
        def work(write: Write) -> None:
            write.connection.rows(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")

        self._writer.run_aside(work)

    def _pages(self, pragma: str) -> int:
        with self._file.reading() as connection:
            return int(connection.execute(f"PRAGMA {pragma}").get)
