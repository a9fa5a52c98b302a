"""Open windows that the feeds of one table share: a state of its pipelines is looked at once for all of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penstock.project.opened import open_rows
from penstock.project.tables import targets

if TYPE_CHECKING:
    from penstock.project.opened import Opened
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["SharedOpen"]


class SharedOpen:
    """A table's open windows, and how far its pipelines were as they were looked at. Threads may share it."""

    def __init__(self, penstock: Penstock, table: Table) -> None:
        self._penstock = penstock
        self._table = table
        self._mutex = threading.Lock()
        self._last: tuple[object, Opened] | None = None

    def now(self) -> Opened:
        """As `open_rows`, which holds the pipelines still: only where one has moved since."""
        with self._mutex:
            stand = self._stand()  # before the look, which may see more
            if self._last is None or self._last[0] != stand:
                self._last = stand, open_rows(self._penstock, self._table)
            return self._last[1]

    def _stand(self) -> object:
        """How far each pipeline is that writes the table: running ones, and all as of their last checkpoint."""
        running = [one for one in self._penstock.running if self._table.path in targets(one)]
        stored = {one.pipeline: one.epoch for one in self._penstock.log.state.checkpoints()}
        return [(one.name, one.epoch, one.through) for one in running], stored
