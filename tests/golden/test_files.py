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


def test_an_answer_is_in_the_form_in_which_it_is_written() -> None:
    assert [case.name for case in CASES if _written(case) != case.out.read_text("utf-8")] == []


def _written(case: golden.Golden) -> str:
    return "".join(f"{line}\n" for line in case.expected().lines(ordered=case.ordered))


def test_there_are_rows_enough_for_ten_barriers() -> None:
    assert [case.name for case in CASES if case.area == "windows" and _rows(case) < LEAST_ROWS] == []


def _rows(case: golden.Golden) -> int:
    if case.events is None:
        return 0
    lines = [json.loads(line) for line in case.events.read_text("utf-8").splitlines()]
    return sum("table" in line and ("row" in line or "raw" in line) for line in lines)


def test_a_directive_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("-- @event bids.jsonl\nSELECT 1;\n")
    with pytest.raises(ValueError, match="unknown directive @event, known are connectors, events, local-only, ordered"):
        golden.Golden.read(path)
