"""The golden files themselves: complete, readable, large enough for the tests that crash between batches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.golden import golden

if TYPE_CHECKING:
    from pathlib import Path

CASES = golden.find()
LEAST_ROWS = 10


def test_each_sql_file_has_its_answer_and_each_answer_its_sql_file() -> None:
    assert {case.out for case in CASES} == set(golden.HERE.rglob("*.out"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_is_in_the_form_in_which_it_is_written(case: golden.Golden) -> None:
    assert "".join(f"{line}\n" for line in case.expected().lines(ordered=case.ordered)) == case.out.read_text("utf-8")


@pytest.mark.parametrize("case", [c for c in CASES if c.area == "windows"], ids=lambda case: case.name)
def test_there_are_rows_enough_for_ten_barriers(case: golden.Golden) -> None:
    assert case.events
    lines = [json.loads(line) for line in case.events.read_text("utf-8").splitlines()]
    assert sum("table" in line and ("row" in line or "raw" in line) for line in lines) >= LEAST_ROWS


def test_a_directive_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("-- @event bids.jsonl\nSELECT 1;\n")
    with pytest.raises(ValueError, match="unknown directive @event, known are connectors, events, local-only, ordered"):
        golden.Golden.read(path)
