"""What all tests have."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOLD = "told"

# how long an example takes is the machine's matter
settings.register_profile("penstock", deadline=None)
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
