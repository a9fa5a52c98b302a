"""`Log`: the embedded durable log of a project, one SQLite file. Kafka's words and behaviour."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import numpy as np

from penstock.core.clock import Clock, SystemClock
from penstock.core.errors import LogError
from penstock.log import seek
from penstock.log import topic as topics
from penstock.log.append import Append, Appended, Decoded, TopicChanged, put_decoded
from penstock.log.batch import encode
from penstock.log.blobs import Blobs
from penstock.log.claims import Claims
from penstock.log.commit import NEXT_SEQ, Writer
from penstock.log.copying import copy
from penstock.log.erasing import Erasing
from penstock.log.file import Durability, LogFile
from penstock.log.groups import Groups
from penstock.log.migrating import migrate
from penstock.log.poll import Poll, poll
from penstock.log.producer import Producer
from penstock.log.recent import Recent, recent
from penstock.log.records import checked
from penstock.log.room import Room
from penstock.log.state import States
from penstock.log.tables import Facts, Tables
from penstock.log.traffic import Held, Traffic, held
from penstock.log.transaction import Transaction, check_decoded
from penstock.log.upkeep import Upkeep
from penstock.log.verify import Verified, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from penstock.log.commit import Request
    from penstock.log.seek import PartitionInfo
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["Log"]

POLL_SECONDS = 0.005
"""How often a waiting reader looks whether another process has committed (some microseconds each)."""

READ_ROWS = 32_768
READ_BYTES = 16 << 20


class Log:
    """A project's log. Threads may share it, and other processes may have it open at the same time.

    `groups`, `state`, `tables`, `facts`, `claims`, `upkeep` and `room` are its parts beside the topics.
    """

    def __init__(
        self, file: LogFile, clock: Clock, least_free: int = 0, require: Callable[[], None] | None = None
    ) -> None:
        self._file = file
        self._require = require
        self.limits: Mapping[str, Mapping[str, str]] = {}
        """Configs that topics of these names are made with, whatever their maker says."""
        self.room = Room(file.path.parent if file.path is not None else None, least_free)
        self._clock = clock
        self._moved = threading.Condition()
        self._turns: dict[int, int] = {}
        self._topics: dict[str, Topic] = {}
        self._blobs = Blobs(file)
        self._writer = Writer(file, clock, self._committed)
        self.groups = Groups(file, self._writer, self._blobs)
        self.state = States(file, self._writer)
        self.tables = Tables(file, self._writer)
        self.facts = Facts(file, self._writer)
        self.claims = Claims(file, self._writer, clock)
        self.upkeep = Upkeep(file, self._writer, self._blobs, self.state, self.tables, self.claims, clock)

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        durability: Durability = "full",
        clock: Clock | None = None,
        read_only: bool = False,
        salvage: bool = False,
        least_free: int = 0,
        require: Callable[[], None] | None = None,
    ) -> Self:
        """The log at `path`, made if it is not there; None: in memory, gone when closed.

        With durability `full` an acknowledged append survives a power cut, with `relaxed` the death of the
        process. With less than `least_free` bytes on the disk nothing is appended, and nothing
        where `require` raises: see `admit`.
        `salvage` goes on without commits that a crash left and damage made unreadable, which is an
        error otherwise. A log of an older format is migrated (unless it is read alone), after a copy of it was made
        beside it. Raises StorageError, LogError or CorruptLogError where it cannot be opened.
        """
        file = LogFile(path, durability, read_only=read_only, salvage=salvage)
        if not read_only:
            try:
                migrate(file)
            except BaseException:
                file.close()
                raise
        return cls(file, clock or SystemClock(), least_free, require)

    @property
    def path(self) -> Path | None:
        return self._file.path

    def close(self) -> None:
        """Idempotent."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # topics

    def create_topic(self, name: str, partitions: int = 1, configs: Mapping[str, object] | None = None) -> Topic:
        """Raises LogError for a bad or taken name, ConfigError for a config that is none of `TOPIC_OPTIONS`."""
        wanted = {**(configs or {}), **self.limits.get(name, {})}
        self._writer.run(lambda write: topics.create(write, name, partitions, wanted))
        return self.topic(name)

    def ensure_topic(self, name: str, partitions: int = 1, configs: Mapping[str, object] | None = None) -> bool:
        """Make a topic where it is missing, which others may do just now; whether it was. Raises as `create_topic`."""
        if name in {topic.name for topic in self.topics()}:
            return False
        try:
            self.create_topic(name, partitions, configs)
        except LogError as error:
            if error.code != "topic-exists":
                raise
            return False
        return True

    def alter_topic(
        self, name: str, partitions: int | None = None, configs: Mapping[str, object | None] | None = None
    ) -> Topic:
        """More partitions, other configs (None unsets one). Raises LogError and ConfigError as `create_topic`."""
        self._writer.run(lambda write: topics.alter(write, name, partitions, configs or {}))
        return self.topic(name)

    def delete_topic(self, name: str) -> None:
        """Raises LogError where there is no such topic. Its bytes are freed by upkeep."""
        self._writer.run(lambda write: topics.delete(write, name))
        self._topics.pop(name, None)

    def topic(self, name: str) -> Topic:
        """Raises LogError with the closest name, where there is no such topic."""
        with self._file.reading() as connection:
            topic = topics.find(connection, name)
        self._topics[name] = topic
        return topic

    def latest(self, name: str) -> Topic:
        """The topic as this process has seen it last, or looked up: an append finds out whether it is so still."""
        return self._topics.get(name) or self.topic(name)

    def topics(self) -> list[Topic]:
        """By name."""
        with self._file.reading() as connection:
            return topics.find_all(connection)

    def has(self, topic: str) -> bool:
        """Whether there is a topic of that name."""
        return any(one.name == topic for one in self.topics())

    def describe(self, name: str) -> list[PartitionInfo]:
        """What each partition of a topic holds."""
        with self._file.reading() as connection:
            return seek.describe(connection, self._blobs, topics.find(connection, name))

    def recent(self, name: str, since_ms: int) -> Recent:
        """What was appended to a topic at or after that time. Raises LogError where there is no such topic."""
        with self._file.reading() as connection:
            return recent(connection, self._blobs, topics.find(connection, name), since_ms)

    def held(self) -> list[Held]:
        """What each topic holds, quickly."""
        with self._file.reading() as connection:
            return held(connection)

    def last_append(self, name: str) -> int | None:
        """When (ms) something was last appended to a topic, None where it holds nothing. Raises LogError if unknown."""
        with self._file.reading() as connection:
            return seek.last_append(connection, topics.find(connection, name))

    @property
    def traffic(self) -> Traffic:
        """What this process has written."""
        return self._writer.traffic

    def starts(self, name: str) -> dict[int, int]:
        """Per partition the first offset that retention has left; a reader whose next is below it lost rows."""
        with self._file.reading() as connection:
            return dict(enumerate(topics.starts(connection, topics.find(connection, name)).tolist()))

    def ends(self, name: str) -> dict[int, int]:
        """Per partition the offset that the next record gets."""
        with self._file.reading() as connection:
            return dict(enumerate(topics.ends(connection, topics.find(connection, name)).tolist()))

    # producing

    def append(self, topic: str, records: pl.DataFrame, decoded: Decoded | None = None) -> Appended:
        """Append `records`: `value` (Binary, null is a tombstone), and optionally `key` (Binary), `timestamp`
        (Int64, ms), `headers` (List(Struct(key String, value Binary))), `partition` (Int32).

        A record goes to its `partition`, else where Kafka's Java client puts its key; those without a key
        go to one partition per append, going round. `decoded` is cached beside the bytes, row for row.
        Returns when committed. Raises LogError where records do not fit, StorageError where the disk does not.
        """
        self.admit(topic)
        append = self.checked(topic, records, decoded)
        append.prepare_alone()
        self.submit(append)
        return append.result

    def producer(self) -> Producer:
        """For appending much from one thread: `send` does not wait for the disk."""
        return Producer(self)

    def admit(self, topic: str) -> None:
        """Raises StorageError where disk or memory has less room than is to stay free; the system's topics go on."""
        if not topic.startswith("__"):
            self.room.require()
            if self._require is not None:
                self._require()

    def checked(self, topic: str, records: pl.DataFrame, decoded: Decoded | None = None) -> Append:
        """An append that fits its topic, and is not yet submitted."""
        found = self.latest(topic)
        return Append(found, checked(records, found), self._turn(found), self._clock.now_ms(), decoded)

    def submit(self, *requests: Request) -> None:
        """Commit requests, together with those of other threads. Raises the first one's error."""
        pending: Sequence[Request] = requests
        while pending:
            self._writer.submit(*pending)
            pending = [request for request in pending if isinstance(request.error, TopicChanged)]
            for request in pending:
                request.restart()
                try:
                    request.renew(self.topic)
                except LogError as error:
                    request.error = error
            pending = [request for request in pending if request.error is None]
        for request in requests:
            if request.error is not None:
                raise request.error

    def keep_decoded(self, batch: StoredBatch, fingerprint: str, frame: pl.DataFrame) -> None:
        """Cache columns decoded from all rows of a stored batch. Raises LogError where the rows are not all."""
        check_decoded(batch, frame)
        blob = encode(frame)
        self._writer.run(lambda write: put_decoded(write, batch.id, fingerprint, blob))

    def transaction(self) -> Transaction:
        """A transaction over topics, offsets, checkpoints, tables and facts, committed when its block ends."""
        return Transaction(self)

    # reading

    def end_seq(self) -> int:
        """The place of the last row appended to any topic, 0 before any."""
        with self._file.reading() as connection:
            return int(connection.execute(NEXT_SEQ).get) - 1

    def wait(self, after_seq: int, timeout: float, poll: float = POLL_SECONDS) -> bool:
        """Whether there is a row after `after_seq`, waiting for one up to `timeout` seconds.

        Appends of this process wake it at once, those of others within `poll` seconds.
        """
        version = -1
        for _ in range(max(1, round(timeout / poll))):
            with self._moved:
                now = self._file.data_version()
                if now != version and self.end_seq() > after_seq:
                    return True
                version = now
                if self._moved.wait(poll if timeout > 0 else 0):
                    version = -1
        return self.end_seq() > after_seq

    def poll(
        self,
        names: Sequence[str],
        after_seq: int,
        *,
        rows: int = READ_ROWS,
        bytes: int = READ_BYTES,  # noqa: A002
        last: int | None = None,
    ) -> Poll:
        """The rows of some topics that come next in the order of the log: at most `rows`, about `bytes`.

        None beyond place `last`. `Poll.through` is where to go on; all rows up to it are in this poll. Raises
        LogError for an unknown topic.
        """
        with self._file.reading() as connection:
            return poll(connection, self._blobs, names, after_seq, rows, bytes, last)

    def read(
        self,
        name: str,
        start: Mapping[int, int] | None = None,
        end: Mapping[int, int] | None = None,
        columns: Sequence[str] = ("partition", "offset", "timestamp", "key", "value", "headers"),
    ) -> Iterator[pl.DataFrame]:
        """Rows of a topic in the order of the log, some thousand a frame, up to its end as of now.

        Of the partitions in `start` (all, from their first offset) those from that offset on, and before
        that in `end`. Columns as `StoredBatch.frame`. Raises LogError for an offset that is not kept.
        """
        spans = self.polls(name, start, end)
        return (frame for poll, inside in spans for frame in _frames(poll, inside, columns))

    def polls(
        self,
        name: str,
        start: Mapping[int, int] | None = None,
        end: Mapping[int, int] | None = None,
        *,
        rows: int = READ_ROWS,
        bytes: int = READ_BYTES,  # noqa: A002
        whole: bool = False,
    ) -> Iterator[tuple[Poll, NDArray[np.bool_]]]:
        """As `read`, a poll of `rows` and about `bytes` at most each time, and which of all its rows are asked for.

        `whole`: it ends where a stored batch does, behind that, so that none is read twice.
        """
        with self._file.reading() as connection:
            topic = topics.find(connection, name)
            kept = dict(enumerate(topics.starts(connection, topic).tolist()))
            stop = dict(enumerate(topics.ends(connection, topic).tolist()))
            seek.check_offsets(connection, topic, start or {})
            seek.check_offsets(connection, topic, end or {})
            first = dict(start) if start is not None else kept
            stop.update(end or {})
            after = seek.seq_before(connection, self._blobs, topic, first)
            through = int(connection.execute(NEXT_SEQ).get) - 1
            if end is not None and first:
                ends = (seek.seq_before(connection, self._blobs, topic, {p: stop[p]}) for p in first)
                through = min(through, max(ends))
        return self._polls(topic, first, stop, after, through, rows, bytes, whole=whole)

    def last(
        self,
        name: str,
        rows: int,
        columns: Sequence[str] = ("partition", "offset", "timestamp", "key", "value", "headers"),
    ) -> Iterator[pl.DataFrame]:
        """The last `rows` rows of a topic, in the order of the log, some thousand a frame."""
        with self._file.reading() as connection:
            topic = topics.find(connection, name)
            stop = dict(enumerate(topics.ends(connection, topic).tolist()))
            after = seek.seq_of_last(connection, self._blobs, topic, rows)
            through = int(connection.execute(NEXT_SEQ).get) - 1
        spans = self._polls(topic, dict.fromkeys(stop, 0), stop, after, through, READ_ROWS, READ_BYTES)
        return (frame for poll, inside in spans for frame in _frames(poll, inside, columns))

    def offsets_for_times(self, name: str, times: Mapping[int, int]) -> dict[int, int | None]:
        """Per partition the first offset whose timestamp is at least that given (ms); None where there is none."""
        return seek.offsets_at_times(self._file, self._blobs, self.topic(name), times)

    def offsets_after(self, name: str, seq: int) -> dict[int, int]:
        """Per partition the next offset of a reader that has read the log through `seq`."""
        with self._file.reading() as connection:
            return seek.offsets_after(connection, self._blobs, topics.find(connection, name), seq)

    def seq_before(self, name: str, offsets: Mapping[int, int]) -> int:
        """Where to poll from to get all rows of a topic from `offsets` (per partition) on."""
        with self._file.reading() as connection:
            topic = topics.find(connection, name)
            seek.check_offsets(connection, topic, offsets)
            return seek.seq_before(connection, self._blobs, topic, offsets)

    def seq_of_last(self, name: str, rows: int) -> int:
        """Where to poll from to get the last `rows` rows of a topic, or all it has."""
        with self._file.reading() as connection:
            return seek.seq_of_last(connection, self._blobs, topics.find(connection, name), rows)

    def all_kept(self, name: str, after_seq: int) -> bool:
        """Whether every row of a topic after that place is there: retention and compaction have taken none of them."""
        with self._file.reading() as connection:
            return after_seq >= seek.thinned_through(connection, topics.find(connection, name))

    # upkeep

    def maintain(self, budget_seconds: float) -> bool:
        """Do what upkeep is due for about so long; True when nothing is left for now."""
        return self.upkeep.maintain(budget_seconds)

    def copy(
        self,
        target: Path,
        still: Callable[[], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Copy the log to the new file `target` as of one moment, and say the place of its last row: see `copying`."""
        return copy(self._file, target, still, progress)

    def erasing(self, holds: Callable[[bytes], bool], *, dry_run: bool = False) -> Erasing:
        """For taking something out for good, or counting it, of which `holds` says whether bytes may hold it."""
        return Erasing(
            self._file, self._writer, self._blobs, self.state, self.tables, self.upkeep, holds, dry_run=dry_run
        )

    def verify(self) -> Verified:
        """Check every checksum. Raises CorruptLogError naming the first damage."""
        return verify(self._file, self._blobs)

    def _committed(self, moved: bool) -> None:
        if moved:
            with self._moved:
                self._moved.notify_all()

    def _turn(self, topic: Topic) -> int:
        """The partition for the next append's records without a key."""
        turn = self._turns.get(topic.id)
        if turn is None:
            turn = self.end_seq()  # so that processes which append once each go round too
        self._turns[topic.id] = turn + 1
        return turn % topic.partitions

    def _polls(
        self,
        topic: Topic,
        first: Mapping[int, int],
        stop: Mapping[int, int],
        after: int,
        through: int,
        rows: int,
        size: int,
        *,
        whole: bool = False,
    ) -> Iterator[tuple[Poll, NDArray[np.bool_]]]:
        while after < through:
            with self._file.reading() as connection:
                found = poll(connection, self._blobs, [topic.name], after, rows, size, through, whole=whole)
            inside = [seek.within(batch, first, stop) for batch in found.batches]
            if any(one.any() for one in inside):
                yield found, np.concatenate(inside)
            after = found.through


def _frames(poll: Poll, inside: NDArray[np.bool_], columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows that are `inside`, a frame a batch."""
    start = 0
    for batch in poll.batches:
        here = inside[start : start + batch.rows]
        start += batch.rows
        if here.any():
            yield batch.frame(*columns).filter(here)
