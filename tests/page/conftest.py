from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from tests.page.browser import chromium

    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def collab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running page over simulated meetings."""
    from tests.page.browser import served

    with served(tmp_path_factory.mktemp("page") / "collab") as address:
        yield address
