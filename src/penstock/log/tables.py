"""Append-only tables of the system (rejects, late rows): typed Arrow frames, numbered row by row; and facts."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import CorruptLogError, LogError
from penstock.log.batch import Blob, decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log.commit import Write, Writer
    from penstock.log.file import LogFile

__all__ = ["Facts", "Kept", "Tables", "write_rows"]

MERGE_CHUNKS = 32
MERGED_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Kept:
    """What a table keeps: rows of the last `ms` by the column `time` (Int64 in ms, or a moment), and so many `bytes`.

    0: no limit.
    """

    time: str
    ms: int
    bytes: int


class Tables:
    """Append-only tables by name; rows are numbered from 1. Upkeep takes the oldest beyond what `kept` says."""

    def __init__(self, file: LogFile, writer: Writer) -> None:
        self._file = file
        self._writer = writer
        self.kept: dict[str, Kept] = {}
        self._newest: dict[str, tuple[int, int]] = {}
        """Of the oldest append of a table, its number and the time of its newest row."""

    def append(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows. A table's columns may grow; a column keeps its type."""
        blob = encode(frame)
        self._writer.run(lambda write: write_rows(write, table, frame.height, blob))

    def rows(self, table: str, after: int = 0, limit: int = 1_000_000) -> tuple[int, pl.DataFrame]:
        """Rows numbered above `after`, at most `limit`, and the number of the last; an empty frame if there are none.

        Raises CorruptLogError where they are damaged.
        """
        frames: list[pl.DataFrame] = []
        last, left = after, limit
        while left > 0:
            with self._file.reading() as connection:
                found = connection.execute(
                    "SELECT id, rows, crc, frame FROM chunk WHERE name = ? AND id > ? ORDER BY id LIMIT 1",
                    (table, last),
                ).get
            if found is None:
                break
            id_, rows, crc, data = found
            frame = self.decoded(table, id_, crc, data)
            frame = frame.slice(max(0, last - (id_ - rows)), left)
            last = max(last, id_ - rows) + frame.height
            left -= frame.height
            frames.append(frame)
        return last, pl.concat(frames, how="diagonal") if frames else pl.DataFrame()

    def rows_before(self, table: str, before: int) -> tuple[int, pl.DataFrame]:
        """The last rows numbered below `before`, as many as lie together, and the number of their first.

        An empty frame if there are none. Raises CorruptLogError where they are damaged.
        """
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT id, rows, crc, frame FROM chunk WHERE name = ? AND id - rows < ? - 1 ORDER BY id DESC LIMIT 1",
                (table, before),
            ).get
        if found is None:
            return 0, pl.DataFrame()
        id_, rows, crc, data = found
        first = id_ - rows + 1
        return first, self.decoded(table, id_, crc, data).head(before - first)

    def names(self) -> list[str]:
        """Tables that have rows."""
        with self._file.reading() as connection:
            return [name for (name,) in connection.rows("SELECT DISTINCT name FROM chunk ORDER BY name")]

    def drop(self, table: str) -> None:
        """Remove all rows; numbers begin at 1 again."""

        def delete(write: Write) -> None:
            write.connection.execute("DELETE FROM chunk WHERE name = ?", (table,))

        self._writer.run(delete)

    def retain(self, table: str, now_ms: int) -> int:
        """Take the oldest appends beyond what is kept; how many rows those had. The newest one stays."""
        kept = self.kept.get(table)
        if kept is None:
            return 0
        with self._file.reading() as connection:
            sql = "SELECT id, rows, length(frame) FROM chunk WHERE name = ? ORDER BY id"
            chunks = connection.rows(sql, table)
        size = sum(size for _, _, size in chunks)
        gone = last = 0
        for id_, rows, bytes_ in chunks[:-1]:
            too_much = kept.bytes and size > kept.bytes
            if not too_much and not (kept.ms and self._newest_of(table, id_, kept.time) < now_ms - kept.ms):
                break
            gone, last, size = gone + rows, id_, size - bytes_
        if last:
            sql = "DELETE FROM chunk WHERE name = ? AND id <= ?"

            def delete(write: Write) -> None:
                write.connection.execute(sql, (table, last))

            self._writer.run_aside(delete)
        return gone

    def _newest_of(self, table: str, id_: int, time: str) -> int:
        known = self._newest.get(table)
        if known is not None and known[0] == id_:
            return known[1]
        with self._file.reading() as connection:
            sql = "SELECT crc, frame FROM chunk WHERE name = ? AND id = ?"
            crc, data = connection.execute(sql, (table, id_)).get
        column = self.decoded(table, id_, crc, data)[time]
        times = column if column.dtype == pl.Int64 else column.dt.epoch("ms")
        self._newest[table] = id_, int(times.fill_null(0).to_numpy().max(initial=0))
        return self._newest[table][1]

    def merge(self, table: str) -> bool:
        """Join the next run of small appends of `table`; False when there is none."""
        with self._file.reading() as connection:
            chunks = connection.rows("SELECT id, rows FROM chunk WHERE name = ? ORDER BY id", table)
        run = _run(chunks)
        if not run:
            return False
        first, last = run[0][0] - run[0][1], run[-1][0]
        rows = sum(rows for _, rows in run)
        _, frame = self.rows(table, first, rows)
        blob = encode(frame)

        def work(write: Write) -> None:
            write.connection.execute("DELETE FROM chunk WHERE name = ? AND id > ? AND id <= ?", (table, first, last))
            write.connection.execute(
                "INSERT INTO chunk VALUES (?, ?, ?, ?, ?)", (table, last, rows, blob.crc, blob.data)
            )

        self._writer.run(work)
        return True

    def decoded(self, table: str, id_: int, crc: int, data: bytes) -> pl.DataFrame:
        """The rows of `table` up to number `id_`, as they are stored. Raises CorruptLogError."""
        if zlib.crc32(data) != crc:
            raise CorruptLogError(
                f"rows of table '{table}' up to number {id_} do not match their checksum",
                where=f"in {self._file.name}",
                hint="restore the file from a copy",
            )
        return decode(data)


class Facts:
    """Small keys and values."""

    def __init__(self, file: LogFile, writer: Writer) -> None:
        self._file = file
        self._writer = writer

    def get(self, key: str) -> bytes | None:
        with self._file.reading() as connection:
            value: bytes | None = connection.execute("SELECT value FROM fact WHERE key = ?", (key,)).get
            return value

    def put(self, key: str, value: bytes) -> None:
        """Set or replace."""
        self._writer.run(lambda write: put_fact(write, key, value))

    def delete(self, key: str) -> None:
        """Nothing happens where it is not there."""
        self._writer.run(lambda write: delete_fact(write, key))

    def swap(self, seen: Mapping[str, bytes | None], put: Mapping[str, bytes | None]) -> bool:
        """Put facts (None deletes one) if those in `seen` are still as they were seen; whether they were."""
        swapped = False

        def work(write: Write) -> None:
            nonlocal swapped
            swapped = all(_fact(write, key) == value for key, value in seen.items())
            for key, value in put.items() if swapped else ():
                delete_fact(write, key) if value is None else put_fact(write, key, value)

        self._writer.run(work)
        return swapped

    def scan(self, prefix: str) -> dict[str, bytes]:
        """All facts whose key starts so, by key."""
        with self._file.reading() as connection:
            rows = connection.rows(
                "SELECT key, value FROM fact WHERE key >= ? AND key < ? ORDER BY key", prefix, prefix + "\U0010ffff"
            )
            return dict(rows)


def write_rows(write: Write, table: str, rows: int, blob: Blob) -> None:
    """Add an encoded frame of `rows` rows to `table`."""
    if rows:
        write.connection.execute(
            "INSERT INTO chunk SELECT ?, ? + ifnull(max(id), 0), ?, ?, ? FROM chunk WHERE name = ?",
            (table, rows, rows, blob.crc, blob.data, table),
        )


def put_fact(write: Write, key: str, value: bytes) -> None:
    write.connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (key, value))


def require_fact(write: Write, key: str, value: bytes | None) -> None:
    """Raises LogError where a fact is not `value`, or there is one and that is None."""
    if _fact(write, key) != value:
        raise LogError(
            f"somebody else has changed '{key}' at the same time", code="fact-changed", hint="look at it, and try again"
        )


def _fact(write: Write, key: str) -> bytes | None:
    value: bytes | None = write.connection.execute("SELECT value FROM fact WHERE key = ?", (key,)).get
    return value


def delete_fact(write: Write, key: str) -> None:
    write.connection.execute("DELETE FROM fact WHERE key = ?", (key,))


def _run(chunks: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The first run of at least MERGE_CHUNKS neighbours (id, rows), none of which is most of the run."""
    for start in range(len(chunks) - MERGE_CHUNKS + 1):
        run = chunks[start : start + MERGE_CHUNKS]
        total = sum(rows for _, rows in run)
        if total <= MERGED_ROWS and 2 * max(rows for _, rows in run) <= total:
            return run
    return []
