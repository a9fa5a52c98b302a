"""`blackhole`: rows are counted and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.connectors.spec import Connector
from penstock.core.edges import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.core.edges import Transaction
    from penstock.sql.plan import Sink

__all__ = ["BLACKHOLE", "BlackholeSink", "blackhole_sink"]


class BlackholeSink:
    """Takes rows; they count as written with the next checkpoint."""

    def __init__(self) -> None:
        self._rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        self._rows += frame.height

    def advance(self, watermark: int) -> None:
        """Nothing waits for it."""

    @property
    def held_rows(self) -> int:
        return 0

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        rows, self._rows = self._rows, 0
        return Prepared(rows)

    def commit(self, token: bytes) -> None:
        """There is nothing to show."""

    def finish(self) -> None:
        """Nothing is open."""

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        return None, {}

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        """Nothing was held."""

    def close(self) -> None:
        """Nothing is held."""


def blackhole_sink(_: Sink, options: TableOptions, __: World) -> BlackholeSink:
    """The sink of an INSERT into a `blackhole` table."""
    options.check_metadata()
    return BlackholeSink()


BLACKHOLE = Connector(
    name="blackhole",
    text="Takes rows and forgets them, for measuring.",
    options=(),
    source=False,
    shows_changes=True,
    make_sink=blackhole_sink,
    why_not_replace="it keeps none",
)
