"""Reading blobs: checked against their CRC, and the last few kept decoded for batches read in slices."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import orjson
import polars as pl

from penstock.core.errors import CorruptLogError, LogError
from penstock.log.batch import BODY, HEAD, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.log.batch import Entry
    from penstock.log.file import LogFile
    from penstock.log.topic import Topic

__all__ = ["Blobs"]

KEPT_BYTES = 32 << 20


class Blobs:
    """The blobs of a log, as frames."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._mutex = threading.Lock()
        self._kept: OrderedDict[tuple[int, tuple[str, ...]], pl.DataFrame] = OrderedDict()
        self._kept_bytes = 0

    def load(self, topic: Topic, entries: Sequence[Entry], columns: tuple[str, ...], *, keep: bool) -> pl.DataFrame:
        """`columns` of `entries`, one after the other; each has all of them in its blobs.

        `keep` where the same of a single entry is wanted again soon. Raises CorruptLogError where bytes are
        not those that were written, LogError where a batch was merged or deleted longer ago than readers
        are waited for.
        """
        if not columns:
            return pl.DataFrame()
        key = (entries[0].data, columns)
        if keep:
            with self._mutex:
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    return kept
        frame = self._fetch(topic, entries, columns)
        if keep:
            self._keep(key, frame)
        return frame

    def decoded(self, topic: Topic, entry: Entry, fingerprint: str) -> pl.DataFrame | None:
        """The cached columns of the whole batch, if they are there."""
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT crc, frame FROM decoded WHERE data = ? AND fingerprint = ?", (entry.data, fingerprint)
            ).get
        if found is None:
            return None
        return decode(self._verified(topic, entry, found[1], found[0], "decoded columns"))

    def fingerprints(self, entry: Entry) -> set[str]:
        """The fingerprints under which columns of the batch are cached."""
        with self._file.reading() as connection:
            rows = connection.rows("SELECT fingerprint FROM decoded WHERE data = ?", entry.data)
            return {fingerprint for (fingerprint,) in rows}

    def _fetch(self, topic: Topic, entries: Sequence[Entry], columns: tuple[str, ...]) -> pl.DataFrame:
        head = [name for name in columns if name in HEAD]
        body = [name for name in columns if name in BODY]
        wanted = f"{'head' if head else 'NULL'}, {'body' if body else 'NULL'}"
        heads, bodies = [], []
        with self._file.reading() as connection:
            if len(entries) == 1:
                rows = connection.rows(f"SELECT id, {wanted} FROM data WHERE id = ?", entries[0].data)
            else:
                ids = orjson.dumps([entry.data for entry in entries])
                sql = f"SELECT id, {wanted} FROM data WHERE id IN (SELECT value FROM json_each(?))"
                rows = connection.rows(sql, ids.decode())
        found = {id_: (one, other) for id_, one, other in rows}
        for entry in entries:
            if entry.data not in found:
                self._raise_missing(topic, entry)
            in_head, in_body = found[entry.data]
            if head:
                heads.append(self._verified(topic, entry, in_head, entry.head_crc, "a blob"))
            if body:
                bodies.append(self._verified(topic, entry, in_body, entry.body_crc, "a blob"))
        parts = [decode(*data, columns=part) for data, part in ((heads, head), (bodies, body)) if part]
        return parts[0] if len(parts) == 1 else parts[0].hstack(parts[1])

    def _raise_missing(self, topic: Topic, entry: Entry) -> NoReturn:
        with self._file.reading() as connection:
            sql = "SELECT 1 FROM batch WHERE topic = ? AND id = ? AND data = ?"
            listed = connection.rows(sql, topic.id, entry.id, entry.data)
        if listed:
            raise CorruptLogError(
                f"a blob of topic '{topic.name}' is missing",
                where=f"{_offsets(entry)} in {self._file.name}",
                hint="restore the file from a copy; all other batches can still be read",
            )
        raise LogError(
            f"rows of topic '{topic.name}' ({_offsets(entry)}) were found longer ago than a reader is waited for, "
            "and have since been merged or deleted",
            code="log-batch-gone",
            hint="poll again from the same place",
        )

    def _verified(self, topic: Topic, entry: Entry, blob: bytes | None, crc: int, what: str) -> bytes:
        if blob is None or zlib.crc32(blob) != crc:
            raise CorruptLogError(
                f"{what} of topic '{topic.name}' does not match its checksum",
                where=f"{_offsets(entry)} in {self._file.name}",
                hint="restore the file from a copy; all other batches can still be read",
            )
        return blob

    def _keep(self, key: tuple[int, tuple[str, ...]], frame: pl.DataFrame) -> None:
        with self._mutex:
            self._kept[key] = frame
            self._kept_bytes += int(frame.estimated_size())
            while self._kept_bytes > KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._kept_bytes -= int(dropped.estimated_size())


def _offsets(entry: Entry) -> str:
    """The offsets of a batch in words."""
    spans = [
        f"{partition}: {entry.ends[partition] - entry.counts[partition]} to {entry.ends[partition] - 1}"
        for partition in np.flatnonzero(entry.counts)
    ]
    return "offsets of partition " + ", ".join(spans)
