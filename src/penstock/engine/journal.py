"""What a pipeline tells its operator as it goes: beginnings, ends and what is unusual, never each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from penstock.core.clock import Clock
    from penstock.core.errors import PenstockError
    from penstock.engine.operators.source import Source

__all__ = ["Journal"]

SLOW_SECONDS = 2.0
"""A checkpoint that takes longer is told."""

QUIET_SECONDS = 60.0
"""What goes on happening is told again after so long without it, or of slow checkpoints after so long."""


class Journal:
    """Of one pipeline."""

    def __init__(self, pipeline: str, clock: Clock) -> None:
        self.pipeline = pipeline
        self.clock = clock
        self.asked = False
        """Whether somebody asks for the rows: bad ones are then no news of a pipeline of the project."""
        self._last: dict[str, float] = {}
        self._idle: frozenset[tuple[str, int]] = frozenset()

    def began(self, epoch: int, position: int) -> None:
        """It starts to run, from a checkpoint or (epoch 0) without one."""
        text = f"goes on from checkpoint {epoch}" if epoch else "begins with an empty state"
        tell("info", "pipeline-started", text, pipeline=self.pipeline, epoch=epoch, position=position)

    def ended(self, epoch: int, position: int, rows: int, *, bounded: bool) -> None:
        """It has stopped in order, for good or for a while."""
        text = f"has read its input to the end: {rows:,} rows" if bounded else f"has stopped after {rows:,} rows"
        event = "pipeline-ended" if bounded else "pipeline-stopped"
        tell("info", event, text, pipeline=self.pipeline, epoch=epoch, position=position, rows=rows)

    def failed(self, epoch: int, position: int, error: Exception) -> None:
        """An error has ended it."""
        tell(
            "error",
            "pipeline-failed",
            "has stopped with an error",
            pipeline=self.pipeline,
            epoch=epoch,
            position=position,
            error=error,
        )

    def waits(self, position: int, error: PenstockError) -> None:
        """It cannot read on until somebody answers, and asks again."""
        self._warn("source-waits", f"waits with its next records: {error.message}", position=position)

    def committed(self, epoch: int, position: int, seconds: float, written: int) -> None:
        """A checkpoint was taken."""
        if seconds >= SLOW_SECONDS and self._news("checkpoint-slow", again=True):
            self._warn(
                "checkpoint-slow",
                f"checkpoint {epoch} took {seconds:.1f} s and wrote {written:,} bytes of state",
                epoch=epoch,
                position=position,
                seconds=round(seconds, 3),
                bytes=written,
            )

    def rejected(self, position: int, rows: pl.DataFrame) -> None:
        """A step has rejected `rows`, with `code` and where they came from; their reasons may quote their contents."""
        rows = rows.filter(~rows["ignored"])
        if rows.height and self._news("rejects"):
            first = rows.row(0, named=True)
            text = f"rejects rows, {first['code']}{_place(first)}; penstock rejects list shows them"
            self._warn("rejects-begin", text, position=position, code=first["code"], rows=rows.height)

    def late(self, position: int, rows: pl.DataFrame) -> None:
        """A step had `rows` for windows that had closed."""
        if self._news("late"):
            text = f"has rows that come too late for their windows{_place(rows.row(0, named=True))}"
            self._warn("late-begin", text, position=position, rows=rows.height)

    def sources(self, position: int, sources: Iterable[Source]) -> None:
        """Tell which partitions have fallen silent, or speak again, since this was last called."""
        idle = frozenset(
            (source.table, partition.partition)
            for source in sources
            if source.watermarks.idle_timeout
            for partition in source.watermarks.view()
            if partition.idle
        )
        for event, words, changed in (
            ("source-idle", "is silent and holds no watermark back", idle - self._idle),
            ("source-active", "has rows again", self._idle - idle),
        ):
            for table, partition in sorted(changed):
                tell(
                    "info",
                    event,
                    f"partition {partition} of table {table} {words}",
                    pipeline=self.pipeline,
                    position=position,
                    table=table,
                    partition=partition,
                )
        self._idle = idle

    def _warn(self, event: str, text: str, **fields: Any) -> None:
        tell("warning", event, text, pipeline=self.pipeline, **fields)

    def _news(self, what: str, *, again: bool = False) -> bool:
        """Whether `what` has not happened (`again`: was not told) for QUIET_SECONDS."""
        now, last = self.clock.monotonic(), self._last.get(what)
        news = not self.asked and (last is None or now - last >= QUIET_SECONDS)
        if news or not again:
            self._last[what] = now
        return news


def _place(row: dict[str, Any]) -> str:
    if row["offset"] is None:
        return ""
    partition = "" if row["partition"] is None else f", partition {row['partition']}"
    return f" (first at {row['topic']}{partition}, offset {row['offset']})"
