"""The rows of a SELECT, handed on as they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.edges import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from penstock.core.edges import Transaction

__all__ = ["Collector"]


class Collector:
    """A sink that calls `take` with each frame at once: what is shown is shown before it is committed."""

    def __init__(self, take: Callable[[pl.DataFrame], None]) -> None:
        self.take = take
        self._rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        self._rows += frame.height
        self.take(frame)

    def advance(self, watermark: int) -> None:
        """Nothing waits for it."""

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        rows, self._rows = self._rows, 0
        return Prepared(rows)

    @property
    def held_rows(self) -> int:
        return self._rows

    def commit(self, token: bytes) -> None:
        """Nothing is left to do."""

    def finish(self) -> None:
        """Nothing is open."""

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        return None, {}

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        """Nothing was held."""

    def close(self) -> None:
        """Nothing is open."""
