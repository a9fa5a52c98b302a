"""Everything that writes goes through one `Writer`, and threads that write at the same time share a commit.

The first thread to come leads: it takes what has queued up while the last commit was syncing, lets
requests of the same key join into one (small appends to one topic share a stored batch), builds their
blobs, and only then takes the write lock of the file.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from penstock.core.errors import StorageError
from penstock.log.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from penstock.core.clock import Clock
    from penstock.log.file import Connection, LogFile
    from penstock.log.topic import Topic

__all__ = ["Request", "Work", "Write", "Writer"]

NEXT_SEQ = "SELECT 1 + max((SELECT value FROM meta WHERE key = 'seq'), ifnull((SELECT max(id) FROM data), 0))"


GATHER_SECONDS = 0.000_3
"""How long a commit waits for those who shared the last one; a sync takes about as long."""


PAUSE_SECONDS = 0.001
"""Longer than the poll of a process that waits for the write lock."""


class Write:
    """One open write transaction: its connection, its time, the numbers it has taken, `records` and their `bytes`."""

    __slots__ = ("_next", "bytes", "connection", "now_ms", "records")

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.records = 0
        self.bytes = 0
        self._next = 0

    def take(self, rows: int) -> int:
        """The first of `rows` new places in the order of the log."""
        first: int = self._next or self.connection.execute(NEXT_SEQ).get
        self._next = first + rows
        self.records += rows
        return first

    @property
    def moved(self) -> bool:
        """Whether rows were appended."""
        return self._next > 0


class Request:
    """One thread's wish to write; `write` runs inside the transaction, perhaps again after a rollback."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Ready to be submitted (again)."""
        self.error: BaseException | None = None
        self.done = False
        self.turn = threading.Lock()
        self.turn.acquire()

    @property
    def key(self) -> Hashable | None:
        """Requests of one group with equal keys are joined; None: never."""
        return None

    def joined(self, others: Sequence[Self]) -> Request:
        """One request that writes this and `others`, and tells each of them its result."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Build what can be built before the file is locked; called again after a rollback."""

    def write(self, write: Write) -> None:
        raise NotImplementedError

    def renew(self, find: Callable[[str], Topic]) -> None:
        """Prepare it for its topics as they are now."""


class Work(Request):
    """A request that is one function."""

    def __init__(self, work: Callable[[Write], None]) -> None:
        super().__init__()
        self._work = work

    def write(self, write: Write) -> None:
        self._work(write)


class Writer:
    """Commits requests in groups, one group at a time; `committed(moved)` is called after each commit."""

    def __init__(self, file: LogFile, clock: Clock, committed: Callable[[bool], None]) -> None:
        self._file = file
        self._clock = clock
        self._committed = committed
        self.traffic = Traffic()
        self._mutex = threading.Lock()
        self._queue: deque[Request] = deque()
        self._leader: Request | None = None
        self._expected = 1
        self._gathering = False
        self._gathered = threading.Semaphore(0)

    def submit(self, *requests: Request) -> None:
        """Return when each is committed (and, with full durability, synced) or has its `error`.

        They are committed in their order, together if nothing else is going on.
        """
        with self._mutex:
            self._queue.extend(requests)
            if self._gathering and len(self._queue) + 1 >= self._expected:
                self._gathering = False
                self._gathered.release()
            if self._leader is None:
                self._leader = self._queue.popleft()
                self._leader.turn.release()
        try:
            for request in requests:
                request.turn.acquire()
                if not request.done:
                    self._lead(request)
        except BaseException:
            self._withdraw(requests)
            raise

    def run(self, work: Callable[[Write], None]) -> None:
        """Submit one function, and raise what stopped it."""
        request = Work(work)
        self.submit(request)
        if request.error is not None:
            raise request.error

    def run_aside(self, work: Callable[[Write], None]) -> None:
        """As `run`, for one of many steps of background work: other processes get their turn after it."""
        self.run(work)
        time.sleep(PAUSE_SECONDS)

    def _withdraw(self, requests: Sequence[Request]) -> None:
        """After an interrupt: what waits is taken back, a lead is passed on, what is being committed goes on."""
        with self._mutex:
            self._queue = deque(waiting for waiting in self._queue if waiting not in requests)
            leads = self._leader in requests
        if leads:
            self._pass_on()

    def _lead(self, request: Request) -> None:
        group = self._gather(request)
        try:
            self._commit(group)
        finally:
            self._pass_on()
            for member in group:
                member.done = True
                member.turn.release()

    def _gather(self, request: Request) -> list[Request]:
        """The requests to commit with this one: a moment is given to those who came with the last."""
        with self._mutex:
            self._gathering = len(self._queue) + 1 < self._expected
            waiting = self._gathering
        if waiting and not self._gathered.acquire(timeout=GATHER_SECONDS):
            with self._mutex:
                if not self._gathering:
                    self._gathered.acquire()  # released in the meantime
        with self._mutex:
            self._gathering = False
            group = [request, *self._queue]
            self._queue.clear()
            self._expected = len(group)
        return group

    def _pass_on(self) -> None:
        with self._mutex:
            self._leader = self._queue.popleft() if self._queue else None
            if self._leader is not None:
                self._leader.turn.release()

    def _commit(self, group: list[Request]) -> None:
        try:
            self._write(_join(group))
        except Exception as error:  # noqa: BLE001  (handed to the thread that asked)
            if len(group) == 1:
                group[0].error = error
                return
            for request in group:  # one of them is at fault: the others must not suffer
                self._commit([request])
        except BaseException:
            for request in group:
                request.error = StorageError(
                    "the commit was interrupted: it may have happened or not",
                    code="storage-interrupted",
                    hint="look whether the rows are there before writing them again",
                )
            raise

    def _write(self, requests: list[Request]) -> None:
        for request in requests:
            request.prepare()
        began = time.perf_counter()
        with self._file.writing() as connection:
            write = Write(connection, self._clock.now_ms())
            for request in requests:
                request.write(write)
        self.traffic.seconds.add(time.perf_counter() - began)
        self.traffic.records += write.records
        self.traffic.bytes += write.bytes
        self._committed(write.moved)


def _join(group: list[Request]) -> list[Request]:
    if len(group) == 1:
        return group
    alike: dict[Hashable, list[Request]] = {}
    for request in group:
        alike.setdefault(id(request) if request.key is None else request.key, []).append(request)
    return [same[0] if len(same) == 1 else same[0].joined(same[1:]) for same in alike.values()]
