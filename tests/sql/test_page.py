"""docs/functions.md is what the table of functions makes, and no function of Flink's is missing from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.sql.functions import AGGREGATES, FUNCTIONS, OVER_ONLY, REFUSED
from penstock.sql.functions.flink_names import FORMS, catalog, sql_name
from penstock.sql.page import page

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "functions.md"


def test_the_page_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "run: python scripts/pages.py"


def test_the_catalog_is_the_whole_of_flinks() -> None:
    assert len(catalog()) == 251
    assert len(set(catalog())) == 251


@pytest.mark.parametrize("name", catalog())
def test_every_function_of_flink_is_there_or_refused(name: str) -> None:
    assert sql_name(name) in {*FUNCTIONS, *AGGREGATES, *OVER_ONLY, *REFUSED, *FORMS}
    assert f"| `{name}` | " in DOCUMENT.read_text("utf-8")


def test_nothing_is_there_and_refused() -> None:
    assert not {*FUNCTIONS, *AGGREGATES, *OVER_ONLY} & {*REFUSED}
    assert not {*FUNCTIONS, *AGGREGATES} & {*FORMS}


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *AGGREGATES}))
def test_every_function_stands_on_the_page(name: str) -> None:
    function = FUNCTIONS.get(name) or AGGREGATES[name]
    syntax = function.syntax.replace("|", "\\|")
    assert f"| `{syntax}`" in DOCUMENT.read_text("utf-8")
