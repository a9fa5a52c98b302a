"""The seams between the engine and what is outside: readers bring rows in, sinks take them out.

A connector implements `Reader` and `Sink`; the engine knows nothing else of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["BAD_ROWS", "Chunk", "Origins", "Prepared", "Reader", "Scanned", "Sink", "Transaction", "no_bad_rows"]

BAD_ROWS = ("seq", "code", "reason", "ignored")
"""The columns of a frame of rows that could not be read: Int64, String, String, Boolean.

`ignored` rows were touched by a declared ignore-parse-errors: a field is NULL, or the row was skipped.
"""


class Origins(Protocol):
    """Where the rows of a chunk came from, looked up only for those that somebody asks about."""

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        """For each place: `topic` (or file) String, `partition` Int32, `offset` Int64, `raw` Binary.

        Without `raw` the bytes are NULL, and many places may be asked for.
        """
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one table read in one poll, in order.

    `frame` has the wanted columns and `$seq` (strictly increasing places; one message may give several
    rows, which then share its place). `messages` counts what was read, `skipped` those of them that gave no
    row and are not bad (a blank line, a tombstone). `partition` and `append_time` (ms) are per row, shape
    (n,), or None where there is one partition or no append time. `marks` are watermarks (ms) that the input
    itself brings, each after the row at its place; None: idle from there on, until the next row. The rows of
    a `quiet` chunk move no watermark.
    """

    frame: pl.DataFrame
    messages: int
    bad: pl.DataFrame
    origins: Origins
    skipped: int = 0
    partition: NDArray[np.int32] | None = None
    append_time: NDArray[np.int64] | None = None
    marks: tuple[tuple[int, int | None], ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Scanned:
    """One poll of a reader: a chunk for each of its scans that has rows, all covering the order up to `through`.

    `position` is where reading goes on after it: plain JSON data. `ticks` are (place, append time) pairs at
    which time was seen to pass without a row. `expired` counts rows that retention had deleted unread, where
    going on was asked for. `traces` are contexts (core.trace) that came with the records, where that was asked for.
    """

    chunks: Mapping[str, Chunk]
    through: int
    position: Any
    ticks: tuple[tuple[int, int], ...] = ()
    expired: Mapping[str, int] = field(default_factory=dict)
    traces: tuple[str, ...] = ()


class Reader(Protocol):
    """An ordered input for one or several scans of a pipeline, each named by its key.

    One thread calls its methods; the jobs that `read` gives may run in any thread, in any order. Places
    (`$seq`) ascend over all jobs, however the input is cut.
    """

    name: str

    def seek(self, position: Any) -> None:
        """Go on from a position that `Scanned` gave; None is the start."""
        ...

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        """About `rows` rows as a job that decodes them, or None if there is nothing (more) now. Never blocks."""
        ...

    def bound(self) -> None:
        """The input ends with what is there now."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the input is bounded and all of it was read."""
        ...

    def wait(self, seconds: float) -> bool:
        """Block until there may be something to read, or `seconds` have passed."""
        ...

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        """The offsets to commit with a position: group -> topic -> partition -> next offset."""
        ...

    def raw(self, places: pl.DataFrame) -> pl.Series:
        """The bytes (`raw`, Binary) of messages read before, by `topic`, `partition` and `offset`.

        NULL where they are not kept, or are another reader's.
        """
        ...

    def tick(self) -> None:
        """Write down in the log that time has passed until now, so that every reading of it sees the same."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Transaction(Protocol):
    """What a sink that lives in the log may do inside the engine's commit."""

    def append(self, topic: str, records: pl.DataFrame, decoded: tuple[str, pl.DataFrame] | None = None) -> Any:
        """Append records to a topic; see penstock.log."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a sink hands over with an epoch: how many rows become visible, and what `commit` needs for it."""

    rows: int
    token: bytes = b""


class Sink(Protocol):
    """Where a pipeline's results go.

    `write` is called with frames of the table's columns (and KIND where the plan is updating), in order.
    Nothing may become visible before `commit`, or the transaction that `prepare` wrote into. `prepare`'s
    token is stored in that transaction; `commit` is called after it, and again after a crash until the next
    checkpoint: it must be idempotent.
    """

    def write(self, frame: pl.DataFrame) -> None: ...

    def advance(self, watermark: int) -> None:
        """Event time (ms) has come so far: no row at or before it is to come."""
        ...

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared: ...

    def commit(self, token: bytes) -> None: ...

    def finish(self) -> None:
        """Bounded input has ended: what is open is finished by the next `prepare`."""
        ...

    @property
    def held_rows(self) -> int:
        """Rows written, and after `prepare` not yet handed over (of an unfinished file)."""
        ...

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        """What is held after `prepare`: metadata (JSON data) and frames by an id that never means another frame."""
        ...

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None: ...

    def close(self) -> None: ...


@cache
def no_bad_rows() -> pl.DataFrame:
    """The empty frame of BAD_ROWS."""
    import polars as pl

    return pl.DataFrame(schema={"seq": pl.Int64, "code": pl.String, "reason": pl.String, "ignored": pl.Boolean})
