"""Files that are not finished: their rows, held in memory and, a checkpoint after the other, in the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.runs import Run, folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Part"]


@dataclass(slots=True)
class Part:
    """The rows of one file to be, in `folder`; times in ms."""

    folder: str
    opened: int
    touched: int
    runs: list[Run] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    """Bytes of memory."""

    def add(self, frame: pl.DataFrame, now_ms: int) -> None:
        self.runs.append(Run(frame))
        self.rows += frame.height
        self.size += int(frame.estimated_size())
        self.touched = now_ms

    def first(self, rows: int) -> pl.DataFrame:
        """The oldest rows, at most `rows` of them."""
        frames, left = [], rows
        for run in self.runs:
            if left <= 0:
                break
            frames.append(run.frame.head(left))
            left -= run.frame.height
        return pl.concat(frames)

    def drop(self, rows: int) -> None:
        """Forget the oldest `rows` rows."""
        kept: list[Run] = []
        left = rows
        for run in self.runs:
            if left >= run.frame.height:
                left -= run.frame.height
            elif left:
                kept.append(Run(run.frame.slice(left)))
                left = 0
            else:
                kept.append(run)
        self.runs = kept
        self.rows -= rows
        self.size = sum(int(run.frame.estimated_size()) for run in kept)

    def store(self, ids: Iterator[str]) -> None:
        """Give what is new a name in the state; small runs become larger ones."""
        new = [run.frame for run in self.runs if not run.id]
        if not new:
            return
        self.runs = folded([*(run for run in self.runs if run.id), Run(pl.concat(new))])
        self.runs[-1].id = next(ids)

    def snapshot(self) -> Any:
        """All but the rows, as JSON data."""
        return [self.folder, self.opened, self.touched, [[run.id, run.level] for run in self.runs]]

    @classmethod
    def of(cls, data: Any, frames: Mapping[str, pl.DataFrame]) -> Part:
        """The part of a `snapshot`."""
        folder, opened, touched, runs = data
        part = cls(folder, opened, touched)
        for run_id, level in runs:
            part.add(frames[run_id], touched)
            part.runs[-1] = Run(frames[run_id], level, run_id)
        return part
