from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One running project for all tests of a file: they look, and change nothing that another one sees."""
    with serve(tmp_path_factory.mktemp("served") / "shop") as served:
        yield served
