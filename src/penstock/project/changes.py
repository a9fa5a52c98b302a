"""The changes of a query as they happen, for one reader in this process."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from penstock.core.batch import marks
from penstock.core.render import plain_rows
from penstock.core.types import Field
from penstock.project.build import make_pipeline
from penstock.project.definition import PipelineDefinition
from penstock.project.handover import Handover
from penstock.sql.session import shown

if TYPE_CHECKING:
    import polars as pl

    from penstock.connectors.world import World
    from penstock.project.settings import Settings
    from penstock.sql.session import Answer

__all__ = ["Changes"]

_AHEAD = 64
"""Frames that may wait for the reader; then the query waits for it."""


class Changes:
    """Iterate over it: ``{"op": "+I", "row": {...}}``, one after the other, for ever; `close` ends it.

    Where rows change, `op` may be -U, +U or -D as well. Raises what ends the query: DataError, LogError and others.
    """

    def __init__(self, query: Answer, world: World, settings: Settings) -> None:
        self.fields = tuple(Field(c.name, c.type) for c in query.query.columns)
        self._frames: Handover[pl.DataFrame] = Handover(_AHEAD)
        self._stop = threading.Event()
        self._rows: list[dict[str, Any]] = []
        definition = PipelineDefinition("watch", shown(query.query), query.context, query.settings)
        self._pipeline = make_pipeline(definition, world, settings, collect=lambda _, frame: self._frames.put(frame))
        self._thread = threading.Thread(target=self._frames.make, args=(self._follow,), name="watch", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        """Run the query without ever committing: it has no state to come back to."""
        try:
            while not self._stop.is_set():
                if self._pipeline.step(self._pipeline.settings.batch_rows):
                    continue
                if self._pipeline.input.ended:
                    self._pipeline.close_windows()
                    return
                self._pipeline.input.wait(0.05)
        finally:
            self._pipeline.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> dict[str, Any]:
        while not self._rows:
            frame = self._frames.take()
            if frame is None:
                self.close()
                raise StopIteration
            rows = zip(marks(frame), plain_rows(frame, self.fields), strict=True)
            self._rows = [{"op": mark, "row": row} for mark, row in rows]
        return self._rows.pop(0)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        # StopIteration cannot pass a future
        change = await asyncio.to_thread(next, self, None)
        if change is None:
            raise StopAsyncIteration
        return change

    def close(self) -> None:
        """End the query; whoever waits for a change finds the end."""
        self._stop.set()
        self._frames.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
