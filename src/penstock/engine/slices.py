"""Slices: the pieces of time that windows share, and the windows that a slice is part of.

All times are ms of the window's own time line: UTC for TIMESTAMP, the session's civil time for
TIMESTAMP_LTZ (there `epoch_of` says when a border is passed, days of 23 and 25 hours included).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from penstock.core import types as t

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.sql.plan import Column, Window

__all__ = ["Slicing"]

_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Slicing:
    """A window's slices; `attached` rows carry the end of their window as their slice."""

    window: Window
    attached: bool
    zone: str

    @property
    def zoned(self) -> bool:
        """Whether the time line differs from UTC."""
        return self.window.zoned and self.zone != "UTC"

    @property
    def shared(self) -> bool:
        """Whether a slice can be part of several windows."""
        return not self.attached and self.window.size != self.window.slide

    def local(self, time: pl.Expr) -> pl.Expr:
        """A rowtime or window_time column on the window's time line: ms, Int64."""
        if self.zoned and not self.attached:
            time = time.dt.convert_time_zone(self.zone).dt.replace_time_zone(None)
        return time.dt.epoch("ms")

    def end_of(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The end of the slice that each moment is in, shape (n,)."""
        if self.attached:
            return time
        step, offset = self.window.slide, self.window.offset
        return (time - offset) // step * step + offset + step

    def last_window(self, end: NDArray[np.int64]) -> NDArray[np.int64]:
        """The end of the last window that each slice is part of, shape (n,)."""
        if not self.shared:
            return end
        if self.window.kind == "HOP":
            return end + (self.window.size - self.window.slide)
        return self.start_of(end) + self.window.size

    def start_of(self, end: NDArray[np.int64]) -> NDArray[np.int64]:
        """The start of the window that ends at `end`, shape (n,); of CUMULATE, for a slice's end too."""
        size, offset = self.window.size, self.window.offset
        if self.window.kind == "CUMULATE":
            return (end - 1 - offset) // size * size + offset
        return end - size

    def windows_at(self, time: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """(index into `time`, end) of every window that each moment is in, in order; HOP of any size and slide."""
        window, slice_end = self.window, self.end_of(time)
        if window.kind == "HOP":
            last, most = slice_end - window.slide + window.size, -(-window.size // window.slide)
            ends = last[:, None] - np.arange(most)[::-1] * window.slide
            inside = ends > time[:, None]
            return np.nonzero(inside)[0], ends[inside]
        if window.kind == "TUMBLE":
            return np.arange(len(time)), slice_end
        count = (self.last_window(slice_end) - slice_end) // window.slide + 1
        rows = np.repeat(np.arange(len(time)), count)
        nth = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        return rows, slice_end[rows] + nth * window.slide

    def time_of(self, end: NDArray[np.int64]) -> NDArray[np.int64]:
        """The window_time of windows: their last ms, in UTC for TIMESTAMP_LTZ."""
        return self._utc(end - 1) if self.zoned else end - 1

    def border(self, column: Column, start: NDArray[np.int64], end: NDArray[np.int64]) -> pl.Series:
        """A border's `column` of the windows from `start` to `end`, ms on their time line."""
        values = {"window_start": start, "window_end": end}.get(column.role)
        series = pl.Series(column.name, self.time_of(end) if values is None else values).cast(pl.Datetime("ms"))
        if isinstance(column.type, t.TimestampLtz):
            series = series.dt.replace_time_zone("UTC")
        return series.cast(column.type.polars)

    def epoch_of(self, border: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark at which a window ending at `border` fires: the last ms before it, in UTC.

        Flink looks for an hour that comes twice by adding one. Where that finds too little (two hours come twice; Flink
        up to FLINK-38075 does not look in zones that have given up changing their clocks) the second time counts all
        the same: no row of a window is late that comes in its order.
        """
        if not self.zoned:
            return border - 1
        early, late = self._utc(border - 1), self._utc(border - 1 + _HOUR)
        twice = late - early > _HOUR  # the hour that comes twice: the second time counts
        never = late == early  # inside the hour that is left out: its beginning counts
        second = np.maximum(np.where(twice, late - _HOUR, early), self._utc(border - 1, "latest"))
        return np.where(never, early - early % _HOUR, second)

    def _utc(
        self, local: NDArray[np.int64], ambiguous: Literal["earliest", "latest"] = "earliest"
    ) -> NDArray[np.int64]:
        """Civil time to UTC as java.time does it: the earlier of two; in a gap moved on by its length."""
        times = pl.Series(local).cast(pl.Datetime("ms"))

        def read(wall: pl.Series) -> pl.Series:
            return wall.dt.replace_time_zone(self.zone, ambiguous=ambiguous, non_existent="null").dt.epoch("ms")

        utc = read(times)
        if utc.null_count():
            # in a gap the offset from before it still counts: a day earlier, plus a day
            utc = utc.fill_null(read(times.dt.offset_by("-24h")) + 24 * _HOUR)
        return utc.to_numpy()
