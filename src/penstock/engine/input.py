"""The input of a pipeline: what its readers give, decoded ahead, in one order.

One reader's places are used as they are. Several (files, the log, a generator) are merged: the one whose
watermark is lowest goes first, ties by name, decided row by row, so that no cut of the input matters; rows
then get the pipeline's own places.
"""

from __future__ import annotations

import copy
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Watermark
from penstock.core.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.core.edges import Origins, Reader, Scanned
    from penstock.engine.operators.source import Piece, Source

__all__ = ["Input", "Poll"]


@dataclass(frozen=True, slots=True)
class Poll:
    """What one step works on: a piece per scan that has rows, and how to find where its rows came from."""

    pieces: Mapping[str, Piece]
    origins: Mapping[str, Origins]
    through: int
    ticks: tuple[tuple[int, int], ...] = ()
    expired: Mapping[str, int] = field(default_factory=dict)
    traces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a reader gave at once, and its pieces by scan."""

    scanned: Scanned
    pieces: dict[str, Piece]


@dataclass(slots=True)
class _Job:
    """Work that a reader gave, which may be done again, and what becomes of it."""

    work: Callable[[], Scanned]
    done: Future[_Ready]

    @property
    def failed(self) -> bool:
        return self.done.done() and isinstance(self.done.exception(), UnreachableError)


class _Feed:
    """One reader, read ahead: `pool` does the row-wise work of up to `depth` jobs while the engine works."""

    def __init__(
        self, reader: Reader, sources: Mapping[str, Source], pool: ThreadPoolExecutor | None, depth: int
    ) -> None:
        self.reader = reader
        self.sources = sources
        self.pool = pool
        self.depth = depth
        self.jobs: deque[_Job] = deque()

    def ahead(self, rows: int) -> None:
        while len(self.jobs) < self.depth:
            job = self.reader.read(rows)
            if job is None:
                return
            self.jobs.append(_Job(job, self._started(job)))

    def _started(self, job: Callable[[], Scanned]) -> Future[_Ready]:
        if self.pool:
            return self.pool.submit(self._done, job)
        done: Future[_Ready] = Future()
        try:
            done.set_result(self._done(job))
        except UnreachableError as error:
            done.set_exception(error)
        return done

    def _done(self, job: Callable[[], Scanned]) -> _Ready:
        scanned = job()
        return _Ready(scanned, {scan: self.sources[scan].prepare(chunk) for scan, chunk in scanned.chunks.items()})

    def take(self, rows: int) -> _Ready | None:
        """Raises UnreachableError where a schema is not to be had now; nothing is taken then."""
        self.ahead(rows)
        if not self.jobs:
            return None
        first = self.jobs[0]
        if first.failed:
            first.done = self._started(first.work)
        ready = first.done.result()
        self.jobs.popleft()
        if self.pool:
            self.ahead(rows)
        return ready

    def seek(self, position: Any) -> None:
        for job in self.jobs:
            job.done.cancel()
        self.jobs.clear()
        self.reader.seek(position)


@dataclass(slots=True)
class _Head:
    """A reader and the part of its last poll that was not taken yet."""

    feed: _Feed
    scans: tuple[str, ...]
    start: Any = None
    """The reader's position before the poll it stands in."""
    taken: int = NO_TIME
    """The reader's own place of the last row taken since `start`."""
    scanned: Scanned | None = None
    pieces: dict[str, Piece] = field(default_factory=dict)
    path: Watermark | None = None
    """How its watermark will move over what is left."""

    @property
    def name(self) -> str:
        return self.feed.reader.name

    @property
    def ended(self) -> bool:
        return self.scanned is None and not self.feed.jobs and self.feed.reader.ended

    @property
    def watermark(self) -> int:
        return self.path.start if self.path else NO_TIME

    def rewind(self) -> None:
        """Read again from `start` on; of that poll what comes after `taken`."""
        self.scanned, self.pieces, self.path = None, {}, None
        self.feed.seek(self.start)


class Input:
    """The readers of a pipeline, each with the keys of its scans; `sources` are the scans by key."""

    def __init__(
        self, readers: Sequence[tuple[Reader, Sequence[str]]], sources: Mapping[str, Source], threads: int
    ) -> None:
        self.sources = sources
        self._pool = ThreadPoolExecutor(threads, "penstock-decode") if threads > 1 else None
        depth = threads + 1 if threads > 1 else 1
        heads = [_Head(_Feed(reader, sources, self._pool, depth), tuple(scans)) for reader, scans in readers]
        self.heads = sorted(heads, key=lambda h: h.name)
        self.place = -1
        """The pipeline's own place of the last row, where several readers are merged."""

    @property
    def readers(self) -> list[Reader]:
        return [head.feed.reader for head in self.heads]

    @property
    def ended(self) -> bool:
        """Whether all input is bounded and was read to its end."""
        return all(head.ended for head in self.heads)

    @property
    def behind(self) -> bool:
        """Whether rows that were read still wait: those of one reader for another's, or all that are read ahead."""
        return any(head.scanned is not None or len(head.feed.jobs) == head.feed.depth for head in self.heads)

    def poll(self, rows: int) -> Poll | None:
        """The next rows, about `rows`; None if there are none now.

        Raises UnreachableError where what they are read by is not to be had now; the next poll tries again.
        """
        if len(self.heads) == 1:
            return self._whole(self.heads[0], rows)
        return self._merged(rows)

    def wait(self, seconds: float) -> None:
        """Block until there may be something to read, or `seconds` have passed."""
        waiting = [h.feed.reader for h in self.heads if not h.ended]
        for reader in waiting:
            if reader.wait(seconds / len(waiting)):
                return

    def raw(self, places: pl.DataFrame) -> pl.Series:
        """The bytes of messages read before, as Reader.raw."""
        found = [head.feed.reader.raw(places) for head in self.heads]
        return pl.select(raw=pl.coalesce(found)).to_series()

    def bound(self) -> None:
        """The input ends with what is there now."""
        for head in self.heads:
            head.feed.reader.bound()

    def tick(self) -> None:
        """Write down that time has passed; see Reader.tick."""
        for head in self.heads:
            head.feed.reader.tick()

    def close(self) -> None:
        """Stop decoding and let go of the readers."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for head in self.heads:
            head.feed.reader.close()

    # -- positions ---------------------------------------------------------------------------------

    def position(self) -> dict[str, Any]:
        """Where reading goes on after all that was polled: plain JSON data."""
        readers = {h.name: {"start": h.start, "taken": h.taken} for h in self.heads}
        return {"readers": readers, "place": self.place}

    def seek(self, position: dict[str, Any]) -> None:
        """Go on from what `position` gave."""
        self.place = position["place"]
        for head in self.heads:
            at = position["readers"].get(head.name)
            if at is not None:
                head.start, head.taken = at["start"], at["taken"]
                head.rewind()

    def rewind(self) -> None:
        """Read again what was read ahead, after a time in which it may have been deleted."""
        for head in self.heads:
            if head.start is not None:
                head.rewind()

    def group_offsets(self) -> dict[str, dict[str, Mapping[int, int]]]:
        """The offsets of consumer groups that go with `position`."""
        found: dict[str, dict[str, Mapping[int, int]]] = {}
        for head in self.heads:
            for group, offsets in head.feed.reader.group_offsets(head.start).items():
                found.setdefault(group, {}).update(offsets)
        return found

    # -- one reader --------------------------------------------------------------------------------

    def _whole(self, head: _Head, rows: int) -> Poll | None:
        ready = head.feed.take(rows)
        if ready is None:
            return None
        scanned = ready.scanned
        head.start = scanned.position
        origins = {scan: chunk.origins for scan, chunk in scanned.chunks.items()}
        return Poll(ready.pieces, origins, scanned.through, scanned.ticks, scanned.expired, scanned.traces)

    # -- several readers ---------------------------------------------------------------------------

    def _merged(self, rows: int) -> Poll | None:
        for head in self.heads:
            if head.scanned is None:
                self._load(head, rows)
        ready = [h for h in self.heads if h.scanned is not None]
        if not ready:
            return None
        lowest = min(ready, key=lambda h: (h.watermark, h.name))
        others = [(h.watermark, h.name) for h in ready if h is not lowest]
        return self._taken(lowest, self._cut(lowest, min(others) if others else None))

    def _load(self, head: _Head, rows: int) -> None:
        """Put the reader's next poll at its head."""
        ready = head.feed.take(rows)
        if ready is None:
            return
        scanned = head.scanned = ready.scanned
        head.pieces = ready.pieces
        if head.taken != NO_TIME:
            head.pieces = {s: _part(p, head.taken + 1, END_OF_TIME) for s, p in head.pieces.items()}
        paths = []
        for scan in head.scans:
            watermarks, piece = copy.deepcopy(self.sources[scan].watermarks), head.pieces.get(scan)
            if piece is None or not self.sources[scan].has_time:
                paths.append(Watermark.still(watermarks.value, scanned.through))
            else:
                paths.append(
                    watermarks.advance(
                        piece.seq, piece.made, scanned.through, piece.partition, piece.append_time, scanned.ticks
                    )
                )
        head.path = Watermark.least(paths, head.watermark)

    @staticmethod
    def _cut(head: _Head, bound: tuple[int, str] | None) -> int:
        """The reader's own place of the last row that comes before the rows of all other readers."""
        assert head.scanned is not None
        assert head.path is not None
        if bound is None:
            return head.scanned.through
        past = int(np.searchsorted(head.path.value, bound[0], side="left" if head.name > bound[1] else "right"))
        return int(head.path.at[past]) if past < len(head.path.at) else head.scanned.through

    def _taken(self, head: _Head, cut: int) -> Poll:
        """The rows of `head` up to its own place `cut`, under the pipeline's places."""
        scanned = head.scanned
        assert scanned is not None
        assert head.path is not None
        whole = cut >= scanned.through
        low = head.taken + 1 if head.taken != NO_TIME else NO_TIME
        own = {s: _part(p, low, cut if not whole else END_OF_TIME) for s, p in head.pieces.items()}
        places = np.unique(np.concatenate([np.concatenate((p.seq, p.bad["seq"].to_numpy())) for p in own.values()]))
        first = self.place + 1
        self.place += max(len(places), 1)
        pieces, origins = {}, {}
        for scan, piece in own.items():
            pieces[scan] = _placed(piece, places, first)
            origins[scan] = _Elsewhere(scanned.chunks[scan].origins, places, first)
        ticks = tuple((self.place, t[1]) for t in scanned.ticks) if whole else ()
        if whole:
            # restored, the reader may give less at once than it had: then rows after this poll are taken too
            head.taken = head.taken if head.taken > scanned.through else NO_TIME
            head.start, head.scanned, head.pieces = scanned.position, None, {}
            head.path = Watermark.still(head.path.last, cut)
        else:
            head.taken = cut
            n = int(np.searchsorted(head.path.at, cut, side="right"))
            start = int(head.path.value[n - 1]) if n else head.path.start
            head.path = Watermark(start, head.path.at[n:], head.path.value[n:], head.path.through)
        if not whole:
            return Poll(pieces, origins, self.place, ticks)
        return Poll(pieces, origins, self.place, ticks, scanned.expired, scanned.traces)


def _part(piece: Piece, low: int, high: int) -> Piece:
    """The rows at places from `low` to `high`."""
    seq = piece.seq
    a, b = int(np.searchsorted(seq, low, side="left")), int(np.searchsorted(seq, high, side="right"))
    bad = piece.bad.filter(pl.col("seq").is_between(low, high))
    frame = piece.frame.slice(a, b - a)
    last = high == END_OF_TIME
    out = bad.filter(~pl.col("seq").is_in(frame[SEQ].implode()))["seq"].n_unique()
    return replace(
        piece,
        frame=frame,
        made=piece.made[a:b],
        messages=frame[SEQ].n_unique() + out + (piece.skipped if last else 0),
        skipped=piece.skipped if last else 0,
        bad=bad,
        partition=None if piece.partition is None else piece.partition[a:b],
        append_time=None if piece.append_time is None else piece.append_time[a:b],
    )


def _placed(piece: Piece, places: NDArray[np.int64], first: int) -> Piece:
    """The piece with its own places `places` numbered from `first`."""
    return replace(
        piece,
        frame=piece.frame.with_columns(pl.Series(SEQ, np.searchsorted(places, piece.seq) + first)),
        bad=piece.bad.with_columns(pl.Series("seq", np.searchsorted(places, piece.bad["seq"].to_numpy()) + first)),
    )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Origins asked for by the pipeline's places."""

    origins: Origins
    places: NDArray[np.int64]
    first: int

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        return self.origins(self.places[seq - self.first], raw=raw)
