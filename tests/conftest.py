"""What all tests have."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.postgres import PostgresServer

_TOLD = "told"
_GARBAGE = 10_000
"""Objects more than before at which Python looks for garbage; by its own 700 it looks all the time."""

settings.register_profile("penstock", examples())
settings.load_profile("penstock")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected, thousands of tests, lives to the end: looking through it for garbage finds none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(_GARBAGE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that every user may enter: to `tmp_path` the next pytest that starts shuts everybody else out."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, from the first test on that asks for it."""
    from tests.postgres import postgres_server

    with postgres_server() as running:
        yield running


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def warehouse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The section of penstock.toml that names the warehouse, reached by verify-full; nothing where it is a file."""
    if request.param == "duckdb":
        return ""
    from tests.postgres import PASSWORD

    server: PostgresServer = request.getfixturevalue("server")
    monkeypatch.setenv("WAREHOUSE_PASSWORD", PASSWORD)
    url, ca = server.url(server.database()), server.authority.certificate
    return f'[warehouse]\nurl = "{url}"\npassword = "${{WAREHOUSE_PASSWORD}}"\nca = "{ca}"\n'


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says something in the summary of a run: figures of a test that passed, whichever worker ran it."""
    return lambda text: record_property(_TOLD, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for reports in terminalreporter.stats.values() for r in reports if getattr(r, "when", "") == "call"]
    told = [value for r in reports for name, value in r.user_properties if name == _TOLD]
    if told:
        terminalreporter.section("what tests tell")
    for text in told:
        terminalreporter.write_line(str(text))
