"""Topics of the embedded log as a pipeline's input, in the order of the log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.connectors.bad_rows import bad_rows
from penstock.connectors.log_scan import chunk_of, kept_columns, raw_at
from penstock.core.batch import SEQ
from penstock.core.edges import Chunk, Scanned
from penstock.core.errors import PositionLostError
from penstock.core.trace import HEADER
from penstock.log.log import READ_BYTES
from penstock.log.stored import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.connectors.log_scan import LogScan, Place
    from penstock.log import Log, StoredBatch

__all__ = ["CLOCK_TOPIC", "LogReader"]

CLOCK_TOPIC = "__penstock_clock"
"""A record of it says: until here, time has passed. It makes idleness the same at every reading of the log."""

_ROW_BYTES = 256
"""A poll of many records that are larger takes fewer rows than it may."""

MOST_TRACES = 32
"""So many traces are followed of what one poll reads."""


class LogReader:
    """Reads the topics of `scans` merged by their place in the log.

    `ticks`: read the clock topic too. `skip_lost`: go on where retention has deleted rows that were not
    read yet, counting them as expired; else PositionLostError names them. `traced`: tell the trace
    contexts of records. `passed_over` are records that this
    pipeline filters out unread; `foremost` are records (with their topics) that come before all others when it
    begins to read: no window has closed to them.
    """

    name = "log"

    def __init__(
        self,
        log: Log,
        scans: Sequence[LogScan],
        *,
        ticks: bool,
        skip_lost: bool = False,
        traced: bool = False,
        passed_over: Callable[[], frozenset[Place]] = frozenset,
        foremost: Callable[[], Sequence[tuple[str, pl.DataFrame]]] = tuple,
    ) -> None:
        self.log = log
        self.scans = tuple(scans)
        self.topics = tuple(dict.fromkeys(s.topic for s in scans))
        self.ticks = ticks
        self.skip_lost = skip_lost
        self.traced = traced
        self.passed_over = passed_over
        self.foremost = foremost
        self.last: int | None = None
        """The place of the last row to read, where that is set."""
        self._end: int | None = None
        self._after = 0
        self._next: dict[str, list[int]] = {}
        self._first: dict[str, list[int]] = {}
        """Where reading began, per partition; partitions that came later began at 0."""
        self._begins = True
        """Whether nothing was read yet, so that the foremost come next."""
        self._expired: dict[str, int] = {}
        self._clock = False
        """Whether the topic of ticks is known to be there."""
        self.seek(None)

    # -- position ----------------------------------------------------------------------------------

    def seek(self, position: Any) -> None:
        if position is None:
            self._next = {t: self._first_offsets(t) for t in self.topics}
            self._first = {t: list(o) for t, o in self._next.items()}
            self._after = min(self.log.seq_before(t, dict(enumerate(o))) for t, o in self._next.items())
            self._begins = True
        else:
            self._begins = False
            self._next = {t: list(o) for t, o in position["next"].items()}
            self._first = dict(position["first"])
            self._after = position["seq"]
            for topic in self.topics:
                if topic not in self._next:
                    self._next[topic] = self._first_offsets(topic)
                    self._first[topic] = list(self._next[topic])
        self._check_kept({topic: list(self.log.starts(topic).values()) for topic in self.topics})

    def again(self, first: Mapping[str, list[int]]) -> None:
        """Read once more what was read before, from the offsets `first` of each topic, of that what is kept."""
        kept = {
            t: [max(o, s) for o, s in zip(at, self.log.starts(t).values(), strict=False)] for t, at in first.items()
        }
        self._first = {t: list(o) for t, o in kept.items()}
        self._next = {t: list(o) for t, o in kept.items()}
        self._after = min(self.log.seq_before(t, dict(enumerate(o))) for t, o in kept.items())
        self._begins = True

    def _first_offsets(self, topic: str) -> list[int]:
        """Per partition the offset at which a first reading starts."""
        start = next(s.start for s in self.scans if s.topic == topic)
        starts, ends = self.log.starts(topic), self.log.ends(topic)
        match start.mode:
            case "latest-offset":
                return list(ends.values())
            case "timestamp":
                found = self.log.offsets_for_times(topic, dict.fromkeys(starts, start.timestamp))
                return [ends[p] if o is None else o for p, o in found.items()]
            case "group-offsets":
                committed = self.log.groups.offsets(start.group).get(topic, {})
                return [max(committed.get(p, o), o) for p, o in starts.items()]
            case "specific-offsets":
                return [start.offsets.get(p, o) for p, o in starts.items()]
        return list(starts.values())

    def _check_kept(self, kept: Mapping[str, Sequence[int]]) -> None:
        """Raises PositionLostError where retention has deleted rows that were to be read next.

        `kept` are the first offsets it has left, per partition of each topic.
        """
        lost: dict[str, list[tuple[int, int, int]]] = {}
        for topic, starts in kept.items():
            offsets = self._next[topic]
            offsets.extend([0] * (len(starts) - len(offsets)))  # new partitions begin at 0
            gone = [(p, at, start) for p, (at, start) in enumerate(zip(offsets, starts, strict=False)) if start > at]
            if gone:
                lost[topic] = gone
        if not lost:
            return
        if not self.skip_lost:
            raise PositionLostError(
                "retention has deleted rows that were not read yet: "
                + "; ".join(_lost_words(t, g) for t, g in lost.items()),
                hint="run with --skip-lost to go on with what is left (the ledger counts them as expired), or --fresh",
            )
        for topic, gone in lost.items():
            for partition, first, start in gone:
                self._next[topic][partition] = start
                for scan in self.scans:
                    if scan.topic == topic:
                        self._expired[scan.key] = self._expired.get(scan.key, 0) + start - first

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        if position is None:
            return {}
        found: dict[str, dict[str, Mapping[int, int]]] = {}
        for scan in self.scans:
            if scan.group:
                offsets = dict(enumerate(position["next"][scan.topic]))
                found.setdefault(scan.group, {})[scan.topic] = offsets
        return found

    # -- reading -----------------------------------------------------------------------------------

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        if self._begins:
            self._begins = False
            if foremost := self.foremost():
                return self._read_first(foremost)
        if self.ticks and not self._clock:
            self._make_clock()
        names = (*self.topics, CLOCK_TOPIC) if self.ticks else self.topics
        last = self._end if self.last is None else self.last
        poll = self.log.poll(names, self._after, rows=rows, bytes=max(READ_BYTES, rows * _ROW_BYTES), last=last)
        # retention may have deleted since the last poll what this reader was behind with
        self._check_kept({topic: poll.starts[topic].tolist() for topic in self.topics})
        if not poll.batches and not self._expired:
            self._after = poll.through
            return None
        by_topic: dict[str, list[StoredBatch]] = {}
        for batch in poll.batches:
            by_topic.setdefault(batch.topic, []).append(batch)
        floor = {t: np.array(o, np.int64) for t, o in self._next.items()}
        heads = {t: gather(b, ("seq", "partition", "offset", "append_time")) for t, b in by_topic.items()}
        for topic, head in heads.items():
            if topic != CLOCK_TOPIC:
                self._advance(topic, head)
        expired, self._expired = self._expired, {}
        self._after = poll.through
        position = self._position()
        ticks = _ticks(heads.pop(CLOCK_TOPIC, None))
        through = poll.through
        over = self.passed_over() if poll.batches else frozenset()

        def job() -> Scanned:
            chunks = {
                scan.key: self._chunk(scan, by_topic[scan.topic], heads[scan.topic], floor[scan.topic], over)
                for scan in self.scans
                if scan.topic in heads
            }
            return Scanned(chunks, through, position, ticks, expired, _traces(by_topic) if self.traced else ())

        return job

    def _position(self) -> dict[str, Any]:
        return {"seq": self._after, "next": {t: list(o) for t, o in self._next.items()}, "first": self._first}

    def _read_first(self, foremost: Sequence[tuple[str, pl.DataFrame]]) -> Callable[[], Scanned]:
        position = self._position()

        def job() -> Scanned:
            chunks = {}
            for scan in self.scans:
                own = [records for topic, records in foremost if topic == scan.topic]
                if own:
                    records = pl.concat(own)
                    chunks[scan.key] = chunk_of(scan, records, np.arange(-records.height, 0))
            return Scanned(chunks, -1, position)

        return job

    def _advance(self, topic: str, head: pl.DataFrame) -> None:
        """Note the next offset of each partition; new partitions begin at 0."""
        partition, offset = head["partition"].to_numpy(), head["offset"].to_numpy()
        known = self._next[topic]
        reached = np.zeros(max(len(known), int(partition.max(initial=-1)) + 1), np.int64)
        reached[: len(known)] = known
        np.maximum.at(reached, partition, offset + 1)
        self._next[topic] = reached.tolist()

    def _chunk(
        self,
        scan: LogScan,
        batches: list[StoredBatch],
        head: pl.DataFrame,
        floor: NDArray[np.int64],
        over: frozenset[Place],
    ) -> Chunk:
        """The rows of one table, decoded or from the cache of decoded columns."""
        partition, offset = head["partition"].to_numpy(), head["offset"].to_numpy()
        reached = offset >= np.append(floor, 0)[np.minimum(partition, len(floor))]
        messages = int(reached.sum())
        kept = reached & ~_among(scan.topic, partition, offset, over)

        @cache
        def values() -> pl.Series:
            return gather(batches, ("value",))["value"]

        decoded = kept_columns(scan, batches)
        if decoded is None:
            decoded = scan.decode(values(), lambda: gather(batches, ("key",))["key"])
        places = head if decoded.rows is None else head[decoded.rows]
        meta = self._metadata(scan, batches, places, decoded.rows)
        frame = pl.DataFrame([*decoded.frame, *meta, places["seq"].alias(SEQ)])
        bad, skipped = bad_rows(decoded, head["seq"]), decoded.skipped
        if not kept.all():
            wanted = head["seq"].filter(pl.Series(kept)).implode()
            inside = frame[SEQ].is_in(wanted)
            frame, places = frame.filter(inside), places.filter(inside)
            bad = bad.filter(pl.col("seq").is_in(wanted))
            out = bad.filter(~pl.col("seq").is_in(frame[SEQ].implode()))["seq"].n_unique()
            skipped = messages - frame[SEQ].n_unique() - out
        return Chunk(
            frame,
            messages,
            bad,
            _Origins(scan.topic, values, head),
            skipped,
            places["partition"].to_numpy(),
            places["append_time"].to_numpy(),
        )

    @staticmethod
    def _metadata(
        scan: LogScan, batches: list[StoredBatch], places: pl.DataFrame, rows: pl.Series | None
    ) -> list[pl.Series]:
        if not scan.stored_metadata:
            return scan.metadata_columns(places)
        stored = gather(batches, scan.stored_metadata)
        return scan.metadata_columns(places.hstack(stored if rows is None else stored[rows]))

    # -- life --------------------------------------------------------------------------------------

    def bound(self) -> None:
        """The input ends with what the log holds now."""
        self._end = self.log.end_seq() if self.last is None else self.last

    @property
    def ended(self) -> bool:
        return not self._begins and self._end is not None and self._after >= self._end

    def wait(self, seconds: float) -> bool:
        return self.log.wait(self._after, seconds)

    def _make_clock(self) -> None:
        """Make the topic of ticks, unless an earlier run has."""
        self.log.ensure_topic(CLOCK_TOPIC)
        self._clock = True

    def raw(self, places: pl.DataFrame) -> pl.Series:
        return raw_at(self.log, self.topics, places)

    def tick(self) -> None:
        if self.ticks:
            self.log.append(CLOCK_TOPIC, pl.DataFrame({"value": [b""]}))

    def close(self) -> None:
        """The log is the project's."""


def _among(
    topic: str, partition: NDArray[np.int32], offset: NDArray[np.int64], places: frozenset[Place]
) -> NDArray[np.bool_]:
    """Which records are among `places`, shape (n,)."""
    marks = [(at_partition << 44) + at_offset for one, at_partition, at_offset in places if one == topic]
    if not marks:
        return np.zeros(len(offset), np.bool_)
    return np.isin((partition.astype(np.int64) << 44) + offset, np.array(marks, np.int64))


def _ticks(head: pl.DataFrame | None) -> tuple[tuple[int, int], ...]:
    if head is None:
        return ()
    return tuple(head.select("seq", "append_time").iter_rows())


def _traces(by_topic: Mapping[str, list[StoredBatch]]) -> tuple[str, ...]:
    """The trace contexts in the headers of records, some of them where there are many."""
    found: dict[str, None] = {}
    for batch in (b for batches in by_topic.values() for b in batches if b.entry.has("headers")):
        headers = batch.frame("headers").to_series().drop_nulls().explode().drop_nulls()
        values = headers.struct.field("value").filter(headers.struct.field("key") == HEADER)
        found.update(dict.fromkeys(v.decode("ascii", "replace") for v in values.drop_nulls().head(MOST_TRACES)))
        if len(found) >= MOST_TRACES:
            break
    return tuple(found)


def _lost_words(topic: str, gone: list[tuple[int, int, int]]) -> str:
    rows = sum(start - first for _, first, start in gone)
    parts = ", ".join(f"partition {p} offsets {first} to {start - 1}" for p, first, start in gone)
    return f"{rows} rows of topic '{topic}' ({parts})"


@dataclass(frozen=True, slots=True)
class _Origins:
    topic: str
    values: Callable[[], pl.Series]
    head: pl.DataFrame

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        at = np.searchsorted(self.head["seq"].to_numpy(), seq)
        bytes_ = self.values().gather(pl.Series(at, dtype=pl.UInt32)) if raw else pl.lit(None, pl.Binary)
        return self.head[at].select(
            pl.lit(self.topic).alias("topic"), pl.col("partition").cast(pl.Int32), "offset", bytes_.alias("raw")
        )
