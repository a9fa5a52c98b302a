"""docs/functions.md is what the table of functions makes, and no function of Flink's is missing from it."""

from __future__ import annotations

from pathlib import Path

from penstock.sql.functions import AGGREGATES, FUNCTIONS, OVER_ONLY, REFUSED
from penstock.sql.functions.flink_names import FORMS, catalog, sql_name
from penstock.sql.page import page

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "functions.md"


def test_the_page_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "run: python scripts/pages.py"


def test_the_catalog_is_the_whole_of_flinks() -> None:
    assert len(catalog()) == 251
    assert len(set(catalog())) == 251


def test_every_function_of_flink_is_there_or_refused() -> None:
    known = {*FUNCTIONS, *AGGREGATES, *OVER_ONLY, *REFUSED, *FORMS}
    assert [name for name in catalog() if sql_name(name) not in known] == []
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in catalog() if f"| `{name}` | " not in text] == []


def test_nothing_is_there_and_refused() -> None:
    assert not {*FUNCTIONS, *AGGREGATES, *OVER_ONLY} & {*REFUSED}
    assert not {*FUNCTIONS, *AGGREGATES} & {*FORMS}


def test_every_function_stands_on_the_page() -> None:
    text = DOCUMENT.read_text("utf-8")
    written = [*(f.syntax for f in FUNCTIONS.values()), *(a.syntax for a in AGGREGATES.values())]
    assert [syntax for syntax in written if "| `" + syntax.replace("|", "\\|") + "`" not in text] == []
