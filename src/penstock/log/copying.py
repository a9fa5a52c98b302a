"""A copy of the log as of one moment, made beside its writers by SQLite's online backup."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import apsw

from penstock.core.errors import StorageError
from penstock.log.commit import NEXT_SEQ
from penstock.log.file import Connection
from penstock.log.schema import PAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.log.file import LogFile

__all__ = ["copy"]

STEP_PAGES = 256
"""What is copied between two tellings of progress."""


def copy(
    file: LogFile, target: Path, still: Callable[[], None] | None, progress: Callable[[int, int], None] | None
) -> int:
    """Copy the log to `target`, a file that is not there: the place of its last row.

    `still` is called at the moment of the copy, while nobody commits in any process: what belongs to the log and lies
    beside it can be looked at then. After that writers go on, and the WAL keeps what they write until the copy is done.
    `progress` is told (bytes copied, bytes in all). Raises StorageError.
    """
    if file.path is None:
        raise StorageError("a log in memory cannot be copied", code="storage-memory", hint="open a project's folder")
    with file.errors(), closing(file.connect()) as source:
        with file.writing():
            source.rows("BEGIN")
            last = int(source.execute(NEXT_SEQ).get) - 1  # the first read: from here on nothing changes for `source`
            if still is not None:
                still()
        page = int(source.execute("PRAGMA page_size").get)
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        with closing(Connection(str(target), flags=flags, vfs="cksmvfs")) as made:
            # a file that begins as a log's gets the checksum of each page as it is written
            made.reserve_bytes("main", 8)
            made.rows(
                f"PRAGMA page_size={PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=off;"
                "PRAGMA synchronous=off; CREATE TABLE begun(a)"
            )
            with made.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(STEP_PAGES)
                    if progress is not None:
                        progress((backup.page_count - backup.remaining) * page, backup.page_count * page)
    opened = os.open(target, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
    return last
