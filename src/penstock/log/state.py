"""Durable state of pipelines: blobs staged in small transactions, made valid by a checkpoint; savepoints.

A blob is staged under an id in the coming epoch and cannot be seen until a checkpoint lists it as live.
What a checkpoint no longer lists is forgotten at once, and its bytes are freed by upkeep, a little at a
time, so that no commit pays for it.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from penstock.core.errors import CorruptLogError, StateError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from penstock.log.commit import Write, Writer
    from penstock.log.file import Connection, LogFile

__all__ = ["Checkpoint", "Savepoint", "States", "drop_checkpoint"]

DEAD, VALID, STAGED = 0, 1, 2
SWEEPABLE = f"s.stage = {DEAD} AND NOT EXISTS (SELECT 1 FROM savepoint_state p WHERE p.row = s.row)"
PIECE_BITS = 20
STAGE_BYTES = 1 << 20
"""What one staging transaction writes, so that others who append wait a few ms at most."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last checkpoint of a pipeline; `manifest` is the engine's, `time_ms` since 1970."""

    pipeline: str
    epoch: int
    time_ms: int
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Savepoint:
    """A checkpoint kept by name."""

    name: str
    pipeline: str
    epoch: int
    time_ms: int


class States:
    """State of all pipelines of a log; each pipeline has one writer at a time."""

    def __init__(self, file: LogFile, writer: Writer) -> None:
        self._file = file
        self._writer = writer
        self._mutex = threading.Lock()
        self._staged: dict[str, dict[str, int]] = {}

    def stage(self, pipeline: str, epoch: int, blobs: Mapping[str, bytes]) -> None:
        """Write `blobs` ahead of the checkpoint of `epoch`, about a megabyte a transaction."""
        rows: dict[str, int] = {}
        for part in _parts(blobs):
            self._writer.run_aside(lambda write, part=part: _insert(write, pipeline, epoch, part, rows))  # type: ignore[misc]
        with self._mutex:
            self._staged.setdefault(pipeline, {}).update(rows)

    def checkpoint(self, pipeline: str) -> Checkpoint | None:
        """The last one, or None. Raises CorruptLogError where it is damaged."""
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT epoch, time, manifest, crc FROM checkpoint WHERE pipeline = ?", (pipeline,)
            ).get
        if found is None:
            return None
        epoch, time_ms, manifest, crc = found
        return Checkpoint(pipeline, epoch, time_ms, self._verified(manifest, crc, f"the checkpoint of {pipeline}"))

    def checkpoints(self) -> list[Checkpoint]:
        """The last one of each pipeline, by name."""
        with self._file.reading() as connection:
            names = [name for (name,) in connection.rows("SELECT pipeline FROM checkpoint ORDER BY pipeline")]
        return [found for name in names if (found := self.checkpoint(name)) is not None]

    def resume(self, pipeline: str) -> Checkpoint | None:
        """The last checkpoint, for a pipeline that starts from it: what an earlier attempt staged is forgotten."""
        self.settle(pipeline)
        return self.checkpoint(pipeline)

    def load(self, pipeline: str, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The blobs that the last checkpoint made valid, one at a time.

        Raises StateError for an id it does not have, CorruptLogError for a damaged one.
        """
        for id_ in ids:
            with self._file.reading() as connection:
                found = connection.execute(
                    "SELECT row, bytes FROM state WHERE pipeline = ? AND stage = ? AND id = ?", (pipeline, VALID, id_)
                ).get
                if found is None:
                    raise StateError(
                        f"the checkpoint of pipeline '{pipeline}' has no state '{id_}'", code="state-missing"
                    )
                pieces = connection.rows(
                    "SELECT bytes, crc FROM state_data WHERE piece BETWEEN ? AND ? ORDER BY piece", *_pieces(found[0])
                )
            what = f"state '{id_}' of pipeline '{pipeline}'"
            blob = b"".join(self._verified(piece, crc, what) for piece, crc in pieces)
            if len(blob) != found[1]:
                self._raise_damaged(what)
            yield id_, blob

    def every(self) -> Iterator[tuple[str, int, bytes]]:
        """All blobs of all checkpoints and savepoints: the pipeline, the row that `put_again` wants, the bytes.

        What is staged is dropped: no pipeline runs meanwhile.
        """

        def drop(write: Write) -> None:
            write.connection.execute("UPDATE state SET stage = 0 WHERE stage = ?", (STAGED,))

        self._writer.run(drop)
        with self._file.reading() as connection:
            found = connection.rows(f"SELECT pipeline, row, id FROM state s WHERE NOT ({SWEEPABLE}) ORDER BY row")
        for pipeline, row, id_ in found:
            with self._file.reading() as connection:
                sql = "SELECT bytes, crc FROM state_data WHERE piece BETWEEN ? AND ? ORDER BY piece"
                pieces = connection.rows(sql, *_pieces(row))
            what = f"state '{id_}' of pipeline '{pipeline}'"
            yield pipeline, row, b"".join(self._verified(piece, crc, what) for piece, crc in pieces)

    def put_again(self, row: int, blob: bytes) -> None:
        """Put other bytes in the place of a blob."""

        def work(write: Write) -> None:
            connection = write.connection
            connection.execute("DELETE FROM state_data WHERE piece BETWEEN ? AND ?", _pieces(row))
            for part in _parts({"": blob}):
                _insert_pieces(write, row, part)
            connection.execute("UPDATE state SET bytes = ? WHERE row = ?", (len(blob), row))

        self._writer.run(work)

    def ids(self, pipeline: str) -> set[str]:
        """The ids that the last checkpoint made valid."""
        with self._file.reading() as connection:
            return {id_ for _, id_ in _rows(connection, pipeline, VALID)}

    def drop_pipeline(self, pipeline: str) -> None:
        """Forget its checkpoint and state; savepoints keep theirs."""
        self._writer.run(lambda write: drop_checkpoint(write, pipeline))
        self.settle(pipeline)

    def put(
        self,
        write: Write,
        pipeline: str,
        epoch: int,
        manifest: bytes,
        state: Mapping[str, bytes],
        live: Collection[str],
    ) -> None:
        """Make exactly the ids in `live` valid: from `state`, from what was staged, or from before."""
        connection = write.connection
        with self._mutex:
            fresh = dict(self._staged.get(pipeline, {}))
        for part in _parts(state):
            _insert(write, pipeline, epoch, part, fresh)
        valid = {id_: row for row, id_ in _rows(connection, pipeline, VALID)}
        staged = {row for row, _ in _rows(connection, pipeline, STAGED)}
        kept = {id_: fresh.get(id_, valid.get(id_)) for id_ in live}
        missing = sorted(id_ for id_, row in kept.items() if row is None)
        if missing:
            raise StateError(
                f"checkpoint {epoch} of pipeline '{pipeline}' names state '{missing[0]}', which was never written",
                code="state-missing",
            )
        rows = set(kept.values())
        connection.executemany("UPDATE state SET stage = 1 WHERE row = ?", [(row,) for row in rows & staged])
        gone = (staged | set(valid.values())) - rows
        connection.executemany("UPDATE state SET stage = 0 WHERE row = ?", [(row,) for row in gone])
        connection.execute(
            "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)",
            (pipeline, epoch, write.now_ms, zlib.crc32(manifest), manifest),
        )

    def settle(self, pipeline: str) -> None:
        """Forget what was staged: its checkpoint is committed."""
        with self._mutex:
            self._staged.pop(pipeline, None)

    def create_savepoint(self, name: str, pipeline: str) -> Savepoint:
        """Keep the last checkpoint by `name`. Raises StateError where the name is taken or there is none."""

        def work(write: Write) -> None:
            connection = write.connection
            if connection.execute("SELECT 1 FROM savepoint WHERE name = ?", (name,)).get:
                raise StateError(f"savepoint '{name}' exists", code="savepoint-exists", hint="choose another name")
            connection.execute(
                "INSERT INTO savepoint SELECT ?, pipeline, epoch, time, crc, manifest FROM checkpoint "
                "WHERE pipeline = ?",
                (name, pipeline),
            )
            if not connection.changes():
                raise StateError(
                    f"pipeline '{pipeline}' has no checkpoint to keep", code="savepoint-empty", hint="run it first"
                )
            connection.execute(
                "INSERT INTO savepoint_state SELECT ?, row FROM state WHERE pipeline = ? AND stage = ?",
                (name, pipeline, VALID),
            )

        self._writer.run(work)
        return next(one for one in self.savepoints() if one.name == name)

    def savepoints(self) -> list[Savepoint]:
        """By name."""
        with self._file.reading() as connection:
            rows = connection.rows("SELECT name, pipeline, epoch, time FROM savepoint ORDER BY name")
            return [Savepoint(*row) for row in rows]

    def manifest_of_savepoint(self, name: str) -> bytes:
        """The manifest of the checkpoint that it keeps. Raises StateError where there is no such savepoint."""
        with self._file.reading() as connection:
            self._pipeline_of(connection, name)
            found = connection.execute("SELECT manifest FROM savepoint WHERE name = ?", (name,)).get
            return bytes(found)

    def restore_savepoint(self, name: str) -> Checkpoint:
        """Make it the checkpoint of its pipeline again. Raises StateError where there is no such savepoint."""
        restored: list[str] = []
        self._writer.run(lambda write: restored.append(self.put_back(write, name)))
        self.settle(restored[-1])
        found = self.checkpoint(restored[-1])
        if found is None:
            raise StateError(f"savepoint '{name}' was dropped while it was restored", code="savepoint-unknown")
        return found

    def put_back(self, write: Write, name: str) -> str:
        """Make a savepoint the checkpoint of its pipeline again, whose name is given.

        Raises StateError where there is no such savepoint.
        """
        pipeline = self._pipeline_of(write.connection, name)
        write.connection.execute("UPDATE state SET stage = 0 WHERE pipeline = ? AND stage > 0", (pipeline,))
        write.connection.execute(
            "UPDATE state SET stage = 1 WHERE row IN (SELECT row FROM savepoint_state WHERE name = ?)", (name,)
        )
        write.connection.execute(
            "INSERT OR REPLACE INTO checkpoint SELECT pipeline, epoch, time, crc, manifest FROM savepoint "
            "WHERE name = ?",
            (name,),
        )
        return pipeline

    def drop_savepoint(self, name: str) -> None:
        """Forget it. Raises StateError where there is no such savepoint."""

        def work(write: Write) -> None:
            self._pipeline_of(write.connection, name)
            write.connection.execute("DELETE FROM savepoint WHERE name = ?", (name,))
            write.connection.execute("DELETE FROM savepoint_state WHERE name = ?", (name,))

        self._writer.run(work)

    def sweep(self, limit_bytes: int) -> int:
        """Free the bytes of forgotten blobs, about `limit_bytes` of them; 0 when there are none."""
        swept = 0
        with self._file.reading() as connection:
            if connection.execute(f"SELECT 1 FROM state s WHERE {SWEEPABLE} LIMIT 1").get is None:
                return 0

        def work(write: Write) -> None:
            nonlocal swept
            connection = write.connection
            dead = connection.rows(f"SELECT row FROM state s WHERE {SWEEPABLE} LIMIT 100")
            total = 0
            for (row,) in dead:
                pieces = connection.rows(
                    "SELECT piece, length(bytes) FROM state_data WHERE piece BETWEEN ? AND ? LIMIT 16", *_pieces(row)
                )
                for piece, size in pieces:
                    connection.execute("DELETE FROM state_data WHERE piece = ?", (piece,))
                    total += size
                if len(pieces) < 16:
                    connection.execute("DELETE FROM state WHERE row = ?", (row,))
                swept += 1
                if total >= limit_bytes:
                    break

        self._writer.run_aside(work)
        return swept

    def _pipeline_of(self, connection: Connection, name: str) -> str:
        pipeline: str | None = connection.execute("SELECT pipeline FROM savepoint WHERE name = ?", (name,)).get
        if pipeline is None:
            known = [one for (one,) in connection.rows("SELECT name FROM savepoint ORDER BY name")]
            raise StateError(
                f"there is no savepoint '{name}'",
                code="savepoint-unknown",
                hint=did_you_mean(name, known)
                or (f"there are {', '.join(known[:20])}" if known else "no savepoint exists yet"),
            )
        return pipeline

    def _verified(self, blob: bytes, crc: int, what: str) -> bytes:
        if zlib.crc32(blob) != crc:
            self._raise_damaged(what)
        return blob

    def _raise_damaged(self, what: str) -> NoReturn:
        raise CorruptLogError(
            f"{what} does not match its checksum",
            where=f"in {self._file.name}",
            hint="restore the file from a copy, or start the pipeline afresh from its topics",
        )


def drop_checkpoint(write: Write, pipeline: str) -> None:
    """Forget the checkpoint and the state of a pipeline; savepoints keep theirs."""
    write.connection.execute("DELETE FROM checkpoint WHERE pipeline = ?", (pipeline,))
    write.connection.execute("UPDATE state SET stage = 0 WHERE pipeline = ? AND stage > 0", (pipeline,))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a blob that one staging transaction takes."""

    id: str
    rank: int
    whole_bytes: int
    crc: int
    data: memoryview


def _parts(blobs: Mapping[str, bytes]) -> Iterator[list[_Piece]]:
    """Pieces of about a megabyte together."""
    part: list[_Piece] = []
    size = 0
    for id_, blob in blobs.items():
        view = memoryview(blob)
        for rank, start in enumerate(range(0, max(1, len(blob)), STAGE_BYTES)):
            piece = view[start : start + STAGE_BYTES]
            part.append(_Piece(id_, rank, len(blob), zlib.crc32(piece), piece))
            size += len(piece)
            if size >= STAGE_BYTES:
                yield part
                part, size = [], 0
    if part:
        yield part


def _insert(write: Write, pipeline: str, epoch: int, part: list[_Piece], rows: dict[str, int]) -> None:
    """Insert pieces, and note the row of each blob that begins."""
    connection = write.connection
    for piece in part:
        if piece.rank == 0:
            connection.execute(
                "INSERT INTO state(pipeline, stage, id, epoch, bytes) VALUES (?, ?, ?, ?, ?)",
                (pipeline, STAGED, piece.id, epoch, piece.whole_bytes),
            )
            rows[piece.id] = connection.last_insert_rowid()
        _insert_pieces(write, rows[piece.id], [piece])


def _insert_pieces(write: Write, row: int, pieces: list[_Piece]) -> None:
    for piece in pieces:
        number = (row << PIECE_BITS) + piece.rank
        write.connection.execute("INSERT INTO state_data VALUES (?, ?, ?)", (number, piece.crc, piece.data))


def _pieces(row: int) -> tuple[int, int]:
    """The first and last number that a piece of a blob can have."""
    return row << PIECE_BITS, ((row + 1) << PIECE_BITS) - 1


def _rows(connection: Connection, pipeline: str, stage: int) -> list[tuple[int, str]]:
    return connection.rows("SELECT row, id FROM state WHERE pipeline = ? AND stage = ?", pipeline, stage)
