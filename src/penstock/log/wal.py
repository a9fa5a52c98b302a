"""Writing the WAL back into the file, beside the writers.

SQLite would do it inside some unlucky commit. Here a thread copies most of it without any lock, and takes
the write lock only for the little that came meanwhile, so that the next commit starts the WAL anew (a WAL
that is written over costs half of one that grows). It never waits for a reader.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WalKeeper"]

LIMIT_PAGES = 2_000
"""About 32 MB: larger ones save writes where pages change often, smaller ones recover quicker after a crash."""

PASSES = 2
LOCK_TRIES = 20
"""Of half a millisecond each, while the WAL is about as long as it may be."""
MOST_PATIENCE = 4
"""How many times that many, while writers of other processes let nobody in and the WAL grows."""


class WalKeeper:
    """Checkpoints the WAL of one file when it has grown.

    `connect` makes a connection of its own; the writers of this process hold `writing` while they write.
    """

    def __init__(self, connect: Callable[[], apsw.Connection], writing: threading.Lock) -> None:
        self._connect = connect
        self._writing = writing
        self._mutex = threading.Lock()
        self._grown = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.pages = 0
        """In the WAL after this process' last commit."""

    def committed(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        """SQLite's hook after each commit: `pages` are in the WAL."""
        self.pages = pages
        if pages >= LIMIT_PAGES and not self._grown.is_set():
            self._grown.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="penstock-wal", daemon=True)
                self._thread.start()
        return apsw.SQLITE_OK

    def checkpoint(self) -> None:
        """Write back all that no reader still needs. Raises apsw.Error, and nothing is lost by that."""
        with self._mutex:
            connection = self._connect()
            try:
                connection.set_busy_handler(self._wait_a_little)
                for _ in range(PASSES):
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                with self._writing:  # in turn: beside busy threads a poll for the file's lock seldom finds it free
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
            except apsw.BusyError:
                return  # a reader still needs it, or another process is at it: the next time will do
            finally:
                connection.close()

    def close(self) -> None:
        """Stop the thread."""
        self._closing = True
        self._grown.set()
        if self._thread is not None:
            self._thread.join()

    def _wait_a_little(self, tries: int) -> bool:
        """The longer the WAL has grown, the longer: who waits too briefly beside busy writers never gets the lock."""
        if tries >= LOCK_TRIES * min(max(1, self.pages // LIMIT_PAGES), MOST_PATIENCE):
            return False
        time.sleep(0.000_5)
        return True

    def _run(self) -> None:
        while not self._closing:  # which may have come during a checkpoint, before `clear`
            self._grown.wait()
            if self._closing:
                return
            # the WAL keeps what could not be written back; why, upkeep and the commits to come will say
            with suppress(apsw.Error):
                self.checkpoint()
            self._grown.clear()
