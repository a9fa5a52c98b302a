"""Taking something out of a log for good: its rows, states and facts, and the bytes that deleted rows leave behind.

Nobody runs pipelines meanwhile. Offsets and places never change: records that go leave holes, as compaction does.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING

from penstock.log import topic as topics
from penstock.log.batch import decode, encode, without_remains
from penstock.log.rewriting import Rewrite
from penstock.log.seek import chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.log.blobs import Blobs
    from penstock.log.commit import Write, Writer
    from penstock.log.file import LogFile
    from penstock.log.state import States
    from penstock.log.tables import Tables
    from penstock.log.topic import Topic
    from penstock.log.upkeep import Upkeep

    Change = Callable[[pl.DataFrame], pl.DataFrame | None]
    """A frame as it is to be, of as many rows; None: as it is."""

__all__ = ["Erasing"]

CHUNK_ROWS = 65_536
RECORD = ("partition", "offset", "timestamp", "key", "value", "headers")


class Erasing:
    """What is taken out of one log; the bytes are gone when `finish` returns. With `dry_run` it is counted alone.

    `holds` says whether bytes may hold it: then a blob is written anew even where none of its rows is to change, since
    rows that were filtered out before it was written may have left their texts in it.
    """

    def __init__(
        self,
        file: LogFile,
        writer: Writer,
        blobs: Blobs,
        states: States,
        tables: Tables,
        upkeep: Upkeep,
        holds: Callable[[bytes], bool],
        *,
        dry_run: bool = False,
    ) -> None:
        self._file = file
        self._writer = writer
        self._blobs = blobs
        self._states = states
        self._tables = tables
        self._upkeep = upkeep
        self._holds = holds
        self._dry_run = dry_run

    def records(self, name: str, gone: Callable[[pl.DataFrame], NDArray[np.bool_]]) -> int:
        """Take the records out of a topic that are `gone`, of frames of RECORD: how many those were."""
        with self._file.reading() as connection:
            topic = topics.find(connection, name)
        return sum(self._of_batches(topic, gone))

    def _of_batches(self, topic: Topic, gone: Callable[[pl.DataFrame], NDArray[np.bool_]]) -> list[int]:
        counts = []
        for batches in chunks(self._file, self._blobs, topic, CHUNK_ROWS):
            for batch in batches:
                frame = batch.frame(*RECORD)
                out = gone(frame)
                if self._dry_run:
                    counts.append(int(out.sum()))
                elif out.any() or not batch.whole or self._remains(frame):  # not whole: retention took rows of it
                    rewrite = Rewrite(self._blobs, [batch], ~out)
                    self._writer.run(rewrite.write)
                    counts.append(int(out.sum()) if rewrite.written else 0)
        return counts

    def rows(self, table: str, change: Change) -> None:
        """Change rows of a table of the system, whose numbers stay."""
        with self._file.reading() as connection:
            found = [id_ for (id_,) in connection.rows("SELECT id FROM chunk WHERE name = ? ORDER BY id", table)]
        for id_ in found:
            with self._file.reading() as connection:
                crc, data = connection.execute(
                    "SELECT crc, frame FROM chunk WHERE name = ? AND id = ?", (table, id_)
                ).get
            changed = self._changed(self._tables.decoded(table, id_, crc, data), change)
            if changed is not None and not self._dry_run:
                blob = encode(without_remains(changed))
                values = (blob.crc, blob.data, table, id_)
                self._run("UPDATE chunk SET crc = ?, frame = ? WHERE name = ? AND id = ?", values)

    def states(self, change: Callable[[str, pl.DataFrame], pl.DataFrame | None]) -> None:
        """Change the states of pipelines, by name: those of checkpoints and savepoints."""
        for pipeline, row, blob in self._states.every():
            changed = self._changed(decode(blob), partial(change, pipeline))
            if changed is not None and not self._dry_run:
                self._states.put_again(row, encode(without_remains(changed)).data or b"")

    def texts(self, change: Callable[[str, bytes], bytes | None]) -> None:
        """Change small values, by the kind of what they are of (checkpoint, savepoint, fact, claim) and its name."""
        for kind, key, column in (
            ("checkpoint", "pipeline", "manifest"),
            ("savepoint", "name", "manifest"),
            ("fact", "key", "value"),
            ("claim", "scope || char(0) || key", "answer"),
        ):
            with self._file.reading() as connection:
                found = connection.rows(f"SELECT {key}, {column} FROM {kind}")
            for name, value in found:
                changed = change(f"{kind} {name}", value)
                if changed is not None and not self._dry_run:
                    crc = f", crc = {zlib.crc32(changed)}" if column == "manifest" else ""
                    self._run(f"UPDATE {kind} SET {column} = ?{crc} WHERE {key} = ?", (changed, name))

    def finish(self) -> None:
        """Give up what caches and deleted rows still hold, in the file and its WAL.

        Raises StorageError where another process has the log open and reads.
        """
        self._upkeep.drop_decoded()
        self._upkeep.free()
        self._file.vacuum()

    def _changed(self, frame: pl.DataFrame, change: Change) -> pl.DataFrame | None:
        changed = change(frame)
        return frame if changed is None and self._remains(frame) else changed

    def _remains(self, frame: pl.DataFrame) -> bool:
        return self._holds(frame.write_ipc_stream(None, compression="uncompressed").getvalue())

    def _run(self, sql: str, values: tuple[object, ...]) -> None:
        def work(write: Write) -> None:
            write.connection.execute(sql, values)

        self._writer.run(work)
