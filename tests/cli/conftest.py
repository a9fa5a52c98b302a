from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import append, make_project, orders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """A shell starts what runs in the background deaf to Ctrl-C, and children inherit that."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a person's machine says of colours, zones and folders is not to matter."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.argv", ["penstock"])
    monkeypatch.setenv("PENSTOCK_PORT", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with 130 orders that have not been run."""
    folder = make_project(tmp_path / "shop")
    append(folder, *orders(130))
    return folder
