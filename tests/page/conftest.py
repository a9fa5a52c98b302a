from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.page.browser import Running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from tests.page.browser import chromium

    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page of its own, without what others have stored."""
    # what is looked at is as it will be, and not on its way there
    one = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    one.set_default_timeout(60_000)
    yield one
    one.close()


@pytest.fixture(scope="session")
def collab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running page over simulated meetings."""
    from tests.page.browser import Running, simulated

    with Running(simulated(tmp_path_factory.mktemp("page") / "collab")) as running:
        running.wait_for_anomalies()
        yield running
