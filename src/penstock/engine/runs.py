"""Partial results as immutable runs: the state of everything that aggregates.

A run is a frame in order of arrival. New ones are appended; when several of one level lie side by side,
they are merged into one of the next, so that a row is rewritten a logarithmic number of times. A checkpoint
writes the runs it has not written before and names all that live: what it costs is what changed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.runs import Run, folded
from penstock.engine.origins import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Runs", "frame_blob", "read_blob"]


def frame_blob(frame: pl.DataFrame) -> bytes:
    """A frame as an Arrow IPC stream."""
    sink = io.BytesIO()
    # its own handle: while Polars writes it has a lock, for which whoever asks for the size would wait with the GIL
    frame.clone().write_ipc_stream(sink, compression="lz4")
    return sink.getvalue()


def read_blob(blob: bytes) -> pl.DataFrame:
    """The frame of `frame_blob`."""
    return pl.read_ipc_stream(io.BytesIO(blob))


@dataclass(slots=True)
class Runs:
    """Runs of one kind; `merge` combines the rows of several, in order, into fewer. If they `carry`, ORIGIN is last."""

    prefix: str
    merge: Callable[[pl.DataFrame], pl.DataFrame]
    carry: bool = False
    runs: list[Run] = field(default_factory=list)
    next_id: int = 0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return (run.frame for run in self.runs)

    def __bool__(self) -> bool:
        return bool(self.runs)

    @property
    def size(self) -> int:
        """Bytes of memory of all runs."""
        return int(sum(run.frame.estimated_size() for run in self.runs))

    def append(self, frame: pl.DataFrame) -> None:
        """Add the newest rows."""
        self.runs = folded([*self.runs, Run(frame)], self.merge)

    def retire(self, alive: pl.Expr) -> None:
        """Drop the rows for which `alive` does not hold.

        A stored run is not written again for that: whoever restores it drops them too.
        """
        kept = []
        for run in self.runs:
            frame = run.frame.filter(alive)
            if frame.height:
                run.frame = frame
                kept.append(run)
        self.runs = kept

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the runs, and the blobs that are not stored yet."""
        new: dict[str, bytes] = {}
        for run in self.runs:
            if not run.id:
                run.id = f"{self.prefix}{self.next_id}"
                self.next_id += 1
                new[run.id] = frame_blob(run.frame)
        return {"runs": [[run.id, run.level] for run in self.runs], "next": self.next_id}, new

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """Take over the runs that `snapshot` named."""
        frames = ((fitted(read_blob(blobs[run]), carries=self.carry), level, run) for run, level in meta["runs"])
        self.runs = [Run(*one) for one in frames]
        self.next_id = meta["next"]
