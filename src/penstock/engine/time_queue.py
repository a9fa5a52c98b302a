"""Rows that wait for the watermark, each until it reaches the row's own moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.engine.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["DUE", "TimeQueue"]

DUE = "$due"
"""Int64: the watermark that a row waits for."""


class TimeQueue:
    """Rows by DUE; what is taken costs what it is, however many wait on."""

    def __init__(self, prefix: str) -> None:
        self._runs = Runs(prefix, lambda rows: rows.sort(DUE, maintain_order=True))

    def add(self, rows: pl.DataFrame) -> None:
        """Rows that came after all before."""
        if rows.height:
            self._runs.append(rows.sort(DUE, maintain_order=True))

    def take(self, reached: int) -> list[pl.DataFrame]:
        """The rows that wait for `reached` or less; they are gone."""
        taken = []
        for run in self._runs.runs:
            count = int(np.searchsorted(run.frame[DUE].to_numpy(), reached, "right"))
            if count:
                taken.append(run.frame[:count])
                run.frame = run.frame[count:]
        if taken:
            self._runs.runs = [run for run in self._runs.runs if run.frame.height]
        return taken

    def all(self) -> list[pl.DataFrame]:
        """All rows that wait."""
        return list(self._runs)

    def first(self) -> int | None:
        """The least watermark that a row waits for."""
        return min((int(frame[DUE][0]) for frame in self._runs), default=None)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._runs.size

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the rows (JSON data), and the blobs that are not stored yet."""
        return self._runs.snapshot()

    @staticmethod
    def live(meta: dict[str, Any]) -> frozenset[str]:
        """The blobs that a snapshot consists of."""
        return frozenset(run for run, _ in meta["runs"])

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes], reached: int) -> None:
        """Take over a snapshot that was taken at the watermark `reached`."""
        self._runs.restore(meta, blobs)
        self.take(reached)
