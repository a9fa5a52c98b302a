"""A log in a folder of its own, with a clock that moves only when told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_700_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path, clock: ManualClock) -> Iterator[Log]:
    with Log.open(path, durability="relaxed", clock=clock) as opened:
        yield opened
