"""Rows that wait for the watermark to pass their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME
from penstock.core.runs import Run, folded
from penstock.engine.origins import fitted
from penstock.engine.runs import frame_blob, read_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Held"]


class Held:
    """Rows in order of the Int64 column `time` (ms), those of one time in order of arrival.

    Rows are taken from the front of sorted runs, so that taking costs what is taken. A checkpoint writes the runs it
    has not written before; who restores them drops the rows that had been taken. ORIGIN is last
    where it `carries` that.
    """

    def __init__(self, prefix: str, time: str, *, carries: bool = False) -> None:
        self._carries = carries
        self.prefix = prefix
        self.time = time
        self._runs: list[Run] = []
        self._next_id = 0

    def __len__(self) -> int:
        return sum(run.frame.height for run in self._runs)

    @property
    def first(self) -> int:
        """The earliest time, END_OF_TIME where there is none."""
        return min((int(run.frame[self.time][0]) for run in self._runs), default=END_OF_TIME)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return int(sum(run.frame.estimated_size() for run in self._runs))

    @property
    def live(self) -> frozenset[str]:
        """The stored blobs."""
        return frozenset(run.id for run in self._runs if run.id)

    def rows(self) -> list[pl.DataFrame]:
        """All rows, in order within each frame; those of an earlier frame came earlier."""
        return [run.frame for run in self._runs]

    def add(self, rows: pl.DataFrame) -> None:
        """Rows in order of arrival, after all that were added before."""
        if rows.height:
            self._runs = folded([*self._runs, Run(self._sorted(rows))], self._sorted)

    def take(self, reached: int) -> pl.DataFrame | None:
        """Remove and give the rows whose time is `reached` or earlier, in order."""
        parts: list[pl.DataFrame] = []
        left: list[Run] = []
        for run in self._runs:
            n = int(run.frame[self.time].search_sorted(reached, side="right"))
            if n:
                parts.append(run.frame.head(n))
                run.frame = run.frame.slice(n)
            if run.frame.height:
                left.append(run)
        self._runs = left
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else self._sorted(pl.concat(parts))

    def _sorted(self, rows: pl.DataFrame) -> pl.DataFrame:
        times = rows[self.time].to_numpy()
        return rows if (np.diff(times) >= 0).all() else rows.sort(self.time, maintain_order=True)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the runs (JSON data), and the blobs that are not stored yet."""
        new: dict[str, bytes] = {}
        for run in self._runs:
            if not run.id:
                run.id = f"{self.prefix}{self._next_id}"
                self._next_id += 1
                new[run.id] = frame_blob(run.frame)
        return {"runs": [[run.id, run.level, run.frame.height] for run in self._runs], "next": self._next_id}, new

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """Take over the rows of `snapshot`: of each run, those at its end."""
        self._runs = [
            Run(fitted(read_blob(blobs[run_id]).tail(height), carries=self._carries), level, run_id)
            for run_id, level, height in meta["runs"]
        ]
        self._next_id = meta["next"]
