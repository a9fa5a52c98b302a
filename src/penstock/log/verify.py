"""Checking a whole log: every page against its checksum, every blob against its own, the index against both."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penstock.core.errors import CorruptLogError
from penstock.log import topic as topics
from penstock.log.batch import BODY, HEAD
from penstock.log.seek import chunks
from penstock.log.state import PIECE_BITS

if TYPE_CHECKING:
    from penstock.log.blobs import Blobs
    from penstock.log.file import LogFile
    from penstock.log.topic import Topic

__all__ = ["Verified", "verify"]

CHUNK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked and found whole."""

    pages: int
    batches: int
    rows: int
    blobs: int


def verify(file: LogFile, blobs: Blobs) -> Verified:
    """Raises CorruptLogError naming the first damage: the file, the topic, the offsets."""
    with file.reading() as connection:
        problems = [text for (text,) in connection.rows("PRAGMA integrity_check(10)") if text != "ok"]
        pages = connection.execute("PRAGMA page_count").get
        found = topics.find_all(connection)
    if problems:
        raise CorruptLogError(
            f"{file.name} is damaged: {problems[0]}", hint="restore it from a copy; do not write to it"
        )
    batches = rows = 0
    for topic in found:
        of_batches, of_rows = _verify_topic(file, blobs, topic)
        batches += of_batches
        rows += of_rows
    _verify_state(file)
    return Verified(pages, batches, rows, 2 * batches + _verify_blobs(file))


def _verify_topic(file: LogFile, blobs: Blobs, topic: Topic) -> tuple[int, int]:
    batches = rows = 0
    before = np.zeros(topic.partitions, np.int64)
    for chunk in chunks(file, blobs, topic, CHUNK_ROWS):
        for batch in chunk:
            entry = batch.entry
            stored = tuple(name for name in (*HEAD, *BODY) if entry.has(name))
            held = blobs.load(topic, [entry], stored, keep=False).height
            if held != entry.rows or entry.rows != entry.counts.sum() or np.any(entry.ends < before):
                raise CorruptLogError(
                    f"the index of topic '{topic.name}' does not fit its batch at place {entry.id}",
                    where=f"in {file.name}",
                    hint="restore the file from a copy",
                )
            before = entry.ends
            batches += 1
            rows += batch.rows
    return batches, rows


def _verify_state(file: LogFile) -> None:
    with file.reading() as connection:
        short = connection.rows(
            "SELECT pipeline, id FROM state s WHERE stage = 1 AND bytes != (SELECT total(length(bytes)) "
            "FROM state_data WHERE piece BETWEEN s.row << ? AND ((s.row + 1) << ?) - 1)",
            PIECE_BITS,
            PIECE_BITS,
        )
    if short:
        raise CorruptLogError(
            f"state '{short[0][1]}' of pipeline '{short[0][0]}' is not whole",
            where=f"in {file.name}",
            hint="restore the file from a copy, or start the pipeline afresh from its topics",
        )


def _verify_blobs(file: LogFile) -> int:
    """Blobs beside the batches."""
    count = 0
    for table, key, data in (
        ("decoded", "rowid", "frame"),
        ("state_data", "piece", "bytes"),
        ("chunk", "rowid", "frame"),
        ("checkpoint", "rowid", "manifest"),
        ("savepoint", "rowid", "manifest"),
    ):
        last = -1
        while True:
            with file.reading() as connection:
                found = connection.execute(
                    f"SELECT {key}, crc, {data} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1", (last,)
                ).get
            if found is None:
                break
            last, crc, blob = found
            count += 1
            if zlib.crc32(blob) != crc:
                raise CorruptLogError(
                    f"row {last} of table {table} does not match its checksum",
                    where=f"in {file.name}",
                    hint="restore the file from a copy",
                )
    return count
