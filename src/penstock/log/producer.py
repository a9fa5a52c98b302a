"""Sending without waiting: the next appends are prepared, on all cores, while the last one is being synced."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from penstock.core.errors import StorageError

if TYPE_CHECKING:
    from concurrent.futures import Future

    import polars as pl

    from penstock.log.append import Append, Decoded
    from penstock.log.log import Log

__all__ = ["Producer"]

ENCODERS = 2
WAITING_ROWS = 65_536
"""`send` blocks while more than this is on its way."""


class Producer:
    """Appends in the order they are sent, several to a commit; for one thread, closed by its `with` block.

    An append that fails is raised by the next `send`, or by `flush`; the others are written all the same.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._state = threading.Condition()
        self._queue: deque[tuple[Append, Future[None]]] = deque()
        self._encoders = ThreadPoolExecutor(ENCODERS, "penstock-encoder")
        self._rows = 0
        self._busy = False
        self._closing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="penstock-producer", daemon=True)
        self._thread.start()

    def send(self, topic: str, records: pl.DataFrame, decoded: Decoded | None = None) -> Append:
        """As `Log.append`, but returns before it is committed; the `result` is there after `flush`."""
        self._log.admit(topic)
        append = self._log.checked(topic, records, decoded)
        with self._state:
            self._state.wait_for(lambda: self._rows < WAITING_ROWS or self._error is not None)
            self._raise()
            if self._closing:
                raise StorageError("this producer is closed", code="storage-closed")
            self._queue.append((append, self._encoders.submit(append.prepare_alone)))
            self._rows += records.height
            self._state.notify_all()
        return append

    def flush(self) -> None:
        """Return when everything sent is committed, or raise what stopped it."""
        with self._state:
            self._state.wait_for(lambda: not self._queue and not self._busy)
            self._raise()

    def close(self) -> None:
        """Flush and stop. Idempotent."""
        try:
            self.flush()
        finally:
            with self._state:
                self._closing = True
                self._state.notify_all()
            self._thread.join()
            self._encoders.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                sent = list(self._queue)
                self._queue.clear()
                self._busy = True
            error: BaseException | None = None
            for append, encoding in sent:
                append.error = encoding.exception()
                error = error or append.error
            try:
                self._log.submit(*(append for append, _ in sent if append.error is None))
            except BaseException as raised:  # noqa: BLE001  (handed to the thread that sends)
                error = error or raised
            with self._state:
                self._busy = False
                self._rows -= sum(append.records.height for append, _ in sent)
                self._error = self._error or error
                self._state.notify_all()
