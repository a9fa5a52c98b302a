"""Rows into files, each shown once and whole, by size, rows and time, in folders by partition."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.filesystem.bucket_staging import BucketStaging
from penstock.connectors.filesystem.completion import Completion
from penstock.connectors.filesystem.folder import listed
from penstock.connectors.filesystem.naming import FileNames
from penstock.connectors.filesystem.options import (
    FILE_NAME,
    FILE_SIZE,
    HELD_SIZE,
    INACTIVITY,
    ROLLOVER,
    ROWS,
)
from penstock.connectors.filesystem.partitions import (
    by_folder,
    check_partition_types,
    folder_name,
    folder_value,
    unescaped,
)
from penstock.connectors.filesystem.parts import Part
from penstock.connectors.filesystem.staging import Finished, Showing, Staging, storage_error
from penstock.core.edges import Prepared
from penstock.core.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from penstock.connectors.filesystem.folder import Found
    from penstock.connectors.filesystem.options import FileTable
    from penstock.core.clock import Clock
    from penstock.core.edges import Transaction

__all__ = ["FileSink"]


class FileSink:
    """Writes the rows of one INSERT; `encode` makes a file's bytes of its rows.

    Rows of unfinished files are held, in memory and in the state. A finished file lies aside from the moment
    it is written; `prepare` gives it its name, `commit` shows it. With `overwrite` nothing is shown
    before the input has ended; then the partitions that got rows (a table without partitions: always) have
    these alone.
    """

    def __init__(
        self,
        table: FileTable,
        encode: Callable[[pl.DataFrame], bytes],
        ending: str,
        clock: Clock,
        *,
        overwrite: bool = False,
        staging: str = "",
    ) -> None:
        """`staging` names where files lie aside, if it is not to be a new place.

        Raises ConfigError and UnsupportedError for options that do not fit.
        """
        self.table = table
        self.overwrite = overwrite
        self._encode = encode
        self._ending = ending
        self._clock = clock
        self._names = FileNames(table.options.values[FILE_NAME], ending, table.where)
        self._completion = Completion.of(table)
        _require_fit(table, overwrite=overwrite)
        self._staging = _staging(table, staging or uuid.uuid4().hex[:12])
        self._parts: dict[str, Part] = {}
        self._held = 0
        """Bytes of memory of all parts."""
        self._finished: list[Finished] = []
        """Written aside, not yet shown."""
        self._replaced: list[str] = []
        self._number = 0
        self._ratio = 1.0
        """Bytes of a file for each byte of memory, of the last one written."""
        self._ended = False
        self._next_run = 0
        self._begun = False
        self._last_shown: list[str] = []
        """The files that the last checkpoint shows; they still lie aside if a crash came between."""
        self._referred = False
        """Whether a checkpoint may know of files that lie aside."""

    def _begin(self) -> None:
        """Before the first act: remove what a crash has left. (Whoever only looks at the state acts never.)"""
        if not self._begun:
            self._staging.begin()
            self._staging.sweep((f.staged for f in self._finished), self._last_shown)
            self._begun = True

    # -- rows in -----------------------------------------------------------------------------------

    def write(self, frame: pl.DataFrame) -> None:
        for folder, texts, rows in by_folder(frame, self.table.partitioned, self.table.default_name):
            self.add(folder, texts, rows)

    def add(self, folder: str, texts: tuple[str | None, ...], rows: pl.DataFrame) -> None:
        """Rows of one partition, its file columns alone; `texts` are in the name of its `folder`."""
        self._begin()
        values, now = self.table.options.values, self._clock.now_ms()
        part = self._parts.get(folder)
        if part is None:
            part = self._parts[folder] = Part(folder, now, now)
            if self._completion is not None:
                self._completion.note(folder, texts, now)
        self._held -= part.size
        part.add(rows, now)
        self._held += part.size
        most = values[ROWS]
        while most is not None and part.rows >= most:
            self._finish(part, most, now)
        if part.size * self._ratio >= values[FILE_SIZE]:
            self._finish(part, part.rows, now)
        while self._held > values[HELD_SIZE]:
            largest = max(self._parts.values(), key=lambda part: part.size)
            self._finish(largest, largest.rows, now)

    def _finish(self, part: Part, rows: int, now: int) -> None:
        """Write the oldest `rows` rows of a part aside, as a file."""
        if rows:
            frame = part.first(rows)
            data = self._encode(frame)
            staged = f"{self._number}{self._ending}.tmp"
            self._staging.write(staged, data)
            self._number += 1
            self._ratio = len(data) / max(frame.estimated_size(), 1)
            self._finished.append(Finished(staged, part.folder, frame.height))
        self._held -= part.size
        part.drop(rows)
        self._held += part.size
        part.opened = now
        if not part.rows:
            self._parts.pop(part.folder, None)

    # -- epochs ------------------------------------------------------------------------------------

    def advance(self, watermark: int) -> None:
        """Event time (ms) has come so far; the trigger partition-time waits for it."""
        if self._completion is not None:
            self._completion.watermark = max(self._completion.watermark, watermark)

    def finish(self) -> None:
        self._ended = True

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        showing = self.due()
        return Prepared(sum(f.rows for f in showing.files), showing.encode())

    def due(self) -> Showing:
        """What the coming commit shows; the files of it survive a power cut."""
        self._begin()
        now = self._clock.now_ms()
        complete = self._complete(now)
        for part in list(self._parts.values()):
            if self._ended or self._is_old(part, now) or part.folder in complete:
                self._finish(part, part.rows, now)
        self._staging.sync()
        if self.overwrite and not self._ended:
            return Showing([])
        files = self._named(now)
        self._finished = files
        markers = self._markers(complete, files)
        replaced = self._to_replace(files) if self.overwrite else []
        self._ended = False
        return Showing(files, markers, replaced)

    def _is_old(self, part: Part, now: int) -> bool:
        values = self.table.options.values
        return now - part.opened >= values[ROLLOVER] or now - part.touched >= values[INACTIVITY]

    def _complete(self, now: int) -> list[str]:
        """The partitions that are complete now, so that their open files are finished."""
        if self._completion is None or not (self._completion.waits or self._ended):
            return []
        return list(self._completion.pending) if self._ended else self._completion.due(now)

    def _named(self, now: int) -> list[Finished]:
        """The finished files with names that no file has."""
        given: set[tuple[str, str]] = set()
        files = []
        for file in self._finished:

            def taken(name: str, folder: str = file.folder) -> bool:
                return (folder, name) in given or self._staging.taken(folder, name)

            named = file._replace(name=self._names.next(now, taken))
            given.add((named.folder, named.name))
            files.append(named)
        return files

    def _markers(self, complete: list[str], files: list[Finished]) -> list[str]:
        if self._completion is None:
            return []
        if not (self._completion.waits or self._ended):
            complete = sorted({f.folder for f in files} & self._completion.pending.keys())
        self._completion.take(complete)
        return [f"{folder}/{self._completion.marker}" for folder in complete]

    def _to_replace(self, files: list[Finished]) -> list[str]:
        """The files, by their paths in the table's folder, whose rows the new ones replace."""
        if not self.table.path.is_dir():
            return []
        folders = {f.folder for f in files} if self.table.partitioned else {""}
        there = listed(self.table)
        return [f.name for f in there if not self.table.partitioned or _partition_of(f, self.table) in folders]

    def commit(self, token: bytes) -> None:
        self._begin()
        showing = Showing.decode(token)
        self._staging.show(showing)
        shown = {f.staged for f in showing.files}
        self._finished = [f for f in self._finished if f.staged not in shown]

    # -- state -------------------------------------------------------------------------------------

    @property
    def pending(self) -> list[pl.DataFrame]:
        """The rows of unfinished files, for those who look from inside the process."""
        table, frames = self.table, []
        for part in self._parts.values():
            texts = [unescaped(level.partition("=")[2]) for level in part.folder.split("/")]
            values = [
                folder_value(t, f, table.default_name, table.where)
                for t, f in zip(texts, table.partitioned, strict=False)
            ]
            columns = [pl.lit(v.item(), dtype=v.dtype).alias(v.name) for v in values]
            frames.append(part.first(part.rows).with_columns(columns))
        return frames

    @property
    def held_rows(self) -> int:
        return sum(p.rows for p in self._parts.values()) + sum(f.rows for f in self._finished if not f.name)

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        self._referred |= bool(self._finished)
        for part in self._parts.values():
            part.store(self._run_ids())
        metadata = {
            "staging": self._staging.id,
            "number": self._number,
            "next_run": self._next_run,
            "parts": [part.snapshot() for part in self._parts.values()],
            "finished": [tuple(f) for f in self._finished],
            "completion": self._completion.snapshot() if self._completion else None,
        }
        return metadata, {run.id: run.frame for part in self._parts.values() for run in part.runs}

    def _run_ids(self) -> Iterator[str]:
        while True:
            self._next_run += 1
            yield f"run-{self._next_run}"

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        self._staging = _staging(self.table, metadata["staging"])
        self._number = metadata["number"]
        self._next_run = metadata["next_run"]
        self._parts = {p.folder: p for p in (Part.of(data, frames) for data in metadata["parts"])}
        self._held = sum(part.size for part in self._parts.values())
        finished = [Finished(*f) for f in metadata["finished"]]
        self._finished = [f for f in finished if not f.name]
        if self._completion is not None and metadata["completion"] is not None:
            self._completion.restore(metadata["completion"])
        self._last_shown = [f.staged for f in finished if f.name]
        self._referred = True

    def close(self) -> None:
        if self._begun:
            self._staging.close(keep=self._referred)


def _require_fit(table: FileTable, *, overwrite: bool) -> None:
    """Raises ConfigError and UnsupportedError for what cannot be written."""
    check_partition_types(table.partitioned, table.where)
    if not table.columns:
        raise ConfigError(
            f"all columns of table {table.name} are in PARTITIONED BY, none is left for the files",
            code="partition-columns",
            where=table.where,
        )
    if overwrite and table.bucket is not None:
        raise UnsupportedError(
            f"INSERT OVERWRITE into {table.bucket.name} is not supported: a bucket replaces files one by one",
            code="overwrite-bucket",
            where=table.where,
            hint="use INSERT INTO, or a path of this machine",
        )
    with storage_error(table.where, f"looking at '{table.path}'"):
        is_file = table.bucket is None and table.path.exists() and not table.path.is_dir()
    if is_file:
        raise ConfigError(
            f"'{table.path}' is a file, and rows are written to a folder",
            code="path-file",
            where=table.where,
            hint="give the folder, or a new name for one",
        )


def _staging(table: FileTable, id_: str) -> Staging | BucketStaging:
    if table.bucket is not None:
        return BucketStaging(table.bucket, id_, table.where)
    return Staging(table.path, id_, table.where)


def _partition_of(file: Found, table: FileTable) -> str:
    return folder_name([f.name for f in table.partitioned], file.partition, table.default_name)
