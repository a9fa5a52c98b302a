"""`StoredBatch`: rows of one stored batch, within a range of the order, loaded when they are asked for."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.errors import InternalError, LogError, did_you_mean
from penstock.log.append import dense_offsets
from penstock.log.batch import BODY, HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from penstock.log.batch import Entry
    from penstock.log.blobs import Blobs
    from penstock.log.topic import Topic

__all__ = ["StoredBatch", "gather"]

COLUMNS = {**HEAD, **BODY}


class StoredBatch:
    """The rows of a stored batch whose place is in (low, high] and whose offset is still kept.

    Rows are in the order of the log. Everything but the index row is loaded when it is first asked for;
    that stays possible for a minute after the batch was merged or deleted.
    """

    def __init__(
        self,
        blobs: Blobs,
        topic: Topic,
        entry: Entry,
        low: int = -1,
        high: int = 2**63 - 1,
        starts: NDArray[np.int64] | None = None,
    ) -> None:
        self._blobs = blobs
        self.source = topic
        self.entry = entry
        self._low = low
        self._high = high
        self._starts = starts if starts is not None and entry.touches(starts) else None
        self._cut = entry.first_seq <= low or entry.id > high or self._starts is not None

    @property
    def topic(self) -> str:
        return self.source.name

    @property
    def id(self) -> int:
        """Names the bytes: two batches of one id hold the same rows, before slicing."""
        return self.entry.data

    @cached_property
    def rows(self) -> int:
        if isinstance(self._selection, slice):
            return int(self._selection.stop - self._selection.start)
        return len(self._selection)

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the stored batch."""
        return self.rows == self.entry.rows

    @cached_property
    def seqs(self) -> NDArray[np.int64]:
        """Each row's place in the order of the log, increasing, shape (rows,)."""
        if self.entry.dense and isinstance(self._selection, slice):
            first = self.entry.first_seq
            return np.arange(first + self._selection.start, first + self._selection.stop)
        return self.frame("seq").to_series().to_numpy()

    @cached_property
    def partition(self) -> pl.Series:
        """Int32, shape (rows,)."""
        return self.frame("partition").to_series()

    @cached_property
    def offset(self) -> pl.Series:
        """Int64, shape (rows,)."""
        return self.frame("offset").to_series()

    @cached_property
    def timestamp(self) -> pl.Series:
        """Int64, ms since 1970, shape (rows,)."""
        return self.frame("timestamp").to_series()

    @cached_property
    def append_time(self) -> pl.Series:
        """Int64, ms since 1970, shape (rows,)."""
        return self.frame("append_time").to_series()

    def frame(self, *columns: str) -> pl.DataFrame:
        """Some of `partition, offset, seq, timestamp, append_time, tombstone, key, value, headers`.

        Raises CorruptLogError for damaged bytes, LogError for other columns and for a batch that is gone.
        """
        return gather([self], columns)

    def decoded(self, fingerprint: str) -> pl.DataFrame | None:
        """The cached columns of these rows, if they are there."""
        found = self._blobs.decoded(self.source, self.entry, fingerprint)
        return found if found is None or self._everything else found[self._selection]

    @cached_property
    def _selection(self) -> slice | NDArray[np.intp]:
        entry = self.entry
        if entry.dense:
            start = max(0, self._low + 1 - entry.first_seq)
            stop = max(start, min(entry.rows, self._high + 1 - entry.first_seq))
        elif entry.first_seq > self._low and entry.id <= self._high:
            start, stop = 0, entry.rows
        else:
            places = _complete([self], ("seq",)).to_series().to_numpy()
            start, stop = np.searchsorted(places, (self._low, self._high), side="right").tolist()
        if self._starts is None:
            return slice(start, stop)
        kept = _complete([self], ("partition", "offset"))
        live = kept["offset"].to_numpy() >= self._starts[kept["partition"].to_numpy()]
        live[:start] = False
        live[stop:] = False
        return np.flatnonzero(live)

    @cached_property
    def _everything(self) -> bool:
        return isinstance(self._selection, slice) and self.whole


def gather(batches: Sequence[StoredBatch], columns: Sequence[str]) -> pl.DataFrame:
    """`columns` of the rows of some batches of one topic, one after the other.

    Many small batches cost little more than one large one. Raises as `StoredBatch.frame`.
    """
    for name in columns:
        if name not in COLUMNS:
            raise LogError(
                f"a record has no column '{name}'",
                code="record-column",
                hint=did_you_mean(name, COLUMNS) or f"there are {', '.join(COLUMNS)}",
            )
    frames = []
    for _, alike in groupby(batches, lambda batch: batch.entry.columns):
        run = list(alike)
        frame = _complete(run, columns)
        if not all(batch._everything for batch in run):
            frame = frame[_selected(run)]
        frames.append(frame)
    if not frames:
        return pl.DataFrame(schema={name: COLUMNS[name] for name in columns})
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _selected(run: Sequence[StoredBatch]) -> slice | NDArray[np.intp]:
    """The selections of batches, in the rows of all of them."""
    if len(run) == 1:
        return run[0]._selection
    starts = np.cumsum([0, *(batch.entry.rows for batch in run)])
    return np.concatenate(
        [
            start + (np.arange(one.start, one.stop) if isinstance(one := batch._selection, slice) else one)
            for start, batch in zip(starts, run, strict=False)
        ]
    )


def _complete(run: Sequence[StoredBatch], columns: Sequence[str]) -> pl.DataFrame:
    """`columns` of all rows of stored batches whose blobs hold the same columns: from these, else implied."""
    first, entries = run[0], [batch.entry for batch in run]
    needed = dict.fromkeys(columns)
    if "offset" in needed and not entries[0].has("offset"):
        needed["partition"] = None
    stored = tuple(name for name in needed if entries[0].has(name))
    keep = len(run) == 1 and first._cut
    loaded = first._blobs.load(first.source, entries, stored, keep=keep)
    series = {name: loaded.get_column(name) for name in stored}
    rows = np.array([entry.rows for entry in entries])
    for name in needed:
        if name not in series and name != "offset":
            series[name] = _implied(name, entries, rows)
    if "offset" in needed and "offset" not in series:
        # each batch of the run has its own first offsets: a partition of each is one counter
        count = len(entries[0].ends)
        counter = series["partition"].to_numpy() + np.repeat(np.arange(len(run), dtype=np.int32) * count, rows)
        begins = np.concatenate([entry.ends - entry.counts for entry in entries])
        series["offset"] = pl.Series("offset", dense_offsets(counter, begins))
    return pl.DataFrame([series[name] for name in columns])


def _implied(name: str, entries: Sequence[Entry], rows: NDArray[np.int64]) -> pl.Series:
    """A column that no blob holds, because the index rows say it all."""
    if name == "seq":
        first = np.array([entry.first_seq for entry in entries]) - (np.cumsum(rows) - rows)
        return pl.Series(name, np.repeat(first, rows) + np.arange(rows.sum()))
    constants: dict[str, Callable[[Entry], int]] = {
        "partition": lambda entry: int(np.argmax(entry.counts)),
        "timestamp": lambda entry: entry.min_time,
        "append_time": lambda entry: entry.first_append,
    }
    if name in constants:
        each = np.array([constants[name](entry) for entry in entries])
        return pl.Series(name, np.repeat(each, rows), dtype=COLUMNS[name])
    if name == "value":
        raise InternalError("a stored batch lacks its values")
    constant = False if name == "tombstone" else None
    return pl.repeat(constant, int(rows.sum()), dtype=COLUMNS[name], eager=True).alias(name)
