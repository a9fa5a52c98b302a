"""Calls on columns give what the real Flink gave (see recorded.py): types, values, failures and refusals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import SqlError
from tests.functions import recorded
from tests.functions.harness import Fails, Sheet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.recorded import Recorded

SHEETS = [
    pytest.param(group, id=f"{file.stem} {place}: {', '.join(kind for kind, _ in group[0].columns.values())}")
    for file in recorded.files()
    for place, group in enumerate(recorded.same_columns(recorded.read(file)))
]


def same(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Equal values; floating-point numbers to `tolerance`, a row that fails whatever its message."""
    match ours, theirs:
        case Fails(), _:
            return isinstance(theirs, dict) and "fails" in theirs
        case ((float() | int()), (float() | int())) if not isinstance(ours, bool):
            return math.isclose(ours, theirs, rel_tol=tolerance)
        case list(), list():
            return len(ours) == len(theirs) and all(same(a, b, tolerance) for a, b in zip(ours, theirs, strict=True))
        case dict(), dict():
            return list(ours) == list(theirs) and all(same(ours[k], theirs[k], tolerance) for k in ours)
    return bool(ours == theirs)


@pytest.mark.parametrize("group", SHEETS)
def test_calls_give_what_flink_gave(group: list[Recorded]) -> None:
    sheet = Sheet.of(group[0].columns, group[0].zone)
    inputs = list(zip(*(values for _, values in group[0].columns.values()), strict=True)) or [()]
    differing = {case.call: found for case in group if (found := differences(sheet, case, inputs))}
    assert not differing, "call: (input, ours, Flink's)"


def differences(sheet: Sheet, case: Recorded, inputs: list[tuple[Any, ...]]) -> Any:
    assert case.answer, f"{case.call} is not recorded yet: python -m tests.functions.recorded"
    try:
        answer = sheet.evaluate(case.call)
    except SqlError as error:
        return None if "refused" in case.answer else f"refused: {error.message}"
    if answer.type != case.answer.get("type"):
        return f"{answer.type}, in Flink {case.answer.get('type', case.answer.get('refused'))}"
    tolerance = 1e-6 if "FLOAT" in answer.type else 1e-12 if "DOUBLE" in answer.type else 0.0
    return [
        (row, ours, theirs)
        for row, ours, theirs in zip(inputs, answer.values, case.answer["values"], strict=True)
        if not same(ours, theirs, tolerance)
    ]


@pytest.mark.real
@pytest.mark.long
def test_the_records_are_what_flink_says(tmp_path: Path) -> None:
    from tests.flink.oracle import Oracle

    with Oracle() as flink:
        for file in recorded.files():
            cases = recorded.read(file)
            before = [case.line for case in cases]
            recorded.Recorder(flink, tmp_path).record(cases)
            assert [case.line for case in cases] == before
